// Calls to Durable Objects that fail because the object was lost (a deployment, a failover) or has too many requests. The platform
// marks the errors that it throws then.

import { ApiError } from "./errors.ts";

/** The pauses (ms) between attempts double from the first to the longest: 1.5 s in all, before jitter. */
export const RETRY_DELAY_MS = 50;
const LONGEST_PAUSE_MS = 800;
const MAX_ATTEMPTS = 6;

/** After how long (s) a caller may try an overloaded object again. */
const OVERLOADED_RETRY_AFTER_S = 5;

/**
 * Calls an object, again when it was lost in the middle. Only for idempotent calls. An overloaded object is never called again.
 * @param call calls by a new stub each time: the stub of an object that was lost stays broken. It gets the number of its attempt, from 1:
 *   an earlier attempt may have had its effect.
 * @throws what the last attempt threw, or the first error that is not retryable
 */
export async function withRetry<T>(call: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call(attempt);
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !isRetryable(error)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, retryPauseMs(attempt, Math.random())));
  }
}

/** The pause (ms) after a number of failed attempts: exponential, of which up to a half is left to chance (0 ≤ random < 1). */
export function retryPauseMs(attempts: number, random: number): number {
  const longest = Math.min(RETRY_DELAY_MS * 2 ** (attempts - 1), LONGEST_PAUSE_MS);
  return longest * (1 - random / 2);
}

/** `overloaded` for an error of the platform that says so, else null. */
export function overloadedError(error: unknown): ApiError | null {
  if (!hasMark(error, "overloaded")) return null;
  return new ApiError("overloaded", "There are too many requests for this tenant or task at the moment.", {
    headers: { "Retry-After": String(OVERLOADED_RETRY_AFTER_S) },
  });
}

/** Whether the platform failed the call because the object could not be reached, was lost or is overloaded. */
export function isUnavailable(error: unknown): boolean {
  return isRetryable(error) || hasMark(error, "overloaded");
}

function isRetryable(error: unknown): boolean {
  // The platform marks some errors both retryable and overloaded: a retry would add to the load.
  if (hasMark(error, "overloaded")) return false;
  return hasMark(error, "durableObjectReset") || hasMark(error, "retryable");
}

function hasMark(error: unknown, mark: "overloaded" | "retryable" | "durableObjectReset"): boolean {
  return error instanceof Error && Reflect.get(error, mark) === true;
}
