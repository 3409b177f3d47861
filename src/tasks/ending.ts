// Transitions to a final status. Pure.

import type { FailureKind, Solution } from "../upstream/protocol.ts";
import type { Solver } from "./events.ts";
import { answerMessage } from "./failure-message.ts";
import { withoutUnsentIntent } from "./intent.ts";
import type { StoredSolution, TaskError, TaskRecord } from "./record.ts";
import { solutionTimes } from "./solution.ts";
import type { TaskErrorCode } from "./status.ts";
import { withTimelineEntry } from "./timeline.ts";

/** Finishes a task with a solution. */
export function ready(record: TaskRecord, solution: Solution, solver: Solver, now: number): TaskRecord {
  const unsolvedAt = record.unsolvedAt ?? record.submittedAt ?? now;
  // A user agent in the upstream's solution takes precedence over the configuration.
  const { userAgent = solver.userAgent, secChUa = solver.secChUa } = solution;
  const stored: StoredSolution = { ...solution, userAgent, secChUa };
  return finish(record, "ready", now, {
    solution: stored,
    solutionState: "available",
    ...solutionTimes(unsolvedAt),
  });
}

/** Fails a task that the upstream rejected or could not solve. */
export function rejected(
  record: TaskRecord,
  kind: FailureKind,
  code: string,
  description: string,
  now: number,
): TaskRecord {
  const unsolvable = kind === "unsolvable";
  const message = answerMessage(record, description === code ? "" : description);
  const error: TaskError = { code: unsolvable ? "unsolvable" : "upstream_rejected", message };
  return finish(record, "failed", now, { error: code === "" ? error : { ...error, upstreamCode: code } });
}

/** Fails a task for another reason than the upstream's response. */
export function fail(record: TaskRecord, code: TaskErrorCode, message: string, now: number): TaskRecord {
  return finish(record, "failed", now, { error: { code, message } });
}

/** Makes a task final. The report of its outcome and its webhook are due immediately. */
export function finish(
  record: TaskRecord,
  status: "ready" | "failed" | "canceled",
  now: number,
  outcome: Partial<TaskRecord> = {},
): TaskRecord {
  const { delivery } = record;
  const next: TaskRecord = {
    ...withoutUnsentIntent(record),
    ...outcome,
    status,
    finishedAt: now,
    settleAt: now,
    delivery: delivery === null ? null : { ...delivery, roundAt: now, nextAttemptAt: now },
  };
  return withTimelineEntry(next, now, status, { durationMs: now - record.createdAt });
}
