// A task with its timeline, loaded together.

import type { Solvegate, Task, TimelineEntry } from "../../client/index.ts";
import { isFinal } from "../../tasks/status.ts";
import type { RefreshPolicy } from "../refresh/refresh-interval.ts";
import type { EventSource, Watched } from "../refresh/watch.ts";
import { useWatch } from "../refresh/watch.ts";
import { useTenant } from "../session/session.ts";
import { nextChangeOf } from "./timeline-rows.ts";

export interface TaskWithEvents {
  readonly task: Task;
  readonly events: readonly TimelineEntry[];
}

/** Watches a task and its timeline. */
export function useTaskWithEvents(id: string): Watched<TaskWithEvents> {
  const { client, stream } = useTenant();
  const events: EventSource = { stream, concerns: ({ taskId }) => taskId === id };
  return useWatch(`task ${id}`, (signal) => read(client, id, signal), policyOf, events);
}

/** Reads the task and then its timeline: one request at a time. */
async function read(client: Solvegate, id: string, signal: AbortSignal): Promise<TaskWithEvents> {
  const task = await client.tasks.get(id, { signal });
  return { task, events: await client.tasks.events(id, { signal }) };
}

/** A running task is read often. A finished one is read when its next webhook attempt or its solution's expiry is due. */
function policyOf({ task }: TaskWithEvents, now: number): RefreshPolicy {
  if (!isFinal(task.status)) return { running: true, nextChangeAt: null, final: false };
  const nextChangeAt = nextChangeOf(task, now);
  return { running: false, nextChangeAt, final: nextChangeAt === null };
}
