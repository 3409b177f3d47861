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

function pauseOf(pauses: readonly number[], count: number): number {
  const index = Math.min(Math.max(count, 1), pauses.length) - 1;
  return pauses[index] ?? 0;
}
