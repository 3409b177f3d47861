// When an attempt that failed is made again. PURE: faults and numbers in, a pause out; no clock, no randomness of its own.

import type { SolvegateError } from "./error.ts";

/**
 * What an attempt that failed leaves open:
 * - `final`: it was judged; asking again changes nothing;
 * - `refused`: it was turned away before anything was done; asking again may help, and is safe;
 * - `open`: nobody knows whether it was done.
 */
export type FaultKind = "final" | "refused" | "open";

export interface Fault {
  readonly kind: FaultKind;
  readonly error: SolvegateError;
  /** From the answer's `Retry-After`. */
  readonly retryAfterMs: number | null;
}

/** `any`: doing it twice is doing it once. `refused`: it may happen once at the most, so only what surely did not is repeated. */
export type Repeatable = "any" | "refused";

/** The first pause (ms) where the answer names none, at its longest; each further one is twice as long, up to the longest. */
const FIRST_PAUSE_MS = 250;
/** A gateway that restarts is back within seconds: a longer pause would only keep its callers waiting. */
const LONGEST_PAUSE_MS = 5_000;

/** The shortest pause (ms): less is no pause. */
const LEAST_PAUSE_MS = 100;

/** Those told to come back at one moment come spread over this share of their pause, and never too early. */
const SPREAD = 0.1;

/** With less time than this (ms) no further attempt is worth its while: what it does is done, and its answer is lost. */
export const LEAST_ATTEMPT_MS = 1_000;

/** What a pause leaves (ms) to the attempt behind it: some more, for a timer may be late. */
const LEFT_MS = LEAST_ATTEMPT_MS + 500;

/**
 * How long (ms) to pause before the next attempt; null where there is none: the fault stands. `Retry-After` is kept; the pauses
 * grow all the same, for one of 0 would have the client hammer.
 * @param attempt attempts made before the one that failed
 * @param remainingMs what the call's deadline leaves; the next attempt gets its time of it
 * @param random from 0 to 1
 */
export function pauseAfter(
  fault: Pick<Fault, "kind" | "retryAfterMs">,
  repeatable: Repeatable,
  { attempt, remainingMs, random }: { attempt: number; remainingMs: number; random: number },
): number | null {
  if (fault.kind === "final" || (fault.kind === "open" && repeatable === "refused")) return null;
  const ownMs = Math.min(FIRST_PAUSE_MS * 2 ** attempt * (0.5 + random / 2), LONGEST_PAUSE_MS, remainingMs / 2);
  const toldMs = fault.retryAfterMs ?? 0;
  const ms = Math.min(Math.max(toldMs * (1 + SPREAD * random), ownMs), remainingMs - LEFT_MS);
  return ms < Math.max(toldMs, LEAST_PAUSE_MS) ? null : ms;
}

/** Codes of a 5xx that only the gateway's operator can mend. */
const SET_UP_CODES: readonly string[] = ["configuration", "upstream_not_configured"];

/** Judges a refusal by its HTTP status, the gateway's code (null where the answer is not a gateway's) and `Retry-After`. */
export function faultKindOf(status: number, code: string | null, retryAfterMs: number | null): FaultKind {
  if (status === 429) return "refused";
  // A proxy that lost patience (408), or would not risk a replay of early data (425).
  if (status === 408 || status === 425) return "open";
  if (status < 500) return "final";
  return retryAfterMs === null && code !== null && SET_UP_CODES.includes(code) ? "final" : "open";
}

/** The longest `Retry-After` (ms) that is told: 2^31 s, which RFC 9111 §1.2.2 has for what is too long to be counted. */
const LONGEST_RETRY_AFTER_MS = 2 ** 31 * 1_000;

/** `Retry-After` (RFC 9110 §10.2.3) in ms from `now`: seconds or an HTTP date; null where it is missing or neither. */
export function retryAfterMsOf(value: string | null, now: number): number | null {
  const text = value?.trim() ?? "";
  // Each form of an HTTP date begins with a day of the week; Date.parse alone takes "1.5" for a date.
  const isDate = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text);
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : isDate ? Date.parse(text) - now : Number.NaN;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS);
}
