// Asks before something that cannot be taken back, or that others will notice. Nothing is done until the answer is yes.

import type { Failure } from "../api/failure.ts";
import { Button, FailureNotice } from "./controls.tsx";
import { Dialog } from "./dialog.tsx";

interface ConfirmProps {
  readonly title: string;
  readonly words: string;
  readonly yes: string;
  readonly no: string;
  readonly danger?: boolean;
  readonly busy: boolean;
  readonly failure: Failure | null;
  onYes(): void;
  onNo(): void;
}

export function Confirm({ title, words, yes, no, danger, busy, failure, onYes, onNo }: ConfirmProps) {
  return (
    <Dialog title={title} onClose={onNo}>
      <p class="wrap">{words}</p>
      {failure === null ? null : <FailureNotice failure={failure} />}
      <div class="row end">
        <Button onClick={onNo}>{no}</Button>
        <Button kind={danger === true ? "danger" : "primary"} busy={busy} onClick={onYes}>
          {yes}
        </Button>
      </div>
    </Dialog>
  );
}
