// Modal dialogs. The focus stays inside, Esc closes them, and the element that opened one gets the focus back.

import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Action } from "../session/session.ts";
import { Button, FailureNotice } from "./controls.tsx";
import { Form, TextField } from "./form.tsx";

interface DialogProps {
  readonly title: string;
  onClose(): void;
  readonly children: ComponentChildren;
  /** Esc does nothing, and only a button inside closes it: for what is shown once. */
  readonly locked?: boolean;
}

export function Dialog({ title, onClose, children, locked = false }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();

  // Before painting: a key pressed in between would move the focus, and the wrong element would be taken for the opener.
  useLayoutEffect(() => {
    const opener = document.activeElement;
    const dialog = ref.current;
    dialog?.showModal();
    return () => {
      dialog?.close();
      const target = opener instanceof HTMLElement && opener.isConnected ? opener : document.getElementById("main");
      target?.focus();
    };
  }, []);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      // Handling `cancel` is not enough: a second Esc closes a dialog despite preventDefault.
      event.preventDefault();
      if (!locked) onClose();
    }
    if (event.key === "Tab" && ref.current !== null) keepInside(event, ref.current);
  };

  return (
    <dialog
      ref={ref}
      class="dialog"
      aria-labelledby={titleId}
      onKeyDown={onKeyDown}
      onCancel={(event) => event.preventDefault()}
    >
      <div class="dialog-body">
        <h2 id={titleId}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

const FOCUSABLE = "a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea, summary";

/** Wraps the tab order around: after the last field the browser would move the focus to its own toolbars. */
function keepInside(event: KeyboardEvent, dialog: HTMLElement): void {
  const fields = [...dialog.querySelectorAll<HTMLElement>(FOCUSABLE)].filter((field) => field.offsetParent !== null);
  const [first, last] = [fields[0], fields.at(-1)];
  if (first === undefined || last === undefined) return;
  if (event.shiftKey && document.activeElement === first) {
    event.preventDefault();
    last.focus();
  } else if (!event.shiftKey && document.activeElement === last) {
    event.preventDefault();
    first.focus();
  }
}

interface ActionDialogProps<A extends unknown[]> {
  readonly title: string;
  readonly children: ComponentChildren;
  readonly action: Pick<Action<A>, "busy" | "failure">;
  /** The button that runs the action. */
  readonly word: string;
  /** The button that changes nothing. */
  readonly keep?: string;
  readonly danger?: boolean;
  /** The text that has to be typed before the action is possible. */
  readonly typed?: string;
  onSubmit(): void;
  onClose(): void;
}

/** Asks before an action, with the fields that the action needs. */
export function ActionDialog<A extends unknown[]>(props: ActionDialogProps<A>) {
  const { title, children, action, word, keep = "Cancel", danger = false, typed, onSubmit, onClose } = props;
  const [text, setText] = useState("");
  const possible = typed === undefined || text.trim() === typed;
  return (
    <Dialog title={title} onClose={onClose}>
      <Form onSubmit={() => possible && onSubmit()}>
        {children}
        {typed === undefined ? null : (
          <TextField code label={`Type ${typed} to confirm`} value={text} onValue={setText} />
        )}
        {action.failure === null ? null : <FailureNotice failure={action.failure} />}
        <div class="row end">
          <Button onClick={onClose}>{keep}</Button>
          <Button kind={danger ? "danger" : "primary"} type="submit" busy={action.busy} disabled={!possible}>
            {word}
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}
