// JSON that keeps task ids whole. JSON.parse rounds an integer above 2^53; a `taskId` that is one becomes a bigint here, so that
// it survives the way in and out. Refuses nothing that JSON.parse takes, and takes nothing more.

/** The third argument that engines with "JSON.parse source text access" (ECMA-262) hand to a reviver. */
interface ReviverContext {
  readonly source?: string;
}

const INTEGER = /^-?\d+$/;

function keepTaskId(key: string, value: unknown, context?: ReviverContext): unknown {
  if (key !== "taskId" || typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  return source !== undefined && INTEGER.test(source) ? BigInt(source) : value;
}

/**
 * Parses JSON; a `taskId` that is an integer outside the safe range comes out as a bigint.
 * @throws SyntaxError as JSON.parse does.
 */
export function parseJson(text: string): unknown {
  return JSON.parse(text, keepTaskId);
}

/** A decoder that refuses broken UTF-8 (it throws TypeError) instead of putting U+FFFD in its place. */
export function decodeUtf8(bytes: Uint8Array | ArrayBuffer): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
}
