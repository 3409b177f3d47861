// A task and its timeline as one thing that is watched: how it is read, and when it is worth looking again. Reads only.

import type { Task, TimelineEvent } from "./answers.ts";
import type { Api } from "./api.ts";
import type { Result } from "./failure.ts";
import { nextChangeOf } from "./lanes.ts";
import type { Outlook } from "./live.ts";
import { isFinal } from "./task-words.tsx";

/** A task and its timeline, read one after the other. */
export interface Story {
  readonly task: Task;
  readonly events: readonly TimelineEvent[];
}

/** Reads a task and then its timeline: one request at a time. */
export async function readStory(api: Api, id: string, signal: AbortSignal): Promise<Result<Story>> {
  const task = await api.task(id, signal);
  if (!task.ok) return task;
  const timeline = await api.events(id, signal);
  if (!timeline.ok) return timeline;
  return { ok: true, value: { task: task.value, events: timeline.value.events } };
}

/** A running task is looked at closely; a finished one when its webhook or its solution's end is due, and then never again. */
export function outlookOf({ task }: Story, now: number): Outlook {
  if (!isFinal(task.status)) return { running: true, nextChangeAt: null, settled: false };
  const nextChangeAt = nextChangeOf(task, now);
  return { running: false, nextChangeAt, settled: nextChangeAt === null };
}
