// The upstream client: one HTTP request in, one tagged outcome out. It never throws for an expected failure, never follows a
// redirect, never reads more than a megabyte, and never logs what it sends.

import { parseRetryAfter } from "../client/retry-after.ts";
import { decodeUtf8 } from "../json.ts";
import type { CreateOutcome, PollOutcome, RawAnswer, UpstreamTask } from "./protocol.ts";
import { interpretCreate, interpretPoll } from "./protocol.ts";
import type { Redactor } from "./redact.ts";

/** The time (ms) that an upstream has to answer: longer than a healthy service takes, shorter than a task's deadline. */
export const UPSTREAM_TIMEOUT_MS = 10_000;

/** Bytes read of one answer. A solution has a few KB; a longer body is not an answer of the protocol. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** The longest `Retry-After` (ms) that is followed: upstreams ask for pauses of minutes, never of hours. */
const MAX_RETRY_AFTER_MS = 60_000;

/** Where requests go, and the key that they carry. `fetch` is a parameter because the sandbox answers in-process. */
export interface Upstream {
  /** Without a trailing slash. */
  readonly url: string;
  /** Secret. */
  readonly clientKey: string;
  /** Removes the keys of every configured account: two accounts may be with one service. */
  readonly redactor: Redactor;
  readonly fetch: (request: Request) => Promise<Response>;
}

/** How one request is bounded and traced. */
export interface RequestOptions {
  /** ms from sending to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly traceparent?: string | undefined;
  /** Ends the request early, when its answer is of no use any more. */
  readonly signal?: AbortSignal | undefined;
}

type Exchange = { readonly tag: "answer"; readonly raw: RawAnswer } | { readonly tag: "none"; readonly reason: string };

/** Sends createTask. Whatever goes wrong after the first byte may have created a task: the outcome is then `unknown`. */
export async function createTask(
  upstream: Upstream,
  task: UpstreamTask,
  options: RequestOptions,
): Promise<CreateOutcome> {
  const body = JSON.stringify({ clientKey: upstream.clientKey, task });
  const exchange = await post(upstream, "/createTask", body, options);
  return exchange.tag === "answer"
    ? interpretCreate(exchange.raw, upstream.redactor)
    : { tag: "unknown", reason: exchange.reason };
}

/** Sends getTaskResult. `taskId` is the JSON text of the id, sent as it came. */
export async function getTaskResult(upstream: Upstream, taskId: string, options: RequestOptions): Promise<PollOutcome> {
  const body = `{"clientKey":${JSON.stringify(upstream.clientKey)},"taskId":${taskId}}`;
  const exchange = await post(upstream, "/getTaskResult", body, options);
  return exchange.tag === "answer"
    ? interpretPoll(exchange.raw, upstream.redactor)
    : { tag: "request_failed", reason: exchange.reason, retryAfterMs: null };
}

async function post(upstream: Upstream, path: string, body: string, options: RequestOptions): Promise<Exchange> {
  const abort = new AbortController();
  const giveUp = () => abort.abort();
  const timer = setTimeout(giveUp, options.timeoutMs);
  options.signal?.addEventListener("abort", giveUp, { once: true });
  // The signal alone is not enough: an upstream that answers in-process does not look at it.
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
    // workerd reports refused, reset and broken connections alike, and its message may quote the URL: the reason stays general.
    return { tag: "none", reason: "network" };
  }
}

/**
 * The body as text, or null where it is longer than `limit` bytes (the rest is then not read) or broken UTF-8, in which an id or a
 * token would come out as another.
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
