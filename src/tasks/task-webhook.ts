// The webhook of a task's end, before it is signed: what endpoints and stream clients receive.

import { presentTask } from "./present.ts";
import type { TaskRecord } from "./record.ts";

/** The event types of a task. */
export type TaskEventType = "task.ready" | "task.failed" | "task.canceled";

export interface TaskWebhook {
  /** The `webhook-id`, the same for every delivery of the event. */
  readonly id: string;
  readonly type: TaskEventType;
  readonly body: string;
}

/** The event of a status, or null while the task is unfinished. */
export function eventTypeOf(status: TaskRecord["status"]): TaskEventType | null {
  return status === "ready" || status === "failed" || status === "canceled" ? `task.${status}` : null;
}

/** The webhook of a final task as it is now: without its solution once that is gone. Null while the task is unfinished. */
export function taskWebhook(record: TaskRecord): TaskWebhook | null {
  const type = eventTypeOf(record.status);
  if (type === null || record.finishedAt === null) return null;
  const timestamp = new Date(record.finishedAt).toISOString();
  return { id: `msg_${record.id}`, type, body: JSON.stringify({ type, timestamp, data: presentTask(record) }) };
}
