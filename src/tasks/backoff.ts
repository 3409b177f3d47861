// Pauses between retries. Pure.

/** Pauses (ms) after consecutive upstream failures. The last one repeats. */
const BACKOFF_MS = [3_000, 6_000, 12_000, 15_000] as const;

/** Pauses (ms) after consecutive failures inside the gateway. The first ones are short, because the platform recovers quickly. */
const INTERNAL_BACKOFF_MS = [1_000, 2_000, 5_000, 15_000, 60_000] as const;

/** The pause (ms) after the `failures`-th consecutive upstream failure (from 1), at least `floorMs` and the upstream's `Retry-After`. */
export function backoffMs(failures: number, floorMs: number, retryAfterMs: number | null): number {
  return Math.max(pauseOf(BACKOFF_MS, failures), floorMs, retryAfterMs ?? 0);
}

/** The pause (ms) after the `failures`-th consecutive failure (from 1) inside the gateway. */
export function internalBackoffMs(failures: number): number {
  return pauseOf(INTERNAL_BACKOFF_MS, failures);
}

/** Like `internalBackoffMs`, but pauses keep doubling up to an hour. For finished tasks, which have no deadline. */
export function lastingBackoffMs(failures: number): number {
  const doublings = Math.max(failures - INTERNAL_BACKOFF_MS.length, 0);
  return Math.min(internalBackoffMs(failures) * 2 ** doublings, LONGEST_LASTING_MS);
}

const LONGEST_LASTING_MS = 3_600_000;

/** The shortest and the longest pause (ms) during an outage of a tenant's object. */
const OUTAGE_BACKOFF_MS = { min: 1_000, max: 600_000 } as const;

/**
 * The pause (ms) before the next call to a tenant's object that has failed for `sinceMs`. It equals that time, so pauses double. Unlike a
 * count of failures, the time is not lost in an eviction.
 */
export function outageBackoffMs(sinceMs: number): number {
  return Math.min(Math.max(sinceMs, OUTAGE_BACKOFF_MS.min), OUTAGE_BACKOFF_MS.max);
}

/**
 * The pause (ms) before a record that has been unreadable for `sinceMs` is read again: 5, 15, then always 60 s. Short, so that after a
 * rollback the task can still meet its deadline.
 */
export function unreadableRetryMs(sinceMs: number): number {
  if (sinceMs < 5_000) return 5_000;
  return sinceMs < 20_000 ? 15_000 : 60_000;
}

function pauseOf(pauses: readonly number[], count: number): number {
  const index = Math.min(Math.max(count, 1), pauses.length) - 1;
  return pauses[index] ?? 0;
}
