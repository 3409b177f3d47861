// When webhook attempts are made: retry times, jitter and the caps of `Retry-After`. Pure: time and randomness are parameters.

/** Attempts of one delivery cycle, in seconds after it began. Front-loaded, because a solution lives 120 s. */
const DELIVERY_SCHEDULE_S = [0, 2, 5, 10, 20, 40, 70, 300, 1_800, 7_200, 21_600, 43_200] as const;

/** Jitter of every attempt but the first, as a share of its delay, so that tasks of one moment do not retry in step. */
const DELIVERY_JITTER = 0.1;

/** The longest `Retry-After` (ms) that is honored while the solution is available, and afterwards. */
const MAX_RETRY_AFTER_WITH_SOLUTION_MS = 60_000;
const MAX_RETRY_AFTER_MS = 3_600_000;

/** The pause (ms) before an attempt whose time has passed already. */
const BEHIND_SCHEDULE_MS = 1_000;

/**
 * When the next webhook attempt is due (ms since the epoch), or null when the schedule is used up.
 * @param cycle when the delivery cycle began, and how many attempts it has had
 * @param jitter from -1 to 1
 * @param retryAfterMs the receiver's `Retry-After`, uncapped, or null
 */
export function nextAttemptAt(
  cycle: { readonly startedAt: number; readonly made: number },
  jitter: number,
  retryAfterMs: number | null,
  solutionAvailable: boolean,
  now: number,
): number | null {
  const delayS = DELIVERY_SCHEDULE_S[cycle.made];
  if (delayS === undefined) return null;
  const share = cycle.made === 0 ? 0 : jitter * DELIVERY_JITTER;
  const scheduled = Math.round(cycle.startedAt + delayS * 1_000 * (1 + share));
  const cap = solutionAvailable ? MAX_RETRY_AFTER_WITH_SOLUTION_MS : MAX_RETRY_AFTER_MS;
  const earliest = scheduled > now ? scheduled : now + BEHIND_SCHEDULE_MS;
  return Math.max(earliest, now + Math.min(retryAfterMs ?? 0, cap));
}
