// The values of a task's enumerated fields, as persisted and on the wire. The published client contains this file, so it imports
// nothing.

export const TASK_STATUSES = ["queued", "processing", "ready", "failed", "canceled"] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

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

export const SOLUTION_STATES = ["none", "available", "claimed", "expired"] as const;
export type SolutionState = (typeof SOLUTION_STATES)[number];

/** Whether a status is final: `ready`, `failed` and `canceled` never change again. */
export function isFinal(status: TaskStatus): boolean {
  return status === "ready" || status === "failed" || status === "canceled";
}
