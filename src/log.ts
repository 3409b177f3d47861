// Structured logs: one JSON line per event. Fields are ids, codes, counts and times. Callers must never pass a key, token, cookie,
// secret or body. A test searches the log for them.

/** The severity of a log line. */
export type LogLevel = "info" | "warn" | "error";
/** The fields of a log line. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Logs one line: `{ "level", "event", … }`. */
export function log(level: LogLevel, event: string, fields: LogFields): void {
  const line = JSON.stringify({ level, event, ...fields });
  if (level === "error") console.error(line);
  else if (level === "warn") console.warn(line);
  else console.log(line);
}

/** Log fields for an unexpected exception. Messages of the gateway's own errors never contain a secret. */
export function describeError(error: unknown): { readonly error: string; readonly stack: string | undefined } {
  if (error instanceof Error) return { error: `${error.name}: ${error.message}`, stack: error.stack?.slice(0, 1_000) };
  return { error: "a value that is not an Error was thrown", stack: undefined };
}
