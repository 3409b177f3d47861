// Waits until a task is finished, by one long poll after another. Reads can be retried freely, so the wait survives restarts of the
// gateway.

import { DOCUMENTED_POLL_MS } from "../poll-interval.ts";
import { SolvegateError } from "./error.ts";
import type { Answer } from "./response.ts";
import { isFinal, readTask } from "./shapes.ts";
import { pause, TimeLimitError, withTimeLimit } from "./time-limits.ts";
import type { Transport } from "./transport.ts";
import type { FinalTask, Task } from "./types.ts";

export interface CompletionOptions {
  /** Ms since the epoch. */
  readonly deadline: number;
  /** The longest long poll (s). */
  readonly waitSeconds: number;
  readonly signal?: AbortSignal | undefined;
  /** Called with the task as first seen and after each change. A promise is awaited, until the deadline at most. */
  readonly onProgress?: ((task: Task) => unknown) | undefined;
}

/**
 * Long polls (s) while progress is reported: the gateway ends one only when the task is finished. Other changes come with the polls of
 * the upstream, except that a task leaves the queue right after its creation.
 */
const FIRST_PROGRESS_POLL_S = 1;
const PROGRESS_POLL_S = DOCUMENTED_POLL_MS / 1_000;

/** Kept (ms) of the remaining time, so that a long poll is answered before the deadline. */
const MARGIN_MS = 500;

/** The shortest pause (ms) after a long poll that ended early, whatever `Retry-After` allows. */
const MIN_EARLY_PAUSE_MS = 1_000;

/**
 * Resolves with the finished task.
 * @param seen the last response with the task, if there is one
 * @throws SolvegateError `deadline_exceeded` when the gateway responds but the task does not finish in time; the signal's reason;
 *   what `onProgress` throws or rejects with
 */
export async function waitForCompletion(
  transport: Transport,
  id: string,
  options: CompletionOptions,
  seen?: Answer<Task>,
): Promise<Answer<FinalTask>> {
  const { deadline, signal, onProgress } = options;
  const path = taskPath(id);
  const readThisTask = (body: unknown, status: number) => {
    const task = readTask(body, status);
    return task?.id === id ? task : undefined;
  };
  let answer = seen;
  let reported = "";
  for (let reads = 0; ; reads += 1) {
    if (answer !== undefined) reported = await report(answer.value, reported, options);
    if (answer !== undefined && isFinalAnswer(answer)) return answer;
    const sentAt = Date.now();
    if (sentAt >= deadline) throw deadlineError(answer?.value);
    const longestS =
      onProgress === undefined ? options.waitSeconds : reads === 0 ? FIRST_PROGRESS_POLL_S : PROGRESS_POLL_S;
    let heldMs = 0;
    const holdSeconds = (remainingMs: number) => {
      const seconds = Math.max(Math.min(longestS, Math.floor((remainingMs - MARGIN_MS) / 1_000)), 0);
      heldMs = seconds * 1_000;
      return seconds;
    };
    const call = { method: "GET", path, idempotent: true, read: readThisTask, holdSeconds, deadline, signal } as const;
    answer = await transport.call<Task>({ ...call, task: answer?.value });
    if (isFinal(answer.value)) continue;
    // It was not held: a proxy removed the header, or the task has too many long polls. Another one at once would be a tight loop.
    const early = heldMs === 0 || Date.now() - sentAt < heldMs / 2;
    const pauseMs = Math.max(answer.retryAfterMs ?? DOCUMENTED_POLL_MS, MIN_EARLY_PAUSE_MS);
    if (early) await pause(Math.min(pauseMs, Math.max(deadline - Date.now(), 0)), signal);
  }
}

export const taskPath = (id: string): string => `/v1/tasks/${encodeURIComponent(id)}`;

function isFinalAnswer(answer: Answer<Task>): answer is Answer<FinalTask> {
  return isFinal(answer.value);
}

/** Reports a task that differs from the one reported before; returns what is reported now, as JSON. */
async function report(
  task: Task,
  before: string,
  { onProgress, deadline, signal }: CompletionOptions,
): Promise<string> {
  if (onProgress === undefined) return before;
  const now = JSON.stringify(task);
  if (now === before) return before;
  const listener = Promise.resolve(onProgress(task));
  // It may reject after the wait for it ended. An unhandled rejection ends a Node process.
  listener.catch(() => undefined);
  try {
    await withTimeLimit(Math.max(deadline - Date.now(), 0), signal, () => listener);
  } catch (error) {
    // A listener that never resolves must not cost the caller a solution that is there.
    if (!(error instanceof TimeLimitError)) throw error;
  }
  return now;
}

function deadlineError(task: Task | undefined): SolvegateError {
  const state = task === undefined ? "" : `: it is ${task.status}`;
  return new SolvegateError("deadline_exceeded", `The task did not finish in time${state}`, { task });
}
