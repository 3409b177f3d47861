// What a change of a task tells the operator: one log line a change, one Analytics Engine point a finished task. Never a
// solution, a key or a secret.

import { log } from "../log.ts";
import type { TaskRecord } from "./record.ts";
import { isFinal } from "./status.ts";
import { TASK_ID_PREFIX } from "./task-id.ts";

/** Reports the change from `before` (null: just accepted) to `after`. */
export function reportChange(analytics: AnalyticsEngineDataset, before: TaskRecord | null, after: TaskRecord): void {
  const finished = isFinal(after.status);
  log(after.error?.code === "internal" ? "error" : "info", "task", {
    taskId: TASK_ID_PREFIX + after.id,
    tenantId: after.tenantId,
    mode: after.mode,
    from: before?.status ?? null,
    to: after.status,
    errorCode: after.error?.code,
    upstreamCode: loggable(after.error?.upstreamCode),
    ...(finished ? { ageMs: (after.finishedAt ?? after.createdAt) - after.createdAt, polls: after.polls } : {}),
  });
  if (finished) analytics.writeDataPoint(pointOf(after));
}

/** Reports webhook attempts that came to their end without one that was taken: their receiver will not hear of it any more. */
export function reportExhausted({ id, tenantId, delivery }: TaskRecord): void {
  const { attempts, lastStatus } = delivery ?? { attempts: 0, lastStatus: null };
  log("warn", "webhook_exhausted", { taskId: TASK_ID_PREFIX + id, tenantId, attempts, lastStatus });
}

/** A code of upstream's as it may stand in a log: what is no code by its form may be anything. */
function loggable(code: string | undefined): string | undefined {
  return code === undefined || /^[A-Z0-9_]{1,64}$/i.test(code) ? code : "(no code by its form)";
}

/**
 * The point of a finished task. index1: tenant · blob1: outcome, blob2: error code, blob3: mode · double1: solve time (ms, from
 * upstream's acceptance), double2: lag (ms between the last moment the solution was known not to exist and knowing it: an upper
 * bound of what the cadence costs), double3: polls, double4: submissions.
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
