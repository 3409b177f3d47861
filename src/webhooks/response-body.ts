// Reads the beginning of a receiver's response body for the delivery log.

/** The length of an excerpt, in UTF-16 code units. */
const EXCERPT_LENGTH = 256;

/** How many bytes are read: enough for an excerpt in any language. */
const MAX_BYTES = 4 * EXCERPT_LENGTH;

/** Timeout (ms) of the body. Short, because the status alone decides whether the attempt succeeded. */
const BODY_TIMEOUT_MS = 500;

/** Removes secrets from a text. Null if it cannot, so that the text must not be stored. */
export type Redact = (text: string) => string | null;

/**
 * Reads the beginning of a body and discards the rest. Null if nothing was received in time.
 * @param redact applied before truncation, or a part of a secret could remain at the end
 */
export async function readExcerpt(response: Response, redact: Redact): Promise<string | null> {
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
    // If the connection breaks or decompression fails, keep what was read before.
  } finally {
    clearTimeout(timer);
    void reader.cancel().catch(() => undefined);
  }
  // `stream` drops an incomplete character at the end.
  const received = new TextDecoder().decode(await new Blob(chunks).arrayBuffer(), { stream: true });
  const text = received === "" ? null : redact(received);
  return text === null ? null : excerptOf(text);
}

function excerptOf(redacted: string): string {
  const text = redacted.slice(0, EXCERPT_LENGTH);
  // Truncation may have split a surrogate pair.
  return text.isWellFormed() ? text : text.slice(0, -1).toWellFormed();
}
