// The unsigned webhook of a finished task, for endpoints and stream clients.

import { rfc3339 } from "../rfc3339.ts";
import { presentTask } from "./present.ts";
import type { TaskRecord } from "./record.ts";

/** The event types of a task. */
export type TaskEventType = "task.ready" | "task.failed" | "task.canceled";

/** The unsigned webhook of a finished task. */
export interface TaskWebhook {
  /** The `webhook-id`, the same for every delivery of the event. */
  readonly id: string;
  readonly type: TaskEventType;
  readonly body: string;
}

/** The event type for a status. Null for an unfinished task. */
export function eventTypeOf(status: TaskRecord["status"]): TaskEventType | null {
  return status === "ready" || status === "failed" || status === "canceled" ? `task.${status}` : null;
}

/** The webhook of a finished task in its current state. Null for an unfinished task. */
export function taskWebhook(record: TaskRecord): TaskWebhook | null {
  const type = eventTypeOf(record.status);
  if (type === null || record.finishedAt === null) return null;
  const timestamp = rfc3339(record.finishedAt);
  return { id: `msg_${record.id}`, type, body: JSON.stringify({ type, timestamp, data: presentTask(record) }) };
}
