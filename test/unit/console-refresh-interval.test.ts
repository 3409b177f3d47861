// When the console looks again: often enough to see a task run, and never so that it hammers.

import { describe, expect, it } from "vitest";
import type { LoadOutcome, RefreshHistory } from "../../src/console/refresh/refresh-interval.ts";
import { FRESH, historyAfter, refreshIntervalMs } from "../../src/console/refresh/refresh-interval.ts";

const same: LoadOutcome = { tag: "same" };
const changed: LoadOutcome = { tag: "changed" };
const failed = (retryAfterMs: number | null = null): LoadOutcome => ({ tag: "failed", retryAfterMs });

/** The pauses after each of these looks. */
function pauses(looks: readonly LoadOutcome[], running: boolean, start: RefreshHistory = FRESH): number[] {
  let history = start;
  return looks.map((look) => {
    history = historyAfter(history, look);
    return refreshIntervalMs(history, look, running);
  });
}

const times = (look: LoadOutcome, n: number): LoadOutcome[] => Array.from({ length: n }, () => look);

describe("while something runs", () => {
  it("looks every 2 to 3 s for as long as a task usually takes", () => {
    for (const pause of pauses(times(same, 5), true)) {
      expect(pause).toBeGreaterThanOrEqual(2_000);
      expect(pause).toBeLessThanOrEqual(3_000);
    }
  });

  it("slows down when nothing changes, and no further than 6 s", () => {
    expect(pauses(times(same, 100), true).at(-1)).toBe(6_000);
  });

  it("is quick again after a change", () => {
    expect(pauses([...times(same, 20), changed], true).at(-1)).toBe(2_500);
  });
});

describe("while nothing runs", () => {
  it("backs off step by step to 30 s, and never goes back by itself", () => {
    const seen = pauses(times(same, 10), false);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(30_000);
    expect(seen[0]).toBeLessThan(5_000);
  });

  it("is quick again after a change", () => {
    expect(pauses([...times(same, 10), changed], false).at(-1)).toBe(2_500);
  });
});

describe.each([true, false])("after faults, something running: %s", (running) => {
  it("waits 2, 4, 8, 16 and then 30 s", () => {
    expect(pauses(times(failed(), 7), running)).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  it("forgets them with the first answer", () => {
    expect(pauses([...times(failed(), 6), changed, failed()], running).at(-1)).toBe(2_000);
    expect(pauses([...times(failed(), 6), same, failed()], running).at(-1)).toBe(2_000);
  });

  it("never undercuts Retry-After, nor its own pause where that is longer", () => {
    expect(pauses([failed(10_000)], running)).toEqual([10_000]);
    expect(pauses(times(failed(1_000), 4), running)).toEqual([2_000, 4_000, 8_000, 16_000]);
  });

  it("does not sleep for weeks because a Retry-After says so", () => {
    expect(pauses([failed(2_000_000_000)], running)).toEqual([300_000]);
  });
});
