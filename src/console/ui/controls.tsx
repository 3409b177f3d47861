// Buttons and fields, and how failures are shown. These parts know nothing of tasks or keys.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { explain } from "../api/explanations.ts";
import type { Failure } from "../api/failure.ts";
import type { FieldError } from "../api/wire.ts";
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

/** Copies a text. Where the browser forbids it, the button says so; the text is on the page. */
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

interface FieldProps {
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly errors?: readonly FieldError[];
  /** The field's path in the API: its errors are shown here. */
  readonly path?: string;
  /** An error found before anything was sent. */
  readonly error?: string | null;
  children(props: {
    readonly id: string;
    readonly "aria-describedby": string | undefined;
    readonly "aria-invalid": boolean;
  }): JSX.Element;
}

/** A labeled control with its hint and its errors, associated for screen readers. */
export function Field({ label, hint, errors = [], path, error = null, children }: FieldProps) {
  const id = useId();
  const own = errors.filter((one) => one.path === path || (path !== undefined && one.path.startsWith(`${path}.`)));
  const sentences = [...(error === null ? [] : [error]), ...own.map(({ message }) => sentenceOf(message))];
  const described = [sentences.length > 0 ? `${id}-error` : null, hint === undefined ? null : `${id}-hint`];
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({
        id,
        "aria-describedby": described.filter((one) => one !== null).join(" ") || undefined,
        "aria-invalid": sentences.length > 0,
      })}
      {sentences.length > 0 ? (
        <p id={`${id}-error`} class="field-error">
          {sentences.join(" ")}
        </p>
      ) : null}
      {hint === undefined ? null : (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
    </div>
  );
}

/** The API's messages complete the sentence that begins with the field's name, as in "must be an http or https URL". */
function sentenceOf(message: string): string {
  const sentence = /^(?:must|is|has|may|can|does|needs)\b/.test(message)
    ? `This ${message}`
    : message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}

interface NoticeProps {
  readonly tone: "bad" | "warn" | "good" | "plain";
  readonly title: string;
  readonly children?: ComponentChildren;
  readonly actions?: ComponentChildren;
  /** Read at once by screen readers, because it answers what was just done. */
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
  /** When the console tries again by itself (ms since the epoch). */
  readonly nextAt?: number | null;
}

/** A failure in sentences, with a way out. */
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
  readonly options: readonly { readonly value: T; readonly name: string }[];
  readonly value: T;
  onValue(value: T): void;
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
