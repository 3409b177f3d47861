// The beginning of a receiver's response body, for the delivery log.

/** Characters (UTF-16 code units) that are kept. */
const EXCERPT_LENGTH = 256;

/** Bytes that are read: enough for the excerpt in any language. */
const MAX_BYTES = 4 * EXCERPT_LENGTH;

/** How long (ms) the body may take after the status is known. The status decides, so a slow body is not waited for. */
const BODY_TIMEOUT_MS = 500;

/**
 * Reads the beginning of a body and drops the rest. Null where there is none in time.
 * @param redact removes secrets. The text is cut afterwards, or a secret that crosses the cut would leave its beginning.
 */
export async function readExcerpt(response: Response, redact: (text: string) => string): Promise<string | null> {
  const reader = response.body?.getReader();
  if (reader === undefined) return null;
  const { promise: late, resolve: giveUp } = Promise.withResolvers<null>();
  const timer = setTimeout(() => giveUp(null), BODY_TIMEOUT_MS);
  const chunks: Uint8Array[] = [];
  try {
    for (let size = 0; size < MAX_BYTES; ) {
      const read = await Promise.race([reader.read(), late]);
      if (read === null || read.done) break;
      const { value } = read;
      chunks.push(value.subarray(0, MAX_BYTES - size));
      size += value.byteLength;
    }
  } catch {
    // The connection broke, or the body is not what its encoding says: what came before is kept.
  } finally {
    clearTimeout(timer);
    void reader.cancel().catch(() => undefined);
  }
  const text = excerptOf(await new Blob(chunks).arrayBuffer(), redact);
  return text === "" ? null : text;
}

function excerptOf(bytes: ArrayBuffer, redact: (text: string) => string): string {
  // `stream` drops a character that the limit of bytes has cut in two.
  const text = redact(new TextDecoder().decode(bytes, { stream: true })).slice(0, EXCERPT_LENGTH);
  // The limit of characters may have cut a surrogate pair in two.
  return text.isWellFormed() ? text : text.slice(0, -1).toWellFormed();
}
