// Asks before something that cannot be undone or that others will notice.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Failure } from "../api/failure.ts";
import { Button, FailureNotice, Field } from "./controls.tsx";
import { Dialog } from "./dialog.tsx";

interface ConfirmProps {
  readonly title: string;
  readonly children: ComponentChildren;
  /** The button that does it. */
  readonly action: string;
  /** The button that leaves everything as it is. */
  readonly keep: string;
  readonly danger?: boolean;
  /** The text that has to be typed before the action is possible, and what it is. */
  readonly typed?: { readonly text: string; readonly label: string };
  readonly busy: boolean;
  readonly failure: Failure | null;
  onConfirm(): void;
  onCancel(): void;
}

export function Confirm(props: ConfirmProps) {
  const { title, children, action, keep, danger, typed, busy, failure, onConfirm, onCancel } = props;
  const [text, setText] = useState("");
  const possible = typed === undefined || text.trim() === typed.text;
  return (
    <Dialog title={title} onClose={onCancel}>
      <form
        class="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (possible) onConfirm();
        }}
      >
        <div class="stack tight wrap">{children}</div>
        {typed === undefined ? null : (
          <Field label={typed.label}>
            {(field) => (
              <input
                {...field}
                class="mono"
                value={text}
                autocomplete="off"
                autocapitalize="none"
                spellcheck={false}
                onInput={(event) => setText(event.currentTarget.value)}
              />
            )}
          </Field>
        )}
        {failure === null ? null : <FailureNotice failure={failure} />}
        <div class="row end">
          <Button onClick={onCancel}>{keep}</Button>
          <Button kind={danger === true ? "danger" : "primary"} type="submit" busy={busy} disabled={!possible}>
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
