// When a view is loaded again. Pure: the results of past loads in, an interval out. Intervals grow while nothing changes and after
// failures, and are never shorter than `Retry-After`.

/** Whether and when what was loaded can change. */
export interface RefreshPolicy {
  /** Something is in progress. */
  readonly running: boolean;
  /** When the next known change is due (ms since the epoch), or null. */
  readonly nextChangeAt: number | null;
  /** When to load it again without an event stream (ms since the epoch); by default soon. */
  readonly pollAt?: number;
  /** It is not loaded again, because nothing else changes it. */
  readonly final: boolean;
}

/** Loads in a row that showed nothing new, and failures in a row. */
export interface RefreshHistory {
  readonly unchanged: number;
  readonly failures: number;
}

/** The outcome of a load. `retryAfterMs`: from the response's `Retry-After`, or null. */
export type LoadOutcome =
  | { readonly tag: "changed" }
  | { readonly tag: "same" }
  | { readonly tag: "failed"; readonly retryAfterMs: number | null };

/** The history of a view that was just opened or came back into sight. */
export const FRESH: RefreshHistory = { unchanged: 0, failures: 0 };

/** Intervals (ms) while a task runs: the upstream is polled every 3 s, so something can change as often. */
const RUNNING_MS = [2_500, 2_500, 2_500, 2_500, 2_500, 2_500, 4_000, 6_000] as const;

/** Intervals (ms) while nothing runs: a new task can appear at any time, and usually none does. */
const QUIET_MS = [2_500, 4_000, 6_000, 10_000, 20_000, 30_000] as const;

/** Intervals (ms) after failures in a row. */
const FAILED_MS = [2_000, 4_000, 8_000, 16_000, 30_000] as const;

/** The longest `Retry-After` (ms) that is honored; the reader can refresh sooner. */
const MAX_RETRY_AFTER_MS = 300_000;

export function historyAfter(history: RefreshHistory, outcome: LoadOutcome): RefreshHistory {
  switch (outcome.tag) {
    case "changed":
      return FRESH;
    case "same":
      return { unchanged: history.unchanged + 1, failures: 0 };
    case "failed":
      return { unchanged: history.unchanged, failures: history.failures + 1 };
  }
}

/** The interval (ms) before the next load, given the history after the last one. */
export function refreshIntervalMs(history: RefreshHistory, outcome: LoadOutcome, running: boolean): number {
  if (outcome.tag === "failed") {
    return Math.max(at(FAILED_MS, history.failures - 1), Math.min(outcome.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS));
  }
  return at(running ? RUNNING_MS : QUIET_MS, history.unchanged);
}

function at(intervals: readonly number[], index: number): number {
  return intervals[Math.min(Math.max(index, 0), intervals.length - 1)] ?? 0;
}
