// The validity of a solution: when it expires, and how it is erased. Pure.

import type { TaskRecord } from "./record.ts";
import { withTimelineEntry } from "./timeline.ts";

/** How long (ms) a solution is valid after the last time at which the upstream had no solution yet. */
const SOLUTION_VALID_MS = 120_000;

/** How long (ms) a solution is best used after the same time. */
const SOLUTION_BEST_MS = 60_000;

/** The times of a solution. `notReadyAt`: the last time at which the upstream had none (ms since the epoch). */
export function solutionTimes(notReadyAt: number): Pick<TaskRecord, "solutionExpiresAt" | "solutionBestBefore"> {
  return { solutionExpiresAt: notReadyAt + SOLUTION_VALID_MS, solutionBestBefore: notReadyAt + SOLUTION_BEST_MS };
}

/** Erases an expired solution. */
export function expireSolution(record: TaskRecord, now: number): TaskRecord {
  const { solutionExpiresAt } = record;
  if (record.solutionState !== "available" || solutionExpiresAt === null || solutionExpiresAt > now) return record;
  return withTimelineEntry({ ...record, solution: null, solutionState: "expired" }, solutionExpiresAt, "expired");
}

/** Erases a solution that is claimed. The caller must read it from the previous record. */
export function claimSolution(record: TaskRecord, now: number): TaskRecord {
  if (record.solutionState !== "available") return record;
  return withTimelineEntry({ ...record, solution: null, solutionState: "claimed" }, now, "claimed");
}
