// A task with its timeline, as one thing that a view watches.

import type { Result } from "../api/failure.ts";
import type { TenantApi } from "../api/tenant-api.ts";
import type { Task, TimelineEntry } from "../api/wire.ts";
import type { EventSource, RefreshPolicy, Watched } from "../refresh/watch.ts";
import { useWatch } from "../refresh/watch.ts";
import { useTenant } from "../session/session.ts";
import { isFinal } from "./task-status.tsx";
import { nextChangeOf } from "./timeline-rows.ts";

export interface TaskWithEvents {
  readonly task: Task;
  readonly events: readonly TimelineEntry[];
}

/** Watches a task and its timeline. */
export function useTaskWithEvents(id: string): Watched<TaskWithEvents> {
  const { api, stream } = useTenant();
  const events: EventSource = { stream, concerns: ({ taskId }) => taskId === id };
  return useWatch(`task ${id}`, (signal) => read(api, id, signal), policyOf, events);
}

/** Reads the task and then its timeline: one request at a time. */
async function read(api: TenantApi, id: string, signal: AbortSignal): Promise<Result<TaskWithEvents>> {
  const task = await api.task(id, signal);
  if (!task.ok) return task;
  const events = await api.events(id, signal);
  if (!events.ok) return events;
  return { ok: true, value: { task: task.value, events: events.value } };
}

/** A running task is read often. A finished one is read when its next webhook attempt or its solution's expiry is due. */
function policyOf({ task }: TaskWithEvents, now: number): RefreshPolicy {
  if (!isFinal(task.status)) return { running: true, nextChangeAt: null, final: false };
  const nextChangeAt = nextChangeOf(task, now);
  return { running: false, nextChangeAt, final: nextChangeAt === null };
}
