// Structured logs: one JSON line an event. Callers hand in ids, codes, counts and times; a key, a token, a cookie, a secret or
// a body is never a field. Refuses nothing at run time, so the rule is kept where lines are written, and a test greps for it.

export type LogLevel = "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Writes one line: `{ "level", "event", … }`. */
export function log(level: LogLevel, event: string, fields: LogFields): void {
  const line = JSON.stringify({ level, event, ...fields });
  if (level === "error") console.error(line);
  else if (level === "warn") console.warn(line);
  else console.log(line);
}

/** What may be said of an unexpected exception: its name, its message and where it was thrown. Ours never quote a secret. */
export function describeError(error: unknown): { readonly error: string; readonly stack: string | undefined } {
  if (error instanceof Error) return { error: `${error.name}: ${error.message}`, stack: error.stack?.slice(0, 1_000) };
  return { error: "a value that is no Error was thrown", stack: undefined };
}
