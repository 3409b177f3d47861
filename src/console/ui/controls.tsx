// The small parts of every view: buttons, fields, badges, copying, and how a failure is told. They know nothing of tasks or keys.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { FieldError } from "../../errors.ts";
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
  /** Where the text alone says too little: "Revoke" of which key? Begins with the text. */
  readonly label?: string;
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

/** How long (ms) "Copied" stands. */
const COPIED_MS = 1_600;

interface CopyButtonProps {
  readonly text: string;
  /** What it is, for the sentence "Copied …". */
  readonly what: string;
  /** What stands on the button. */
  readonly word?: string;
}

/** Copies a text. Where the browser forbids it, it says so: the text is on the page. */
export function CopyButton({ text, what, word = "Copy" }: CopyButtonProps) {
  const [state, setState] = useState<"idle" | "copied" | "refused">("idle");
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
      setState("refused");
      announce("The browser does not allow copying here. Select the text and copy it yourself.");
    }
  };
  const words = { idle: word, copied: "Copied", refused: "Not allowed" } as const;
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
  /** The path of the field in the API's words: its faults are shown here. */
  readonly path?: string;
  /** A fault found here, before anything was sent. */
  readonly fault?: string | null;
  children(props: {
    readonly id: string;
    readonly "aria-describedby": string | undefined;
    readonly "aria-invalid": boolean;
  }): JSX.Element;
}

/** A labelled control with its hint and its faults, tied together for a screen reader. */
export function Field({ label, hint, errors = [], path, fault = null, children }: FieldProps) {
  const id = useId();
  const own = errors.filter(
    (error) => error.path === path || (path !== undefined && error.path.startsWith(`${path}.`)),
  );
  const faults = [...(fault === null ? [] : [fault]), ...own.map(({ message }) => `This ${message}.`)];
  const described = [faults.length > 0 ? `${id}-fault` : null, hint === undefined ? null : `${id}-hint`];
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({
        id,
        "aria-describedby": described.filter((one) => one !== null).join(" ") || undefined,
        "aria-invalid": faults.length > 0,
      })}
      {faults.length > 0 ? (
        <p id={`${id}-fault`} class="fault">
          {faults.join(" ")}
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

interface NoticeProps {
  readonly tone: "bad" | "warn" | "good" | "plain";
  readonly title: string;
  readonly children?: ComponentChildren;
  readonly actions?: ComponentChildren;
  /** Said at once by a screen reader: it answers what was just done. */
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
  /** When the console tries again by itself (ms). */
  readonly nextAt?: number | null;
}

/** A failure in sentences, with a way out. */
export function FailureNotice({ failure, retry, nextAt = null }: FailureProps) {
  const now = useNow(nextAt === null ? null : 1_000);
  const { what, next } = explain(failure);
  const wait = nextAt === null ? null : Math.max(nextAt - now, 0);
  return (
    <Notice
      tone={failure.tag === "refused" ? "warn" : "bad"}
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
        // A countdown is for the eye: read aloud each second it would drown the rest.
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

/** A part of a view, under its heading. */
export function Card({ title, children }: { readonly title: ComponentChildren; readonly children: ComponentChildren }) {
  return (
    <section class="card">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

/** What stands where there is nothing yet, with what to do next. */
export function Empty({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Grey bars while something loads for the first time. */
export function Skeleton({ lines }: { readonly lines: number }) {
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} class="bone" />
      ))}
    </div>
  );
}

/** The heading of a view: it takes the focus when the view is opened, so that a screen reader begins there. */
export function Heading({
  children,
  aside,
}: {
  readonly children: ComponentChildren;
  readonly aside?: ComponentChildren;
}) {
  return (
    <div class="heading">
      <h1 tabIndex={-1}>{children}</h1>
      {aside === undefined ? null : <div class="heading-aside">{aside}</div>}
    </div>
  );
}

/** A secret that is shown this once, to be read, selected and copied. */
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
