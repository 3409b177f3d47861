// Sends one webhook attempt. Does not throw if the receiver fails, and does not follow redirects.

import { parseRetryAfter } from "../client/retry-after.ts";
import type { DeliveryOutcome } from "./outcome.ts";
import type { Redact } from "./response-body.ts";
import { readExcerpt } from "./response-body.ts";
import type { SignedWebhook } from "./sign.ts";
import { checkWebhookTarget } from "./target.ts";

/** The timeout (ms) of an attempt. */
const DELIVERY_TIMEOUT_MS = 10_000;

/** The maximum `Retry-After` (ms) that is parsed. The schedule limits it further. */
const MAX_RETRY_AFTER_MS = 86_400_000;

/** Options and dependencies of an attempt. */
export interface DeliveryOptions {
  readonly fetch: (request: Request) => Promise<Response>;
  readonly allowPrivate: boolean;
  readonly traceparent?: string | undefined;
  readonly timeoutMs?: number;
  /** Removes secrets from the response body. By default, nothing is removed. */
  readonly redact?: Redact;
}

/** The result of an attempt. */
export interface DeliveryResult {
  readonly outcome: DeliveryOutcome;
  /** The first 256 characters of the response body. Null if it is empty or missing, or cannot be redacted. */
  readonly responseBody: string | null;
}

/** Sends an attempt to `url`. Checks the URL again, because the rules can have changed since it was set. */
export async function deliverWebhook(
  url: string,
  webhook: SignedWebhook,
  options: DeliveryOptions,
): Promise<DeliveryResult> {
  const target = checkWebhookTarget(url, { allowPrivate: options.allowPrivate });
  if (!target.ok) return { outcome: failed(null, "target_refused", null), responseBody: null };
  const headers = new Headers({
    "content-type": "application/json",
    "user-agent": "Solvegate-Webhooks/1",
    ...webhook.headers,
  });
  if (options.traceparent !== undefined) headers.set("traceparent", options.traceparent);
  const abort = new AbortController();
  // Cleared below, because a pending timer keeps the object in memory, which is billed.
  const timer = setTimeout(() => abort.abort(), options.timeoutMs ?? DELIVERY_TIMEOUT_MS);
  const { signal } = abort;
  let response: Response;
  try {
    const request = new Request(target.url, {
      method: "POST",
      headers,
      body: webhook.body,
      redirect: "manual",
      signal,
    });
    response = await options.fetch(request);
  } catch {
    return { outcome: failed(null, signal.aborted ? "timeout" : "network", null), responseBody: null };
  } finally {
    clearTimeout(timer);
  }
  // The status alone decides the outcome, whatever happens to the body.
  const responseBody = await readExcerpt(response, options.redact ?? unchanged).catch(() => null);
  return { outcome: judge(response), responseBody };
}

const unchanged = (text: string): string => text;

function judge(response: Response): DeliveryOutcome {
  const { status } = response;
  if (status >= 200 && status < 300) return { tag: "delivered", status, error: null };
  if (status === 410) return { tag: "gone", status, error: null };
  const retryAfterMs = parseRetryAfter(response.headers.get("retry-after"), Date.now(), MAX_RETRY_AFTER_MS);
  return failed(status, status >= 300 && status < 400 ? "redirect" : null, retryAfterMs);
}

function failed(status: number | null, error: string | null, retryAfterMs: number | null): DeliveryOutcome {
  return { tag: "failed", status, error, retryAfterMs };
}
