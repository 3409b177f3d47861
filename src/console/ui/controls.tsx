// Buttons, choices and notices, and how failures are shown.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { explain } from "../api/explanations.ts";
import type { Failure } from "../api/failure.ts";
import { announce } from "./announcer.tsx";
import { useNow } from "./clock.ts";
import { countdown } from "./formats.ts";

interface ButtonProps {
  readonly children: ComponentChildren;
  readonly kind?: "primary" | "danger" | "plain";
  readonly type?: "button" | "submit";
  readonly busy?: boolean;
  readonly small?: boolean;
  readonly disabled?: boolean;
  /** The accessible name where the text is not enough ("Revoke" of which key?). It begins with the text. */
  readonly label?: string | undefined;
  onClick?(): void;
}

export function Button({
  children,
  kind = "plain",
  type = "button",
  busy = false,
  small,
  disabled,
  label,
  onClick,
}: ButtonProps) {
  return (
    <button
      type={type}
      class={`button ${kind}${small === true ? " small" : ""}`}
      aria-label={label}
      aria-busy={busy}
      disabled={disabled === true || busy}
      onClick={() => onClick?.()}
    >
      {busy ? <span class="spinner" aria-hidden="true" /> : null}
      {children}
    </button>
  );
}

/** How long (ms) "Copied" is shown. */
const COPIED_MS = 1_600;

interface CopyButtonProps {
  readonly text: string;
  /** What it is, for the sentence "Copied …". */
  readonly what: string;
  /** The button's text. */
  readonly word?: string;
}

/** Copies a text. Browsers can forbid it; the text is also on the page. */
export function CopyButton({ text, what, word = "Copy" }: CopyButtonProps) {
  const [state, setState] = useState<"idle" | "copied" | "denied">("idle");
  useEffect(() => {
    if (state === "idle") return;
    const timer = setTimeout(() => setState("idle"), COPIED_MS);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setState("copied");
      announce(`Copied ${what}.`);
    } catch {
      setState("denied");
      announce("The browser does not allow copying here. Select the text and copy it yourself.");
    }
  };
  const words = { idle: word, copied: "Copied", denied: "Not allowed" } as const;
  return (
    <button
      type="button"
      class={`button small copy ${state}`}
      aria-label={word === "Copy" ? `Copy ${what}` : undefined}
      onClick={() => void copy()}
    >
      {words[state]}
    </button>
  );
}

interface NoticeProps {
  readonly tone: "bad" | "warn" | "good" | "plain";
  readonly title: string;
  readonly children?: ComponentChildren;
  readonly actions?: ComponentChildren;
  /** Screen readers read it at once: it is the response to an action. */
  readonly alert?: boolean;
}

export function Notice({ tone, title, children, actions, alert = false }: NoticeProps) {
  return (
    <div class={`notice ${tone}`} role={alert ? "alert" : undefined}>
      <div>
        <p class="notice-title">{title}</p>
        {children}
      </div>
      {actions === undefined ? null : <div class="notice-actions">{actions}</div>}
    </div>
  );
}

interface FailureProps {
  readonly failure: Failure;
  retry?(): void;
  /** When the next automatic try is due (ms since the epoch). */
  readonly nextAt?: number | null;
}

/** A failure: what happened, and what to do. */
export function FailureNotice({ failure, retry, nextAt = null }: FailureProps) {
  const now = useNow(nextAt === null ? null : 1_000);
  const { what, next } = explain(failure);
  const wait = nextAt === null ? null : Math.max(nextAt - now, 0);
  return (
    <Notice
      tone={failure.tag === "rejected" ? "warn" : "bad"}
      title={what}
      alert
      actions={
        retry === undefined ? undefined : (
          <Button small onClick={retry}>
            Try again
          </Button>
        )
      }
    >
      <p>{next}</p>
      {wait === null || retry === undefined ? null : (
        // Hidden from screen readers, which would read it aloud every second.
        <p class="quiet" aria-hidden="true">
          {wait > 0 ? `Next try in ${countdown(wait)}.` : "Trying now."}
        </p>
      )}
      {failure.requestId === null ? null : (
        <p class="quiet">
          Request id <code>{failure.requestId}</code>
        </p>
      )}
    </Notice>
  );
}

interface ChoiceProps<T extends string | number> {
  /** Names the group for screen readers. */
  readonly label: string;
  readonly options: readonly { readonly value: NoInfer<T>; readonly name: string }[];
  readonly value: T;
  onValue(value: NoInfer<T>): void;
}

/** A choice between a few options, as adjoining buttons. */
export function Choice<T extends string | number>({ label, options, value, onValue }: ChoiceProps<T>) {
  return (
    <fieldset class="choice">
      <legend class="visually-hidden">{label}</legend>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          onClick={() => onValue(option.value)}
        >
          {option.name}
        </button>
      ))}
    </fieldset>
  );
}

/** A secret in a read-only field that can be selected and copied. */
export function Secret({ text, what }: { readonly text: string; readonly what: string }) {
  const ref = useRef<HTMLTextAreaElement>(null);
  return (
    <div class="secret">
      <textarea
        ref={ref}
        readOnly
        rows={2}
        spellcheck={false}
        value={text}
        aria-label={what}
        onFocus={() => ref.current?.select()}
      />
      <CopyButton text={text} what={what} />
    </div>
  );
}
