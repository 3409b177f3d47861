// When the console looks again. PURE: a history and what the last look came to give the next history and its pause. Refuses to hammer: a
// fault doubles the pause, `Retry-After` is never undercut, and what does not change is asked more and more seldom.

/** Looks in a row that showed nothing new, and faults in a row. */
export interface RefreshHistory {
  readonly unchanged: number;
  readonly faults: number;
}

/** What a look came to. `retryAfterMs`: what the gateway asked for, or null. */
export type LoadOutcome =
  | { readonly tag: "changed" }
  | { readonly tag: "same" }
  | { readonly tag: "failed"; readonly retryAfterMs: number | null };

/** The history of a view that was just opened, or that its reader has come back to. */
export const FRESH: RefreshHistory = { unchanged: 0, faults: 0 };

/** Pauses (ms) while a task runs: upstream is polled each 3 s, so something can change as often. */
const RUNNING_MS = [2_500, 2_500, 2_500, 2_500, 2_500, 2_500, 4_000, 6_000] as const;

/** Pauses (ms) while nothing runs: a new task may come at any time, and mostly none does. */
const QUIET_MS = [2_500, 4_000, 6_000, 10_000, 20_000, 30_000] as const;

/** Pauses (ms) after faults in a row. */
const FAILED_MS = [2_000, 4_000, 8_000, 16_000, 30_000] as const;

/** The longest that `Retry-After` is obeyed without the reader's asking again (ms). */
const MAX_RETRY_AFTER_MS = 300_000;

export function historyAfter(history: RefreshHistory, look: LoadOutcome): RefreshHistory {
  switch (look.tag) {
    case "changed":
      return FRESH;
    case "same":
      return { unchanged: history.unchanged + 1, faults: 0 };
    case "failed":
      return { unchanged: history.unchanged, faults: history.faults + 1 };
  }
}

/** The pause (ms) before the next look, by the history after the last one. */
export function refreshIntervalMs(history: RefreshHistory, look: LoadOutcome, running: boolean): number {
  if (look.tag === "failed") {
    return Math.max(step(FAILED_MS, history.faults - 1), Math.min(look.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS));
  }
  return step(running ? RUNNING_MS : QUIET_MS, history.unchanged);
}

function step(pauses: readonly number[], index: number): number {
  return pauses[Math.min(Math.max(index, 0), pauses.length - 1)] ?? 0;
}
