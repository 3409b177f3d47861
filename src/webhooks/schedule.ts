// When webhook attempts are made: retry times, jitter and the limits of `Retry-After`. Pure: time and randomness are parameters.

/** The slots of one delivery cycle, in seconds after it began. Front-loaded, because a solution is valid for 120 s. */
export const DELIVERY_SCHEDULE_S = [0, 2, 5, 10, 20, 40, 70, 300, 1_800, 7_200, 21_600, 43_200] as const;
const DELIVERY_SCHEDULE_MS = DELIVERY_SCHEDULE_S.map((seconds) => seconds * 1_000);

/** Jitter of every attempt but the first, as a share of its delay, so that tasks that ended together do not retry together. */
const DELIVERY_JITTER = 0.1;

/** The longest `Retry-After` (ms) that is honored while the solution is available, and afterwards. */
const MAX_RETRY_AFTER_WITH_SOLUTION_MS = 60_000;
const MAX_RETRY_AFTER_MS = 3_600_000;

/** An attempt of a delivery cycle. Times in ms since the epoch. */
export interface LastAttempt {
  /** When the cycle began: the schedule counts from here. */
  readonly startedAt: number;
  /** Attempts of the cycle so far, this one included. */
  readonly made: number;
  readonly sentAt: number;
  /** `Retry-After` of the receiver in ms, uncapped, or null. */
  readonly retryAfterMs: number | null;
}

/**
 * When the next webhook attempt is due (ms since the epoch), or null when the schedule is used up.
 *
 * It is the time of the first slot of the schedule that has not passed. A slot is skipped, too, where `Retry-After` or the distance
 * to the last attempt would move it out of its jitter: two attempts are never nearer than a slot is to the one before it.
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
  for (let slot = Math.max(last.made, 1); slot < DELIVERY_SCHEDULE_MS.length; slot += 1) {
    const delayMs = DELIVERY_SCHEDULE_MS[slot] ?? 0;
    const gapMs = delayMs - (DELIVERY_SCHEDULE_MS[slot - 1] ?? 0);
    const earliest = Math.max(allowedAt, last.sentAt + gapMs);
    const passed = last.startedAt + delayMs <= now;
    if (passed || earliest > last.startedAt + delayMs * (1 + DELIVERY_JITTER)) continue;
    return Math.max(Math.round(last.startedAt + delayMs * (1 + jitter * DELIVERY_JITTER)), earliest);
  }
  return null;
}
