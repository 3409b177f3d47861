// Sends events to the local receiver, as the gateway would send their webhooks.

import type { StreamEvent } from "../events.ts";

/** What the receiver did with an event. */
export interface Forwarded {
  /** Null without a response. */
  readonly status: number | null;
  readonly durationMs: number;
  /** Why the gateway would count this as a failed attempt; null for a delivery. */
  readonly error: string | null;
}

/** A webhook receiver has this long (ms) to respond, here as there. */
const TIMEOUT_MS = 10_000;

/** Sends one event to `url`. It throws nothing: a receiver that is down is a result. */
export async function forward(
  url: string,
  event: StreamEvent,
  userAgent: string,
  signal: AbortSignal,
): Promise<Forwarded> {
  const startedAt = performance.now();
  const durationMs = () => Math.round(performance.now() - startedAt);
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { ...event.headers, "content-type": "application/json", "user-agent": userAgent },
      body: event.body,
      redirect: "manual",
      signal: AbortSignal.any([signal, timeout]),
    });
    // The status is the result; the body need not be read to its end.
    await response.body?.cancel().catch(() => undefined);
    return { status: response.status, durationMs: durationMs(), error: errorOf(response.status) };
  } catch (error) {
    const reason = timeout.aborted ? `no response in ${TIMEOUT_MS / 1_000} s` : `no response: ${reasonOf(error)}`;
    return { status: null, durationMs: durationMs(), error: reason };
  }
}

function errorOf(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  return status >= 300 && status < 400 ? "a redirect, which webhooks do not follow" : "not a 2xx";
}

/** The reason behind "fetch failed". */
function reasonOf(error: unknown): string {
  let reason = error;
  while (reason instanceof Error && reason.cause !== undefined) reason = reason.cause;
  // The connection failed at every address of the host.
  if (reason instanceof AggregateError) reason = reason.errors[0];
  return reason instanceof Error ? reason.message : String(reason);
}
