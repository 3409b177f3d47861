// JSON parsing that keeps large task ids exact: JSON.parse rounds integers beyond 2^53.

/** The third argument of a reviver (ECMA-262, "JSON.parse source text access"), which TypeScript's library types lack. */
interface ReviverContext {
  readonly source?: string;
}

/** The length is limited because converting a million digits to a bigint would take half a second. */
const TASK_ID_INTEGER = /^-?\d{1,256}$/;

function keepTaskId(key: string, value: unknown, context?: ReviverContext): unknown {
  if (key !== "taskId" || typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  return source !== undefined && TASK_ID_INTEGER.test(source) ? BigInt(source) : value;
}

function hasRoundedTaskId(value: unknown): value is { taskId: unknown } {
  if (typeof value !== "object" || value === null || !("taskId" in value)) return false;
  return typeof value.taskId === "number" && !Number.isSafeInteger(value.taskId);
}

/**
 * Parses JSON. A top-level `taskId` that is an integer outside the safe range becomes a bigint. Nested values never do, because
 * a bigint in a solution could not be serialized again.
 * @throws SyntaxError as JSON.parse does
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!hasRoundedTaskId(value)) return value;
  const exact: unknown = JSON.parse(text, keepTaskId);
  if (typeof exact === "object" && exact !== null && "taskId" in exact) value.taskId = exact.taskId;
  return value;
}

/** Decodes UTF-8. @throws TypeError for invalid UTF-8, instead of replacing it with U+FFFD */
export function decodeUtf8(bytes: Uint8Array | ArrayBuffer): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
}

/** Whether a JSON value has at most `levels` levels of nesting, so that it can be cloned and serialized recursively. */
export function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((part) => isShallow(part, levels - 1));
}
