// A modal dialog. The focus stays inside, Esc closes it, and the element that opened it gets the focus back.

import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";

interface DialogProps {
  readonly title: string;
  onClose(): void;
  readonly children: ComponentChildren;
  /** Esc does nothing: only a button inside closes it. For what is shown once. */
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
