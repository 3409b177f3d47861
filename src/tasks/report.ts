// Logs the status changes of tasks, and writes an Analytics Engine data point per finished task.

import { log } from "../log.ts";
import { loggableCode } from "../upstream/codes.ts";
import type { TaskRecord } from "./record.ts";
import { isFinal } from "./status.ts";
import { TASK_ID_PREFIX } from "./task-id.ts";

/** Logs the change from `before` to `after`. A new task is in the access log, and another line would delay its response. */
export function reportChange(analytics: AnalyticsEngineDataset, before: TaskRecord, after: TaskRecord): void {
  const finished = isFinal(after.status);
  const upstreamCode = after.error?.upstreamCode;
  log(after.error?.code === "internal" ? "error" : "info", "task", {
    taskId: TASK_ID_PREFIX + after.id,
    tenantId: after.tenantId,
    mode: after.mode,
    from: before.status,
    to: after.status,
    errorCode: after.error?.code,
    upstreamCode: upstreamCode === undefined ? undefined : loggableCode(upstreamCode),
    ...(finished ? { ageMs: (after.finishedAt ?? after.createdAt) - after.createdAt, polls: after.polls } : {}),
  });
  if (finished) analytics.writeDataPoint(pointOf(after));
}

/** Logs that all webhook attempts of a task have failed. */
export function reportExhausted({ id, tenantId, delivery }: TaskRecord): void {
  const { attempts, lastStatus } = delivery ?? { attempts: 0, lastStatus: null };
  log("warn", "webhook_exhausted", { taskId: TASK_ID_PREFIX + id, tenantId, attempts, lastStatus });
}

/**
 * The data point of a finished task. index1: tenant · blob1: status, blob2: error code, blob3: mode · double1: solve time (ms from the
 * upstream's acceptance), double2: lag (ms from the last time without a solution to the solution, an upper bound of the delay by
 * polling), double3: polls, double4: submissions.
 */
function pointOf(record: TaskRecord): AnalyticsEngineDataPoint {
  const finishedAt = record.finishedAt ?? record.createdAt;
  const solveMs = record.submittedAt === null ? 0 : finishedAt - record.submittedAt;
  const lagMs = record.status === "ready" && record.unsolvedAt !== null ? finishedAt - record.unsolvedAt : 0;
  return {
    indexes: [record.tenantId],
    blobs: [record.status, record.error?.code ?? "", record.mode],
    doubles: [solveMs, lagMs, record.polls, record.submissions],
  };
}
