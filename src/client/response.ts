// What a response means for the call: its value, or a failure with an error for people. Texts from outside are redacted before they
// are cut, and bodies are read up to a limit.

import { SolvegateError } from "./error.ts";
import { type Failure, failureKindOf } from "./retry.ts";
import { parseRetryAfter } from "./retry-after.ts";
import { fieldsOf, parseJson, type Read, readProblem } from "./shapes.ts";
import type { Task } from "./types.ts";

/** A response of the gateway. */
export interface Answer<T> {
  readonly value: T;
  readonly requestId: string | null;
  readonly retryAfterMs: number | null;
}

export type Outcome<T> =
  | { readonly tag: "answer"; readonly answer: Answer<T> }
  | { readonly tag: "failure"; readonly failure: Failure; readonly unexpected: boolean };

/** The part of a `Response` that an outcome depends on. */
export type ResponseHead = Pick<Response, "ok" | "status"> & { type: string; headers: Pick<Headers, "get"> };

/** What the outcome of an attempt depends on beside the response. */
export interface Expected<T> {
  readonly method: string;
  readonly path: string;
  readonly idempotent: boolean;
  readonly read: Read<T>;
  /** The task that the call is about, for its errors. */
  readonly task?: Task | undefined;
}

/** Removes the key or token from a text that came from outside. */
export type Redact = (text: string) => string;

/** The largest response body (bytes) that is read. The gateway's largest is a page of 100 tasks, some 50 KiB. */
const MAX_BODY_BYTES = 4 * 2 ** 20;

/** How much (characters) of an unexpected body an error quotes. */
const QUOTE_LENGTH = 80;

/** The error message of Node's fetch (undici) for a port that the Fetch standard blocks: such a request is never sent. */
const BLOCKED_PORT = "bad port";

/** The response's body as text; null if it is larger than the limit, and the rest is not read. */
export async function readBody(response: Response): Promise<string | null> {
  const { body } = response;
  if (body === null) return "";
  // Platforms without streams.
  if (typeof body?.getReader !== "function") return withinLimit(await response.text());
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let bytes = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > MAX_BODY_BYTES) {
      // Not awaited: a source need not respect the cancellation.
      reader.cancel().catch(() => undefined);
      return null;
    }
    text += decoder.decode(value, { stream: true });
  }
}

const withinLimit = (text: string): string | null => (text.length > MAX_BODY_BYTES ? null : text);

/** @param text the body; null if it is too large */
export function outcomeOf<T>(
  expected: Expected<T>,
  response: ResponseHead,
  text: string | null,
  redact: Redact,
): Outcome<T> {
  const { status, headers } = response;
  const retryAfterMs = parseRetryAfter(headers.get("retry-after"), Date.now());
  const body = text === null ? undefined : parseJson(text);
  const value = response.ok && text !== null ? expected.read(body, status) : undefined;
  const problem = response.ok ? undefined : readProblem(body);
  const id = problem?.requestId ?? headers.get("x-request-id");
  const requestId = id === null ? null : redact(id);
  if (value !== undefined) return { tag: "answer", answer: { value, requestId, retryAfterMs } };
  const errors = (problem?.errors ?? []).map(({ path, message }) => ({
    path: redact(path),
    message: redact(`${message}`),
  }));
  const details = { status, requestId, task: expected.task, errors, retryAfterMs };
  const error =
    problem === undefined
      ? new SolvegateError("unexpected_answer", describeUnexpected(expected, response, text, redact), details)
      : new SolvegateError(redact(problem.code), redact(problem.detail), details);
  // An endless body is not a moment's confusion of a proxy, and expensive to request again.
  const kind = text === null ? "final" : failureKindOf(status, problem?.code ?? null, retryAfterMs);
  return { tag: "failure", failure: { kind, error, retryAfterMs }, unexpected: problem === undefined };
}

/** The failure of an attempt without a response. */
export function networkFailure(
  { method, path, idempotent, task }: Expected<unknown>,
  cause: unknown,
  redact: Redact,
): Outcome<never> {
  const { text, blocked } = describeLoss(cause);
  const doubt = blocked ? "" : doubtOf(idempotent);
  const detail = `${method} ${path} got no response (${redact(text)})${doubt}`;
  const error = new SolvegateError("network_error", detail, { task, cause });
  const failure: Failure = { kind: blocked ? "final" : "uncertain", error, retryAfterMs: null };
  return { tag: "failure", failure, unexpected: false };
}

const doubtOf = (idempotent: boolean): string =>
  idempotent ? "" : "; it may have been executed, so it was not retried";

/** Why no response arrived, and whether the platform never sends such a request. */
function describeLoss(cause: unknown): { text: string; blocked: boolean } {
  if (!(cause instanceof Error)) return { text: String(cause), blocked: false };
  // Node's message is "fetch failed"; the reason is in its cause.
  const reason = cause.cause instanceof Error ? cause.cause.message : "";
  return { text: reason === "" ? cause.message : `${cause.message}: ${reason}`, blocked: reason === BLOCKED_PORT };
}

function describeUnexpected(
  { method, path, idempotent }: Expected<unknown>,
  response: ResponseHead,
  text: string | null,
  redact: Redact,
): string {
  const { ok, status, type, headers } = response;
  // Browsers report a redirect as an opaque response.
  if (type === "opaqueredirect" || (status >= 300 && status < 400)) {
    const to = headers.get("location");
    return `${method} ${path} was redirected${to === null ? "" : ` to ${redact(to)}`}: set baseUrl to the gateway's own URL`;
  }
  const seen = text === null ? "more than 4 MiB" : describeBody(text, redact);
  const doubt = ok ? doubtOf(idempotent) : "";
  return `${method} ${path} returned ${status} with ${seen}, which is not a gateway's response: check baseUrl and proxies${doubt}`;
}

function describeBody(text: string, redact: Redact): string {
  if (fieldsOf(parseJson(text)) !== undefined) return "other JSON";
  // Redacted before it is cut: a part of the key would not be found.
  const quote = redact(text).replace(/\s+/g, " ").trim().slice(0, QUOTE_LENGTH);
  return quote === "" ? "an empty body" : `"${quote}"`;
}
