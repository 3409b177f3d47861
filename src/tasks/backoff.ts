// Pauses after consecutive failures. Pure.

/** Pauses (ms) after the first, second … consecutive upstream failure; the last one repeats until the deadline. */
const BACKOFF_MS = [3_000, 6_000, 12_000, 15_000] as const;

/** Pauses (ms) when the tenant's object does not answer. It runs on the same platform, so it is back soon. */
const INTERNAL_BACKOFF_MS = [1_000, 2_000, 5_000, 15_000, 60_000] as const;

/** The pause (ms) after the `failures`-th consecutive upstream failure (from 1), at least `floorMs` and the upstream's `Retry-After`. */
export function backoffMs(failures: number, floorMs: number, retryAfterMs: number | null): number {
  return Math.max(pauseOf(BACKOFF_MS, failures), floorMs, retryAfterMs ?? 0);
}

/** The pause (ms) after the `failures`-th consecutive failure (from 1) inside the gateway. */
export function internalBackoffMs(failures: number): number {
  return pauseOf(INTERNAL_BACKOFF_MS, failures);
}

/** As `internalBackoffMs`, but pauses go on doubling to an hour: for finished tasks, which have no deadline. */
export function lastingBackoffMs(failures: number): number {
  const doublings = Math.max(failures - INTERNAL_BACKOFF_MS.length, 0);
  return Math.min(internalBackoffMs(failures) * 2 ** doublings, LONGEST_LASTING_MS);
}

const LONGEST_LASTING_MS = 3_600_000;

/** The shortest and the longest pause (ms) between tries to reach a tenant's object that stays away. */
const OUTAGE_BACKOFF_MS = { min: 1_000, max: 600_000 } as const;

/**
 * The pause (ms) before a tenant's object is tried again that has not answered for `sinceMs`: as long as that, so pauses double, and an
 * eviction, which loses a count of tries, does not shorten them.
 */
export function outageBackoffMs(sinceMs: number): number {
  return Math.min(Math.max(sinceMs, OUTAGE_BACKOFF_MS.min), OUTAGE_BACKOFF_MS.max);
}

/**
 * The pause (ms) before a record is looked at again that cannot be read for `sinceMs`: 5, 15, then always 60 s. Short, so that a rollback
 * to the version that wrote it saves the task before its deadline.
 */
export function unreadableRetryMs(sinceMs: number): number {
  if (sinceMs < 5_000) return 5_000;
  return sinceMs < 20_000 ? 15_000 : 60_000;
}

function pauseOf(pauses: readonly number[], count: number): number {
  const index = Math.min(Math.max(count, 1), pauses.length) - 1;
  return pauses[index] ?? 0;
}
