// Retries for calls to Durable Objects. The platform marks the errors that it throws when an object is reset (by a deployment or a
// failover), unreachable or overloaded.

import { ApiError } from "./errors.ts";

/** Pauses (ms) double from the first to the longest. All attempts together take up to 1.5 s. */
export const RETRY_DELAY_MS = 50;
const LONGEST_PAUSE_MS = 800;
const MAX_ATTEMPTS = 6;

/** `Retry-After` (s) for an overloaded object. */
const OVERLOADED_RETRY_AFTER_S = 5;

/**
 * Calls an object, and retries retryable errors. Only for idempotent calls, because a failed attempt may have taken effect. An
 * overloaded object is not called again.
 * @param call must create a new stub each time: a stub is broken once its object was reset. Receives the number of the attempt, from 1.
 * @throws the error of the last attempt, or the first error that is not retryable
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

/** The pause (ms) after a number of failed attempts: exponential, reduced by up to half at random (0 ≤ random < 1). */
export function retryPauseMs(attempts: number, random: number): number {
  const longest = Math.min(RETRY_DELAY_MS * 2 ** (attempts - 1), LONGEST_PAUSE_MS);
  return longest * (1 - random / 2);
}

/** The error response for an overloaded object, or null for any other error. */
export function overloadedError(error: unknown): ApiError | null {
  if (!hasMark(error, "overloaded")) return null;
  return new ApiError(
    "overloaded",
    "This tenant or task has too many requests at the moment. Send the request again later.",
    {
      headers: { "Retry-After": String(OVERLOADED_RETRY_AFTER_S) },
    },
  );
}

/** Whether a call failed because the object was unreachable, reset or overloaded. */
export function isUnavailable(error: unknown): boolean {
  return isRetryable(error) || hasMark(error, "overloaded");
}

function isRetryable(error: unknown): boolean {
  // Some errors are marked both retryable and overloaded. A retry would add to the load.
  if (hasMark(error, "overloaded")) return false;
  return hasMark(error, "durableObjectReset") || hasMark(error, "retryable");
}

function hasMark(error: unknown, mark: "overloaded" | "retryable" | "durableObjectReset"): boolean {
  return error instanceof Error && Reflect.get(error, mark) === true;
}
