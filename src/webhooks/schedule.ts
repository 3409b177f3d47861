// The retry schedule of webhooks: times, jitter and limits of `Retry-After`. Pure.

/** The slots of a delivery cycle (ms after its start). Front-loaded, because a solution is valid for 120 s. */
const SCHEDULE_MS = [0, 2, 5, 10, 20, 40, 70, 300, 1_800, 7_200, 21_600, 43_200].map((seconds) => seconds * 1_000);

/** Jitter of all slots except the first, as a fraction of the delay, so that tasks that ended together do not retry together. */
const JITTER = 0.1;

/** Maximum `Retry-After` (ms) while the solution is available, and afterwards. */
const MAX_RETRY_AFTER_WITH_SOLUTION_MS = 60_000;
const MAX_RETRY_AFTER_MS = 3_600_000;

/** The last attempt of a delivery cycle. Times are in ms since the epoch. */
export interface LastAttempt {
  /** When the cycle began. */
  readonly startedAt: number;
  /** The number of attempts in the cycle so far, including this one. */
  readonly count: number;
  readonly sentAt: number;
  /** `Retry-After` of the response in ms, without a limit, or null. */
  readonly retryAfterMs: number | null;
}

/**
 * When the next attempt is due (ms since the epoch), or null if no slot remains.
 *
 * This is the first slot that has not passed. A slot is also skipped if `Retry-After` or the minimum gap after the last attempt would
 * move it beyond its jitter. The minimum gap is the distance between the slot and the slot before it.
 * @param jitter from -1 to 1
 */
export function nextAttemptAt(
  last: LastAttempt,
  jitter: number,
  solutionAvailable: boolean,
  now: number,
): number | null {
  const maxRetryAfterMs = solutionAvailable ? MAX_RETRY_AFTER_WITH_SOLUTION_MS : MAX_RETRY_AFTER_MS;
  const allowedAt = now + Math.max(Math.min(last.retryAfterMs ?? 0, maxRetryAfterMs), 1);
  for (let slot = Math.max(last.count, 1); slot < SCHEDULE_MS.length; slot += 1) {
    const delayMs = SCHEDULE_MS[slot] ?? 0;
    const gapMs = delayMs - (SCHEDULE_MS[slot - 1] ?? 0);
    const earliest = Math.max(allowedAt, last.sentAt + gapMs);
    const passed = last.startedAt + delayMs <= now;
    if (passed || earliest > last.startedAt + delayMs * (1 + JITTER)) continue;
    return Math.max(Math.round(last.startedAt + delayMs * (1 + jitter * JITTER)), earliest);
  }
  return null;
}
