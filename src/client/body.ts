// The body of an answer, read up to a limit: a server that is no gateway may send without end.

/** The longest body (bytes) that is read. The gateway's longest is a page of 100 tasks, some 50 KiB. */
const LONGEST_BODY = 4 * 2 ** 20;

/** The answer's body as text; null where it is longer than the limit, and then the rest is left unread. */
export async function readBody(response: Response): Promise<string | null> {
  const { body } = response;
  if (body === null) return "";
  // A platform without streams gives the whole or nothing.
  if (typeof body?.getReader !== "function") return withinLimit(await response.text());
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let bytes = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > LONGEST_BODY) {
      // Not awaited: a stream need not end because it is told to.
      reader.cancel().catch(() => undefined);
      return null;
    }
    text += decoder.decode(value, { stream: true });
  }
}

const withinLimit = (text: string): string | null => (text.length > LONGEST_BODY ? null : text);
