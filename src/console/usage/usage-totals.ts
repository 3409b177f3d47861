// What a month of usage comes to: totals, the success rate, failures by code, solve times. PURE. Refuses to invent: the days'
// percentiles cannot be merged into the month's, so the middle of the days is given and called that.

import type { UsageDay } from "../api/answers.ts";

interface Failures {
  readonly code: string;
  readonly n: number;
  /** Of all failures, 0 to 1. */
  readonly share: number;
}

export interface Month {
  readonly submitted: number;
  readonly ready: number;
  readonly failed: number;
  readonly canceled: number;
  /** Submitted and not finished yet. */
  readonly unfinished: number;
  /** Ready among ready and failed, 0 to 1; null where neither was. */
  readonly successRate: number | null;
  /** The most frequent first. */
  readonly failures: readonly Failures[];
  /** The median of the days' percentiles, in ms; null where nothing was solved. */
  readonly solveMs: { readonly p50: number | null; readonly p95: number | null };
  /** Days with a solved task. */
  readonly solvedDays: number;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

/** The failures of a day, all codes together. */
export function failedOf(day: UsageDay): number {
  return sum(Object.values(day.failed));
}

/** Submitted that day and not finished yet. A task can finish between two of the gateway's counts: never under 0. */
export function unfinishedOf(day: UsageDay): number {
  return Math.max(day.submitted - day.ready - failedOf(day) - day.canceled, 0);
}

/** Ready among ready and failed, 0 to 1; null where neither was: a canceled task is nobody's failure. */
export function successRateOf(ready: number, failed: number): number | null {
  return ready + failed === 0 ? null : ready / (ready + failed);
}

export function monthOf(days: readonly UsageDay[]): Month {
  const ready = sum(days.map((day) => day.ready));
  const failed = sum(days.map(failedOf));
  const byCode = new Map<string, number>();
  for (const day of days) {
    for (const [code, n] of Object.entries(day.failed)) byCode.set(code, (byCode.get(code) ?? 0) + n);
  }
  return {
    submitted: sum(days.map((day) => day.submitted)),
    ready,
    failed,
    canceled: sum(days.map((day) => day.canceled)),
    unfinished: sum(days.map(unfinishedOf)),
    successRate: successRateOf(ready, failed),
    failures: [...byCode]
      .map(([code, n]) => ({ code, n, share: n / failed }))
      .sort((a, b) => b.n - a.n || (a.code < b.code ? -1 : 1)),
    solveMs: { p50: median(days.map((day) => day.solveMs.p50)), p95: median(days.map((day) => day.solveMs.p95)) },
    solvedDays: days.filter((day) => day.solveMs.p50 !== null).length,
  };
}

/** Nearest-rank median of what is there. */
function median(values: readonly (number | null)[]): number | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length / 2) - 1] ?? null;
}
