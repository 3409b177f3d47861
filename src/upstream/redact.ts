// Removes the operator's client keys from an upstream's text. Redact text before truncating it, or a part of a key can remain at the
// end.

const REDACTED = "[removed]";

/** Keys shorter than this (characters) are removed only as whole words, so that a key "k" does not destroy tokens. */
const SHORT_KEY = 8;

/** Longer parts of a key (characters) are removed from prose, because an upstream may truncate a key that it quotes. */
const LONGEST_PART_SHOWN = 11;

/** Removes keys from an upstream's text and values. */
export interface Redactor {
  /** Redacts text for people, such as an error description. Removes long parts of keys too. */
  readonly prose: (text: string) => string;
  /** Redacts all strings and field names of a JSON value. Keeps parts of keys, because tokens are opaque. */
  readonly value: (value: unknown) => unknown;
}

/** Creates a redactor for keys in all forms in which an upstream may quote them. Expensive, so cache it. */
export function redactorOf(keys: readonly string[]): Redactor {
  const pattern = patternOf(keys);
  const parts = keys.map((key) => windowsOf(lowerCase(key))).filter(({ size }) => size > 0);
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
  // Longest first, because a key may be a prefix of another.
  alternatives.sort((a, b) => b.form.length - a.form.length);
  const sources = alternatives.map(({ form, short }) => (short ? wholeWord(escapePattern(form)) : escapePattern(form)));
  return new RegExp(sources.join("|"), "giu");
}

/** A key in plain text, JSON, URL, form and HTML encoding, and base64. */
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

/** The text with its ASCII letters in lower case. Lowercasing others can change the length, and positions would not match. */
function lowerCase(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** All parts of a key that are one character longer than the longest part shown. */
function windowsOf(key: string): Set<string> {
  const length = LONGEST_PART_SHOWN + 1;
  const count = Math.max(key.length - length + 1, 0);
  return new Set(Array.from({ length: count }, (_, start) => key.slice(start, start + length)));
}

function withoutParts(text: string, windows: ReadonlySet<string>): string {
  const length = LONGEST_PART_SHOWN + 1;
  const searched = lowerCase(text);
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
