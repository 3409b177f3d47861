// When a failed attempt is retried. Pure: failures and numbers in, a pause out.

import type { SolvegateError } from "./error.ts";

/**
 * What is known of the request after a failed attempt:
 * - `final`: the gateway decided; a retry changes nothing;
 * - `rejected`: it was turned away before it had any effect; a retry is safe and can help;
 * - `uncertain`: it may or may not have been executed.
 */
export type FailureKind = "final" | "rejected" | "uncertain";

export interface Failure {
  readonly kind: FailureKind;
  readonly error: SolvegateError;
  /** From the response's `Retry-After`. */
  readonly retryAfterMs: number | null;
}

/** The longest first pause (ms) where the response names none. Each further one is twice as long, up to the maximum. */
const FIRST_PAUSE_MS = 250;
/** A gateway that restarts is back within seconds: longer pauses would only delay callers. */
const MAX_PAUSE_MS = 5_000;
const MIN_PAUSE_MS = 100;

/** Clients with the same `Retry-After` spread over this share of it, never earlier. */
const JITTER = 0.1;

/** With less time than this (ms) no attempt is started: it could have its effect and lose its response. */
export const MIN_ATTEMPT_MS = 1_000;

/** What a pause leaves (ms) for the attempt after it; more than the minimum, because timers can be late. */
const RESERVED_MS = MIN_ATTEMPT_MS + 500;

/**
 * The pause (ms) before the next attempt, or null for no further attempt. `Retry-After` is respected, and pauses grow all the same:
 * a `Retry-After` of 0 must not lead to a tight loop.
 * @param idempotent whether the request may be executed twice
 * @param attempt attempts made before the one that failed
 * @param remainingMs time until the call's deadline, of which the next attempt needs a part
 * @param random from 0 to 1
 */
export function pauseAfter(
  failure: Pick<Failure, "kind" | "retryAfterMs">,
  idempotent: boolean,
  { attempt, remainingMs, random }: { attempt: number; remainingMs: number; random: number },
): number | null {
  if (failure.kind === "final" || (failure.kind === "uncertain" && !idempotent)) return null;
  const backoffMs = Math.min(FIRST_PAUSE_MS * 2 ** attempt * (0.5 + random / 2), MAX_PAUSE_MS, remainingMs / 2);
  const requestedMs = failure.retryAfterMs ?? 0;
  const ms = Math.min(Math.max(requestedMs * (1 + JITTER * random), backoffMs), remainingMs - RESERVED_MS);
  return ms < Math.max(requestedMs, MIN_PAUSE_MS) ? null : ms;
}

/** Codes of a 5xx that only the gateway's operator can fix. */
const OPERATOR_CODES: readonly string[] = ["configuration", "upstream_not_configured"];

/**
 * Classifies a failure by its HTTP status, the gateway's code (null if the response is not a gateway's) and `Retry-After`.
 * A 2xx without the expected body comes from a proxy, and the gateway may have executed the request.
 */
export function failureKindOf(status: number, code: string | null, retryAfterMs: number | null): FailureKind {
  if (status >= 200 && status < 300) return "uncertain";
  if (status === 429) return "rejected";
  // A proxy's time-out (408), or one that would not risk a replay of early data (425).
  if (status === 408 || status === 425) return "uncertain";
  if (status < 500) return "final";
  return retryAfterMs === null && code !== null && OPERATOR_CODES.includes(code) ? "final" : "uncertain";
}
