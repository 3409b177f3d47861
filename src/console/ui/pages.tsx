// The later pages of a list, loaded on request.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { useAction } from "../session/session.ts";
import { Button, FailureNotice } from "./controls.tsx";

interface Page {
  readonly nextCursor: string | null;
}

/** @returns the loaded pages, and the button that loads the next one */
export function usePages<P extends Page>(
  first: P,
  word: string,
  load: (cursor: string) => Promise<P>,
): [pages: readonly P[], more: ComponentChildren] {
  const [later, setLater] = useState<readonly P[]>([]);
  const more = useAction(load, (page) => setLater([...later, page]));
  const next = (later.at(-1) ?? first).nextCursor;
  const button = (
    <>
      {more.failure === null ? null : <FailureNotice failure={more.failure} />}
      {next === null ? null : (
        <div class="row">
          <Button busy={more.busy} onClick={() => more.run(next)}>
            {word}
          </Button>
        </div>
      )}
    </>
  );
  return [[first, ...later], button];
}
