// The events of webhooks and of the event stream, by type.

import { fieldsOf, parseJson, readTask } from "./shapes.ts";
import type { CanceledTask, FailedTask, SolvedTask, SpentTask } from "./types.ts";

interface EventOf<Type extends string, Data> {
  type: Type;
  /** When it happened; RFC 3339 in UTC with milliseconds. */
  timestamp: string;
  data: Data;
}

/** A task is ready. Late attempts carry no solution: check `data.solutionState`. */
export type TaskReadyEvent = EventOf<"task.ready", SolvedTask | SpentTask>;
export type TaskFailedEvent = EventOf<"task.failed", FailedTask>;
export type TaskCanceledEvent = EventOf<"task.canceled", CanceledTask>;
/** The endpoint was tested. */
export type WebhookTestEvent = EventOf<"webhook.test", { tenantId: string }>;

/** An event, by its `type`. A newer gateway may send others: handle them in a `default`. */
export type WebhookEvent = TaskReadyEvent | TaskFailedEvent | TaskCanceledEvent | WebhookTestEvent;

/** The event in the body of a webhook; undefined if it is not one. It does not verify the signature. */
export function readEvent(text: string): WebhookEvent | undefined {
  const event = parseJson(text);
  const { type, data } = fieldsOf(event) ?? {};
  const known =
    typeof type === "string" && (type.startsWith("task.") ? readTask(data, 200) : fieldsOf(data)) !== undefined;
  return known ? (event as WebhookEvent) : undefined;
}
