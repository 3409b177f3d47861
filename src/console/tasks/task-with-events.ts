// A task and its timeline as one thing that is watched: how it is read, and when it is worth looking again. Reads only.

import { isFinal } from "../../tasks/status.ts";
import type { Task, TimelineEvent } from "../api/answers.ts";
import type { Api } from "../api/api.ts";
import type { Result } from "../api/failure.ts";
import type { RefreshPolicy } from "../refresh/watch.ts";
import { nextChangeOf } from "./timeline-rows.ts";

/** A task and its timeline, read one after the other. */
export interface TaskWithEvents {
  readonly task: Task;
  readonly events: readonly TimelineEvent[];
}

/** Reads a task and then its timeline: one request at a time. */
export async function readTaskWithEvents(api: Api, id: string, signal: AbortSignal): Promise<Result<TaskWithEvents>> {
  const task = await api.task(id, signal);
  if (!task.ok) return task;
  const timeline = await api.events(id, signal);
  if (!timeline.ok) return timeline;
  return { ok: true, value: { task: task.value, events: timeline.value.events } };
}

/** A running task is looked at closely; a finished one when its webhook or its solution's end is due, and then never again. */
export function refreshPolicyOf({ task }: TaskWithEvents, now: number): RefreshPolicy {
  if (!isFinal(task.status)) return { running: true, nextChangeAt: null, settled: false };
  const nextChangeAt = nextChangeOf(task, now);
  return { running: false, nextChangeAt, settled: nextChangeAt === null };
}
