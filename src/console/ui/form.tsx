// Forms and their fields. A field shows the errors that the API reports for its path.

import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";
import type { FieldError } from "../../client/index.ts";

interface FormProps {
  readonly class?: string;
  readonly children: ComponentChildren;
  onSubmit(): void;
}

/** A form without the browser's own validation messages. */
export function Form({ class: className = "stack", children, onSubmit }: FormProps) {
  return (
    <form
      class={className}
      method="post"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      {children}
    </form>
  );
}

interface LabelProps {
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly errors?: readonly FieldError[];
  /** The field's path in the API, whose errors are shown. */
  readonly path?: string;
  /** An error found before anything was sent. */
  readonly error?: string | null;
}

interface ControlProps {
  readonly id: string;
  readonly "aria-describedby": string | undefined;
  readonly "aria-invalid": boolean;
}

/** A labeled control with its hint and its errors, associated for screen readers. */
export function Field({
  label,
  hint,
  errors = [],
  path,
  error = null,
  children,
}: LabelProps & { children(props: ControlProps): JSX.Element }) {
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
        <p id={`${id}-error`} class="field-error" role={error === null ? undefined : "alert"}>
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

/** The API's messages complete a sentence that begins with the field's name, as in "must be an http or https URL". */
function sentenceOf(message: string): string {
  const sentence = /^(?:must|is|has|may|can|does|needs)\b/.test(message)
    ? `This ${message}`
    : message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}

interface TextFieldProps extends LabelProps {
  readonly value: string;
  readonly type?: "text" | "url" | "date";
  /** An identifier or code: monospaced, without spelling and capitals. */
  readonly code?: boolean;
  readonly numeric?: boolean;
  readonly maxLength?: number;
  readonly placeholder?: string;
  /** For dates. */
  readonly min?: string;
  readonly max?: string;
  /** Several lines. */
  readonly rows?: number;
  onValue(value: string): void;
}

export function TextField({ value, type = "text", code = false, numeric = false, onValue, ...rest }: TextFieldProps) {
  const { maxLength, placeholder, min, max, rows, ...label } = rest;
  return (
    <Field {...label}>
      {(props) => {
        const shared = {
          ...props,
          value,
          class: code ? "mono" : undefined,
          autocomplete: "off",
          onInput: (event: { readonly currentTarget: { readonly value: string } }) =>
            onValue(event.currentTarget.value),
          ...(code ? ({ spellcheck: false, autocapitalize: "none" } as const) : {}),
          ...(maxLength === undefined ? {} : { maxLength }),
          ...(placeholder === undefined ? {} : { placeholder }),
        } as const;
        if (rows !== undefined) return <textarea {...shared} rows={rows} />;
        if (type === "date") return <input {...shared} type="date" min={min} max={max} />;
        if (type === "url") return <input {...shared} type="url" />;
        return <input {...shared} inputMode={numeric ? "numeric" : undefined} />;
      }}
    </Field>
  );
}

interface SelectFieldProps extends LabelProps {
  readonly value: string;
  readonly options: readonly { readonly value: string; readonly name: string }[];
  onValue(value: string): void;
}

export function SelectField({ value, options, onValue, ...label }: SelectFieldProps) {
  return (
    <Field {...label}>
      {(props) => (
        <select {...props} value={value} onChange={(event) => onValue(event.currentTarget.value)}>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** The whole number that was typed, or null for any other text. */
export function wholeNumberOf(text: string): number | null {
  const digits = text.trim().replaceAll(",", "");
  return /^\d{1,15}$/.test(digits) ? Number(digits) : null;
}
