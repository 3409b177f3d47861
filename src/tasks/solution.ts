// The lifetime of a solution: when it expires, and how it is erased on expiry or claim. Pure.

import type { TaskRecord } from "./record.ts";
import { withTimelineEntry } from "./timeline.ts";

/** A solution is valid for this long (ms) after the last moment at which the upstream did not have it yet. */
const SOLUTION_VALID_MS = 120_000;

/** A solution is best used within this time (ms) of the same moment. */
const SOLUTION_BEST_MS = 60_000;

/** The times of a solution that the upstream did not have yet at `notReadyAt` (ms since the epoch). */
export function solutionTimes(notReadyAt: number): Pick<TaskRecord, "solutionExpiresAt" | "solutionBestBefore"> {
  return { solutionExpiresAt: notReadyAt + SOLUTION_VALID_MS, solutionBestBefore: notReadyAt + SOLUTION_BEST_MS };
}

/** Erases an expired solution. */
export function expireSolution(record: TaskRecord, now: number): TaskRecord {
  const { solutionExpiresAt } = record;
  if (record.solutionState !== "available" || solutionExpiresAt === null || solutionExpiresAt > now) return record;
  return withTimelineEntry({ ...record, solution: null, solutionState: "expired" }, solutionExpiresAt, "expired");
}

/** Erases a solution that is being handed out. The caller takes it from the record before. */
export function claimSolution(record: TaskRecord, now: number): TaskRecord {
  if (record.solutionState !== "available") return record;
  return withTimelineEntry({ ...record, solution: null, solutionState: "claimed" }, now, "claimed");
}
