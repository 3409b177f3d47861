// The values of a task's enumerated fields. The published client contains this file, so it must not import anything.

/** `queued` and `processing` tasks are unfinished. The other statuses are final. */
export const TASK_STATUSES = ["queued", "processing", "ready", "failed", "canceled"] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

/** The `error.code` of a failed task. */
export const TASK_ERROR_CODES = [
  "upstream_rejected",
  "unsolvable",
  "upstream_unavailable",
  "timeout",
  "quota_exceeded",
  "tenant_suspended",
  "internal",
] as const;
export type TaskErrorCode = (typeof TASK_ERROR_CODES)[number];

/** The state of a task's solution. `claimed` and `expired` solutions are erased. */
export const SOLUTION_STATES = ["none", "available", "claimed", "expired"] as const;

/** Whether a status is final. */
export function isFinal(status: TaskStatus): boolean {
  return status === "ready" || status === "failed" || status === "canceled";
}
