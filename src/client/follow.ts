// Waiting for a task's end: reads that the gateway holds until the task is final, one after another. It lives through restarts of
// the gateway, for a read may be repeated as often as one likes.

import { isFinal, readTask } from "./answers.ts";
import { SolvegateError } from "./error.ts";
import type { Answer, Transport } from "./transport.ts";
import type { FinalTask, Task } from "./types.ts";
import { OutOfTime, pause, within } from "./within.ts";

/** How a task is waited for. */
export interface FollowOptions {
  /** Ms since the epoch. */
  readonly deadline: number;
  /** Seconds for which one read is held at the most. */
  readonly waitSeconds: number;
  readonly signal?: AbortSignal | undefined;
  /** Gets the task as first seen, and at each change. A promise of it is awaited, until the deadline at the most. */
  readonly onProgress?: ((task: Task) => unknown) | undefined;
}

/**
 * Where changes are watched a read is held this long (s): the gateway ends it at the task's end and at nothing before. What changes
 * before then changes at upstream's cadence of 3 s, except that a task leaves the queue within its first moments.
 */
const FIRST_LOOK_S = 1;
const LOOK_S = 3;

/** Kept (ms) of what is left, so that a held read is answered before the deadline and not at it. */
const MARGIN_MS = 500;

/** A pause (ms) where a read came back early with a task that is not final, and no `Retry-After`. */
const EARLY_PAUSE_MS = 3_000;

/** The shortest such pause (ms), whatever `Retry-After: 0` allows. */
const LEAST_EARLY_PAUSE_MS = 1_000;

/**
 * The task at its end.
 * @param seen the task's answer so far, where there is one
 * @throws SolvegateError `deadline_exceeded` when the gateway answers and the task is not final in time; the signal's reason; what
 *   `onProgress` throws or rejects with
 */
export async function followTask(
  transport: Transport,
  id: string,
  options: FollowOptions,
  seen?: Answer<Task>,
): Promise<Answer<FinalTask>> {
  const { deadline, signal, onProgress } = options;
  const path = taskPath(id);
  const readThis = (body: unknown) => {
    const task = readTask(body);
    return task?.id === id ? task : undefined;
  };
  let answer = seen;
  let shown = "";
  for (let reads = 0; ; reads += 1) {
    if (answer !== undefined) shown = await show(answer.value, shown, options);
    if (answer !== undefined && isFinalAnswer(answer)) return answer;
    const askedAt = Date.now();
    if (askedAt >= deadline) throw lateError(answer?.value);
    const longestS = onProgress === undefined ? options.waitSeconds : reads === 0 ? FIRST_LOOK_S : LOOK_S;
    let heldMs = 0;
    const holdSeconds = (remainingMs: number) => {
      const seconds = Math.max(Math.min(longestS, Math.floor((remainingMs - MARGIN_MS) / 1_000)), 0);
      heldMs = seconds * 1_000;
      return seconds;
    };
    const call = { method: "GET", path, repeatable: "any", read: readThis, holdSeconds, deadline, signal } as const;
    answer = await transport.call<Task>({ ...call, task: answer?.value });
    if (isFinal(answer.value)) continue;
    // Nobody held it: a proxy dropped the wish, or the task has too many waiters. Asking at once would be hammering.
    const early = heldMs === 0 || Date.now() - askedAt < heldMs / 2;
    const pauseMs = Math.max(answer.retryAfterMs ?? EARLY_PAUSE_MS, LEAST_EARLY_PAUSE_MS);
    if (early) await pause(Math.min(pauseMs, Math.max(deadline - Date.now(), 0)), signal);
  }
}

export const taskPath = (id: string): string => `/v1/tasks/${encodeURIComponent(id)}`;

function isFinalAnswer(answer: Answer<Task>): answer is Answer<FinalTask> {
  return isFinal(answer.value);
}

/** Shows a task that differs from what was shown before; what has been shown now. */
async function show(task: Task, before: string, { onProgress, deadline, signal }: FollowOptions): Promise<string> {
  if (onProgress === undefined) return before;
  const now = JSON.stringify(task);
  if (now === before) return before;
  const told = Promise.resolve(onProgress(task));
  // Whatever becomes of the wait for it, a rejection has somebody to hear it: one that has nobody ends a Node process.
  told.catch(() => undefined);
  try {
    await within(Math.max(deadline - Date.now(), 0), signal, () => told);
  } catch (error) {
    // A listener that does not end keeps nobody from a solution that is there.
    if (!(error instanceof OutOfTime)) throw error;
  }
  return now;
}

function lateError(task: Task | undefined): SolvegateError {
  const stands = task === undefined ? "" : `: it is ${task.status}`;
  return new SolvegateError("deadline_exceeded", `The task was not finished in time${stands}`, { task });
}
