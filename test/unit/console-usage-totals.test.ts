// Totals of days of usage.

import { describe, expect, it } from "vitest";
import type { UsageDay } from "../../src/client/index.ts";
import { failedOf, keyTotalsOf, successRateOf, totalsOf, unfinishedOf } from "../../src/console/usage/usage-totals.ts";

const day = (changes: Partial<UsageDay> = {}): UsageDay => ({
  day: "2026-11-23",
  submitted: 0,
  ready: 0,
  failed: {},
  canceled: 0,
  solveMs: { p50: null, p95: null },
  ...changes,
});

describe("totals of days", () => {
  it("have no rate and no solve time, rather than 0, where there was no task", () => {
    expect(totalsOf([day(), day()])).toMatchObject({
      submitted: 0,
      successRate: null,
      failures: [],
      solveMs: { p50: null, p95: null },
      solvedDays: 0,
    });
  });

  it("are the sums of the days", () => {
    const totals = totalsOf([
      day({ submitted: 10, ready: 6, failed: { timeout: 2, unsolvable: 1 }, canceled: 1 }),
      day({ submitted: 5, ready: 4, failed: { unsolvable: 1 } }),
    ]);
    expect(totals).toMatchObject({ submitted: 15, ready: 10, failed: 4, canceled: 1, unfinished: 0 });
    expect(totals.successRate).toBeCloseTo(10 / 14);
  });

  it("leave canceled and running tasks out of the success rate", () => {
    expect(totalsOf([day({ submitted: 4, ready: 2, canceled: 1 })])).toMatchObject({ successRate: 1, unfinished: 1 });
  });

  it("list failures by code, most frequent first, then by name", () => {
    const { failures } = totalsOf([day({ failed: { unsolvable: 1, timeout: 1 } }), day({ failed: { internal: 2 } })]);
    expect(failures).toEqual([
      { code: "internal", n: 2, share: 0.5 },
      { code: "timeout", n: 1, share: 0.25 },
      { code: "unsolvable", n: 1, share: 0.25 },
    ]);
  });

  it("give the median of the days' percentiles, without the days that have none", () => {
    const solved = (p50: number, p95: number) => day({ solveMs: { p50, p95 } });
    const totals = totalsOf([solved(9_000, 30_000), day(), solved(5_000, 10_000), solved(6_000, 12_000)]);
    expect(totals.solveMs).toEqual({ p50: 6_000, p95: 12_000 });
    expect(totals.solvedDays).toBe(3);
    expect(totalsOf([solved(1, 2), solved(3, 4)]).solveMs).toEqual({ p50: 1, p95: 2 });
  });
});

it("the unfinished tasks of a day are never below 0", () => {
  expect(unfinishedOf(day({ submitted: 1, ready: 2 }))).toBe(0);
  expect(failedOf(day({ failed: { timeout: 2, internal: 3 } }))).toBe(5);
  expect(successRateOf(0, 0)).toBeNull();
  expect(successRateOf(0, 3)).toBe(0);
});

it("usage by key is the sum of the days, most tasks first, and empty where the days have no keys", () => {
  const days = [
    day({ keys: { key_a: { submitted: 2, ready: 1 }, key_b: { submitted: 1, ready: 1 } } }),
    day({ keys: { key_b: { submitted: 4, ready: 4 } } }),
    day(),
  ];
  expect(keyTotalsOf(days)).toEqual([
    { keyId: "key_b", submitted: 5, ready: 5 },
    { keyId: "key_a", submitted: 2, ready: 1 },
  ]);
  expect(keyTotalsOf([day()])).toEqual([]);
});
