// JSON that keeps task ids exact. JSON.parse rounds integers above 2^53, so a top-level `taskId` of that size becomes a bigint here. It
// accepts the same texts as JSON.parse.

/** The third argument that engines with "JSON.parse source text access" (ECMA-262) hand to a reviver. */
interface ReviverContext {
  readonly source?: string;
}

/** An integer, and no longer than any id is: reading a million digits as one would cost half a second. */
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
 * Parses JSON; a top-level `taskId` that is an integer outside the safe range comes out as a bigint. Nothing below the top does:
 * a bigint in a solution could not be written as JSON again.
 * @throws SyntaxError as JSON.parse does.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!hasRoundedTaskId(value)) return value;
  const exact: unknown = JSON.parse(text, keepTaskId);
  if (typeof exact === "object" && exact !== null && "taskId" in exact) value.taskId = exact.taskId;
  return value;
}

/** A decoder that refuses broken UTF-8 (it throws TypeError) instead of putting U+FFFD in its place. */
export function decodeUtf8(bytes: Uint8Array | ArrayBuffer): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
}

/** Whether a parsed JSON value nests no deeper than `levels`: what walks, clones or writes it recursively can then do so. */
export function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((part) => isShallow(part, levels - 1));
}
