// How long the console waits before it loads a view again.

import { describe, expect, it } from "vitest";
import type { LoadOutcome } from "../../src/console/refresh/refresh-interval.ts";
import { FRESH, historyAfter, refreshIntervalMs } from "../../src/console/refresh/refresh-interval.ts";

const same: LoadOutcome = { tag: "same" };
const changed: LoadOutcome = { tag: "changed" };
const failed = (retryAfterMs: number | null = null): LoadOutcome => ({ tag: "failed", retryAfterMs });

/** The intervals after each of these outcomes. */
function intervals(outcomes: readonly LoadOutcome[], running: boolean): number[] {
  let history = FRESH;
  return outcomes.map((outcome) => {
    history = historyAfter(history, outcome);
    return refreshIntervalMs(history, outcome, running);
  });
}

const times = (outcome: LoadOutcome, n: number): LoadOutcome[] => Array.from({ length: n }, () => outcome);

describe("while something runs", () => {
  it("loads every 2 to 3 s for as long as a task usually takes", () => {
    for (const interval of intervals(times(same, 5), true)) {
      expect(interval).toBeGreaterThanOrEqual(2_000);
      expect(interval).toBeLessThanOrEqual(3_000);
    }
  });

  it("slows down to 6 s when nothing changes, and is quick again after a change", () => {
    expect(intervals(times(same, 100), true).at(-1)).toBe(6_000);
    expect(intervals([...times(same, 20), changed], true).at(-1)).toBe(2_500);
  });
});

describe("while nothing runs", () => {
  it("backs off step by step to 30 s", () => {
    const seen = intervals(times(same, 10), false);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen[0]).toBeLessThan(5_000);
    expect(seen.at(-1)).toBe(30_000);
  });

  it("is quick again after a change", () => {
    expect(intervals([...times(same, 10), changed], false).at(-1)).toBe(2_500);
  });
});

describe.each([true, false])("after failures, with something running: %s", (running) => {
  it("waits 2, 4, 8, 16 and then 30 s", () => {
    expect(intervals(times(failed(), 7), running)).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  it("starts over after a success", () => {
    expect(intervals([...times(failed(), 6), changed, failed()], running).at(-1)).toBe(2_000);
    expect(intervals([...times(failed(), 6), same, failed()], running).at(-1)).toBe(2_000);
  });

  it("is never shorter than Retry-After, nor than its own interval", () => {
    expect(intervals([failed(10_000)], running)).toEqual([10_000]);
    expect(intervals(times(failed(1_000), 4), running)).toEqual([2_000, 4_000, 8_000, 16_000]);
  });

  it("honors a Retry-After of at most 5 minutes", () => {
    expect(intervals([failed(2_000_000_000)], running)).toEqual([300_000]);
  });
});
