// Removes the operator's client keys from text that came from an upstream. Pure. Redact before text is cut, or a key that crosses
// the cut leaves its beginning behind.

/** What stands in the place of a key. */
const REDACTED = "[removed]";

/** A shorter key (characters) is removed only where it is a whole word: "k" must not be cut out of every token. */
const SHORT_KEY = 8;

/** A part of a key that is at least this long (characters) is removed from prose: an upstream may cut a key itself. */
const LONGEST_PART_SHOWN = 11;

/** Removes keys from what an upstream sent. */
export interface Redactor {
  /** Text for people, such as an error code or a description. Long parts of a key are removed too. */
  readonly prose: (text: string) => string;
  /** A parsed JSON value: every string at any depth, names of fields included. A long part of a key stays: tokens are opaque. */
  readonly value: (value: unknown) => unknown;
}

/** A redactor of these keys, in the forms in which an upstream may quote them. Expensive: build it once. */
export function redactorOf(keys: readonly string[]): Redactor {
  const pattern = patternOf(keys);
  const parts = keys.map((key) => windowsOf(key.toLowerCase())).filter(({ size }) => size > 0);
  const text = (original: string) => (pattern === null ? original : original.replaceAll(pattern, REDACTED));
  return {
    prose: (original) => parts.reduce(withoutParts, text(original)),
    value: (original) => redactValue(original, text),
  };
}

function redactValue(value: unknown, text: (original: string) => string): unknown {
  if (typeof value === "string") return text(value);
  if (Array.isArray(value)) return value.map((item: unknown) => redactValue(item, text));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [text(name), redactValue(field, text)]));
}

function patternOf(keys: readonly string[]): RegExp | null {
  const alternatives = keys.flatMap((key) =>
    formsOf(key.toWellFormed()).map((form) => ({ form, short: key.length < SHORT_KEY })),
  );
  if (alternatives.length === 0) return null;
  // Longest first: a key may be the beginning of another.
  alternatives.sort((a, b) => b.form.length - a.form.length);
  const sources = alternatives.map(({ form, short }) => (short ? wholeWord(escapePattern(form)) : escapePattern(form)));
  return new RegExp(sources.join("|"), "giu");
}

/** The key as it is, escaped in JSON, in a URL, in a form and in HTML, and in base64. */
function formsOf(key: string): string[] {
  const json = JSON.stringify(key).slice(1, -1);
  const url = encodeURIComponent(key);
  const html = key.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
  const base64 = new TextEncoder().encode(key).toBase64({ omitPadding: true });
  return [...new Set([key, json, json.replaceAll("/", "\\/"), url, url.replaceAll("%20", "+"), html, base64])];
}

function wholeWord(source: string): string {
  return `(?<![\\p{L}\\p{N}_-])${source}(?![\\p{L}\\p{N}_-])`;
}

function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

/** Every part of a key that is just too long to be shown. */
function windowsOf(key: string): Set<string> {
  const length = LONGEST_PART_SHOWN + 1;
  const count = Math.max(key.length - length + 1, 0);
  return new Set(Array.from({ length: count }, (_, start) => key.slice(start, start + length)));
}

function withoutParts(text: string, windows: ReadonlySet<string>): string {
  const length = LONGEST_PART_SHOWN + 1;
  const lower = text.toLowerCase();
  // Lowering some letters changes the length of a text, and then positions would not match.
  const searched = lower.length === text.length ? lower : text;
  let result = "";
  let kept = 0;
  for (let start = 0; start + length <= searched.length; start += 1) {
    if (!windows.has(searched.slice(start, start + length))) continue;
    let end = start + length;
    while (end < searched.length && windows.has(searched.slice(end - length + 1, end + 1))) end += 1;
    result += text.slice(kept, start) + REDACTED;
    kept = end;
    start = end - 1;
  }
  return result + text.slice(kept);
}
