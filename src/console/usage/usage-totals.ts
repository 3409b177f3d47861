// Totals of days of usage: counts, the success rate, failures by code, solve times. Pure. The percentiles of days can't be merged into
// those of a longer time, so the median of the days is given instead.

import type { UsageDay } from "../../client/index.ts";

interface FailureCount {
  readonly code: string;
  readonly n: number;
  /** Of all failures, 0 to 1. */
  readonly share: number;
}

export interface UsageTotals {
  readonly submitted: number;
  readonly ready: number;
  readonly failed: number;
  readonly canceled: number;
  /** Submitted and not finished yet. */
  readonly unfinished: number;
  /** Ready among ready and failed, 0 to 1; null where there are neither. */
  readonly successRate: number | null;
  /** Most frequent first. */
  readonly failures: readonly FailureCount[];
  /** The median of the days' percentiles (ms); null where nothing was solved. */
  readonly solveMs: { readonly p50: number | null; readonly p95: number | null };
  /** Days with a solved task. */
  readonly solvedDays: number;
}

/** Totals of one key. */
export interface KeyTotals {
  readonly keyId: string;
  readonly submitted: number;
  readonly ready: number;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

/** A day's failures of all codes. */
export function failedOf({ failed }: Pick<UsageDay, "failed">): number {
  return sum(Object.values(failed));
}

/** A day's tasks that are not finished yet. A task can finish between two of the gateway's counts, so it is never below 0. */
export function unfinishedOf(day: UsageDay): number {
  return Math.max(day.submitted - day.ready - failedOf(day) - day.canceled, 0);
}

/** Ready among ready and failed, 0 to 1; null where there are neither. Canceled tasks are not counted. */
export function successRateOf(ready: number, failed: number): number | null {
  return ready + failed === 0 ? null : ready / (ready + failed);
}

export function totalsOf(days: readonly UsageDay[]): UsageTotals {
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

/** Totals by key, most submitted first; empty where the days have no keys. */
export function keyTotalsOf(days: readonly UsageDay[]): readonly KeyTotals[] {
  const totals = new Map<string, KeyTotals>();
  for (const { keys } of days) {
    for (const [keyId, { submitted, ready }] of Object.entries(keys ?? {})) {
      const last = totals.get(keyId);
      totals.set(keyId, {
        keyId,
        submitted: submitted + (last?.submitted ?? 0),
        ready: ready + (last?.ready ?? 0),
      });
    }
  }
  return [...totals.values()].sort((a, b) => b.submitted - a.submitted);
}

/** The nearest-rank median of the values that are not null. */
function median(values: readonly (number | null)[]): number | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length / 2) - 1] ?? null;
}
