// One webhook attempt: a signed POST, a tagged outcome and the beginning of the response body. It never throws for what a receiver
// does and never follows a redirect.

import { parseRetryAfter } from "../client/retry-after.ts";
import type { DeliveryOutcome } from "./outcome.ts";
import { readExcerpt } from "./response-body.ts";
import type { SignedWebhook } from "./sign.ts";
import { checkWebhookTarget } from "./target.ts";

/** A receiver has this long (ms) to answer: it should store the event and answer, and work on it afterwards. */
const DELIVERY_TIMEOUT_MS = 10_000;

/** The longest `Retry-After` (ms) that is even read; the schedule caps it further. */
const MAX_RETRY_AFTER_MS = 86_400_000;

/** What an attempt needs from outside. */
export interface DeliveryOptions {
  readonly fetch: (request: Request) => Promise<Response>;
  readonly allowPrivate: boolean;
  readonly traceparent?: string | undefined;
  readonly timeoutMs?: number;
  /** Removes secrets from the response body. */
  readonly redact?: (text: string) => string;
}

export interface DeliveryResult {
  readonly outcome: DeliveryOutcome;
  /** The first 256 characters of the response body; null without one. */
  readonly responseBody: string | null;
}

/** Sends one attempt to `url`, which is checked again: rules may have tightened since it was set. */
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
  // Cleared below: a timer that is left would keep the object awake, and paid for, until it rings.
  const timer = setTimeout(() => abort.abort(), options.timeoutMs ?? DELIVERY_TIMEOUT_MS);
  const { signal } = abort;
  try {
    const request = new Request(target.url, {
      method: "POST",
      headers,
      body: webhook.body,
      redirect: "manual",
      signal,
    });
    const response = await options.fetch(request);
    return { outcome: judge(response), responseBody: await readExcerpt(response, options.redact ?? unchanged) };
  } catch {
    return { outcome: failed(null, signal.aborted ? "timeout" : "network", null), responseBody: null };
  } finally {
    clearTimeout(timer);
  }
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
