// The upstream client: one HTTP exchange in, one tagged outcome out. It never throws for an expected fault, never follows a
// redirect, never reads more than a megabyte, never waits longer than it is told, and never logs what it sends.

import { parseRetryAfter } from "../http.ts";
import { decodeUtf8 } from "../json.ts";
import type { CreateOutcome, PollOutcome, RawAnswer, UpstreamTask } from "./protocol.ts";
import { interpretCreate, interpretPoll } from "./protocol.ts";

/** The upstream time-out (ms): longer than any answer of a healthy service, shorter than the patience of a task. */
export const UPSTREAM_TIMEOUT_MS = 10_000;

/** Bytes read of one answer. A solution is a few KB; a body beyond this is no answer of the protocol. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** A `Retry-After` beyond this (ms) is taken as this: upstream asks operators to pause for minutes, never for hours. */
const MAX_RETRY_AFTER_MS = 60_000;

/** Where requests go and as whom. `fetch` is a parameter: the sandbox answers in-process, tests answer themselves. */
export interface Upstream {
  readonly url: string;
  readonly clientKey: string;
  readonly fetch: (request: Request) => Promise<Response>;
}

/** How one exchange may be bounded and traced. */
export interface RequestOptions {
  /** ms from sending to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly traceparent?: string | undefined;
  /** Ends the exchange early: its answer is of no use any more. */
  readonly signal?: AbortSignal | undefined;
}

type Exchange = { readonly tag: "answer"; readonly raw: RawAnswer } | { readonly tag: "none"; readonly reason: string };

/** Sends createTask. Whatever goes wrong after the first byte may have created a task: the outcome is then `hidden`. */
export async function createTask(
  upstream: Upstream,
  task: UpstreamTask,
  options: RequestOptions,
): Promise<CreateOutcome> {
  const body = JSON.stringify({ clientKey: upstream.clientKey, task });
  const exchange = await post(upstream, "/createTask", body, options);
  return exchange.tag === "answer"
    ? withoutKey(interpretCreate(exchange.raw), upstream.clientKey)
    : { tag: "unknown", reason: exchange.reason };
}

/** Sends getTaskResult. `taskId` is the id's JSON text, put on the wire as it came. */
export async function getTaskResult(upstream: Upstream, taskId: string, options: RequestOptions): Promise<PollOutcome> {
  const body = `{"clientKey":${JSON.stringify(upstream.clientKey)},"taskId":${taskId}}`;
  const exchange = await post(upstream, "/getTaskResult", body, options);
  return exchange.tag === "answer"
    ? withoutKey(interpretPoll(exchange.raw), upstream.clientKey)
    : { tag: "request_failed", reason: exchange.reason, retryAfterMs: null };
}

async function post(upstream: Upstream, path: string, body: string, options: RequestOptions): Promise<Exchange> {
  const abort = new AbortController();
  const giveUp = () => abort.abort();
  const timer = setTimeout(giveUp, options.timeoutMs);
  options.signal?.addEventListener("abort", giveUp, { once: true });
  // The race, not the signal alone: an upstream that answers in-process does not look at the signal.
  const timedOut = new Promise<Exchange>((resolve) => {
    const reason = () => (options.signal?.aborted === true ? "abandoned" : "timeout");
    abort.signal.addEventListener("abort", () => resolve({ tag: "none", reason: reason() }), { once: true });
  });
  try {
    return await Promise.race([exchange(upstream, path, body, options, abort.signal), timedOut]);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", giveUp);
  }
}

async function exchange(
  upstream: Upstream,
  path: string,
  body: string,
  options: RequestOptions,
  signal: AbortSignal,
): Promise<Exchange> {
  const headers = new Headers({ "content-type": "application/json", accept: "application/json" });
  if (options.traceparent !== undefined) headers.set("traceparent", options.traceparent);
  try {
    const request = new Request(upstream.url + path, { method: "POST", headers, body, redirect: "manual", signal });
    const response = await upstream.fetch(request);
    const text = await readCapped(response, MAX_ANSWER_BYTES);
    const retryAfterMs = parseRetryAfter(response.headers.get("retry-after"), Date.now(), MAX_RETRY_AFTER_MS);
    return {
      tag: "answer",
      raw: { status: response.status, body: text ?? "", retryAfterMs },
    };
  } catch {
    // Refused, reset, cut off, TLS: workerd tells them alike, and its message may quote the address. The reason stays general.
    return { tag: "none", reason: "network" };
  }
}

/** Without the operator's key in its words: an upstream that quotes it must not tell it to tenants. */
function withoutKey<Outcome extends CreateOutcome | PollOutcome>(outcome: Outcome, key: string): Outcome {
  const clean = (words: string) => words.replaceAll(key, "[removed]");
  if (outcome.tag === "failed")
    return { ...outcome, code: clean(outcome.code), description: clean(outcome.description) };
  return outcome.tag === "transient" ? { ...outcome, reason: clean(outcome.reason) } : outcome;
}

/**
 * The body as text, or null where it is none that can be read: longer than `limit` bytes (the rest is then not read), or broken
 * UTF-8, in which an id or a token would come out as another.
 */
async function readCapped(response: Response, limit: number): Promise<string | null> {
  if (response.body === null) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > limit) {
      await reader.cancel().catch(() => undefined);
      return null;
    }
    chunks.push(value);
  }
  try {
    return decodeUtf8(await new Blob(chunks).arrayBuffer());
  } catch {
    return null;
  }
}
