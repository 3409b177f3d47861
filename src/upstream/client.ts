// The client of the upstream. It does not throw for expected failures, does not follow redirects, and does not log what it sends.

import { parseRetryAfter } from "../client/retry-after.ts";
import type { CreateOutcome, PollOutcome, RawAnswer, UpstreamTask } from "./protocol.ts";
import { interpretCreate, interpretPoll } from "./protocol.ts";
import type { Redactor } from "./redact.ts";

/** The timeout (ms) of a request: longer than a healthy service takes, shorter than a task's deadline. */
export const UPSTREAM_TIMEOUT_MS = 10_000;

/** The maximum size of a response, in bytes. A solution has a few KB. */
const MAX_RESPONSE_BYTES = 1024 * 1024;

/** The maximum `Retry-After` (ms) that is honored. */
const MAX_RETRY_AFTER_MS = 60_000;

/** An upstream and the key to use. `fetch` is a parameter, because the sandbox runs in-process. */
export interface Upstream {
  /** Without a trailing slash. */
  readonly url: string;
  /** Secret. */
  readonly clientKey: string;
  /** Removes the keys of all configured accounts, because two accounts may belong to the same service. */
  readonly redactor: Redactor;
  readonly fetch: (request: Request) => Promise<Response>;
}

/** Options of a request. */
export interface RequestOptions {
  /** From sending the request to the last byte of the response, in ms. */
  readonly timeoutMs: number;
  readonly traceparent?: string | undefined;
  /** Aborts the request when its response is no longer needed. */
  readonly signal?: AbortSignal | undefined;
}

type SendResult =
  | { readonly tag: "answer"; readonly raw: RawAnswer }
  | { readonly tag: "none"; readonly reason: string };

/** Sends createTask. A network error may have created a task, so its outcome is `unknown`. */
export async function createTask(
  upstream: Upstream,
  task: UpstreamTask,
  options: RequestOptions,
): Promise<CreateOutcome> {
  const body = JSON.stringify({ clientKey: upstream.clientKey, task });
  const result = await post(upstream, "/createTask", body, options);
  return result.tag === "answer"
    ? interpretCreate(result.raw, upstream.redactor)
    : { tag: "unknown", reason: result.reason };
}

/** Sends getTaskResult. `taskId` is the JSON text of the id. */
export async function getTaskResult(upstream: Upstream, taskId: string, options: RequestOptions): Promise<PollOutcome> {
  const body = `{"clientKey":${JSON.stringify(upstream.clientKey)},"taskId":${taskId}}`;
  const result = await post(upstream, "/getTaskResult", body, options);
  return result.tag === "answer"
    ? interpretPoll(result.raw, upstream.redactor)
    : { tag: "request_failed", reason: result.reason, retryAfterMs: null };
}

async function post(upstream: Upstream, path: string, body: string, options: RequestOptions): Promise<SendResult> {
  const abort = new AbortController();
  const giveUp = () => abort.abort();
  const timer = setTimeout(giveUp, options.timeoutMs);
  options.signal?.addEventListener("abort", giveUp, { once: true });
  // The signal alone is not enough, because the in-process sandbox ignores it.
  const timedOut = new Promise<SendResult>((resolve) => {
    const reason = () => (options.signal?.aborted === true ? "abandoned" : "timeout");
    abort.signal.addEventListener("abort", () => resolve({ tag: "none", reason: reason() }), { once: true });
  });
  try {
    return await Promise.race([send(upstream, path, body, options, abort.signal), timedOut]);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", giveUp);
  }
}

async function send(
  upstream: Upstream,
  path: string,
  body: string,
  options: RequestOptions,
  signal: AbortSignal,
): Promise<SendResult> {
  const headers = new Headers({ "content-type": "application/json", accept: "application/json" });
  if (options.traceparent !== undefined) headers.set("traceparent", options.traceparent);
  try {
    const request = new Request(upstream.url + path, { method: "POST", headers, body, redirect: "manual", signal });
    const response = await upstream.fetch(request);
    const text = await readCapped(response, MAX_RESPONSE_BYTES);
    const retryAfterMs = parseRetryAfter(response.headers.get("retry-after"), Date.now(), MAX_RETRY_AFTER_MS);
    return {
      tag: "answer",
      raw: { status: response.status, body: text ?? "", retryAfterMs },
    };
  } catch {
    // workerd does not distinguish network errors, and its message may contain the URL.
    return { tag: "none", reason: "network" };
  }
}

/** Reads the body as text. Null if it is longer than `limit` bytes, or invalid UTF-8, which could change an id or a token. */
async function readCapped(response: Response, limit: number): Promise<string | null> {
  if (response.body === null) return "";
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  const reader = response.body.getReader();
  let text = "";
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    size += value?.byteLength ?? 0;
    try {
      if (size > limit) throw new RangeError("the body is too long");
      text += decoder.decode(value, { stream: !done });
    } catch {
      await reader.cancel().catch(() => undefined);
      return null;
    }
    if (done) return text;
  }
}
