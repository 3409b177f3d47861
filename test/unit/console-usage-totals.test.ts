// What a month of usage comes to.

import { describe, expect, it } from "vitest";
import type { UsageDay } from "../../src/console/api/answers.ts";
import { failedOf, monthOf, successRateOf, unfinishedOf } from "../../src/console/usage/usage-totals.ts";

const day = (changes: Partial<UsageDay> = {}): UsageDay => ({
  day: "2026-11-23",
  submitted: 0,
  ready: 0,
  failed: {},
  canceled: 0,
  solveMs: { p50: null, p95: null },
  ...changes,
});

describe("a month", () => {
  it("without a task has no rate and no time, rather than nought", () => {
    expect(monthOf([day(), day()])).toMatchObject({
      submitted: 0,
      successRate: null,
      failures: [],
      solveMs: { p50: null, p95: null },
      solvedDays: 0,
    });
  });

  it("adds its days up", () => {
    const month = monthOf([
      day({ submitted: 10, ready: 6, failed: { timeout: 2, unsolvable: 1 }, canceled: 1 }),
      day({ submitted: 5, ready: 4, failed: { unsolvable: 1 } }),
    ]);
    expect(month).toMatchObject({ submitted: 15, ready: 10, failed: 4, canceled: 1, unfinished: 0 });
    expect(month.successRate).toBeCloseTo(10 / 14);
  });

  it("counts a canceled and a running task as nobody's failure", () => {
    expect(monthOf([day({ submitted: 4, ready: 2, canceled: 1 })])).toMatchObject({ successRate: 1, unfinished: 1 });
  });

  it("lists failures by code, the most frequent first, and equals by name", () => {
    const { failures } = monthOf([day({ failed: { unsolvable: 1, timeout: 1 } }), day({ failed: { internal: 2 } })]);
    expect(failures).toEqual([
      { code: "internal", n: 2, share: 0.5 },
      { code: "timeout", n: 1, share: 0.25 },
      { code: "unsolvable", n: 1, share: 0.25 },
    ]);
  });

  it("gives the median of the days' percentiles, without the days that have none", () => {
    const solved = (p50: number, p95: number) => day({ solveMs: { p50, p95 } });
    const month = monthOf([solved(9_000, 30_000), day(), solved(5_000, 10_000), solved(6_000, 12_000)]);
    expect(month.solveMs).toEqual({ p50: 6_000, p95: 12_000 });
    expect(month.solvedDays).toBe(3);
    expect(monthOf([solved(1, 2), solved(3, 4)]).solveMs).toEqual({ p50: 1, p95: 2 });
  });
});

it("a day's unfinished tasks are never fewer than none", () => {
  expect(unfinishedOf(day({ submitted: 1, ready: 2 }))).toBe(0);
  expect(failedOf(day({ failed: { timeout: 2, internal: 3 } }))).toBe(5);
  expect(successRateOf(0, 0)).toBeNull();
  expect(successRateOf(0, 3)).toBe(0);
});
