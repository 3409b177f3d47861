// One solve, from the creation of its task to the solution. Whatever ends it before the task is finished cancels the task: its
// solution would not be used.

import { SolvegateError } from "./error.ts";
import type { Answer } from "./response.ts";
import { isSolved, readTask } from "./shapes.ts";
import { type Creation, creationOf, sendCreation } from "./tasks.ts";
import { unlessAborted, withTimeLimit } from "./time-limits.ts";
import type { AttemptState, CallOptions, Transport } from "./transport.ts";
import type { FinalTask, NewTask, SolvedTask, Task, TaskInput } from "./types.ts";
import { taskPath, waitForCompletion } from "./wait-for-completion.ts";

/** Options of a solve. `signal`: aborting it cancels the task, and then throws the signal's reason. */
export interface SolveOptions extends CallOptions, Omit<NewTask, "task"> {
  /**
   * Called with the accepted task and after each change. What it throws ends the solve and cancels the task. A promise is awaited,
   * until this call's deadline at most; a rejection counts like an exception.
   */
  readonly onProgress?: ((task: Task) => unknown) | undefined;
  /** By default a new one per solve. With one of your own, a repeated solve finds the task of the first. */
  readonly idempotencyKey?: string | undefined;
}

/** The gateway's default deadline of a task (s). */
const DEFAULT_TIMEOUT_S = 120;

/** Beyond the task's deadline this call waits so long (ms) for the final response, and for a gateway that restarts. */
const GRACE_MS = 5_000;

/** Time limit (ms) of canceling the task when a solve ends early: its caller is waiting. */
const CANCEL_MS = 5_000;

/** On abort, a creation in flight has this long (ms) to be answered before it is sent again. */
const LANDING_MS = 1_000;

/** The longest deadline (ms) that a gateway gives a task. */
const MAX_TASK_MS = 300_000;

/**
 * @param waitSeconds the longest long poll
 * @throws SolvegateError for every end without a solution; the signal's reason when that aborts
 */
export async function solve(
  transport: Transport,
  waitSeconds: number,
  input: TaskInput,
  options: SolveOptions,
): Promise<SolvedTask> {
  const { signal, onProgress, idempotencyKey, ...request } = options;
  signal?.throwIfAborted();
  const startedAt = Date.now();
  const endOf = (timeoutMs: number) => startedAt + timeoutMs + GRACE_MS;
  const creation = creationOf({ ...request, task: input }, idempotencyKey);
  const requestedEnd = endOf((request.timeoutSeconds ?? DEFAULT_TIMEOUT_S) * 1_000);
  const created = await createOrCancel(transport, creation, requestedEnd, signal);
  const deadline =
    request.timeoutSeconds === undefined ? Math.max(requestedEnd, endOf(timeoutMsOf(created.value))) : requestedEnd;
  const { id } = created.value;
  let final: Answer<FinalTask>;
  try {
    final = await waitForCompletion(transport, id, { deadline, waitSeconds, signal, onProgress }, created);
  } catch (error) {
    await cancelQuietly(transport, id, Date.now() + CANCEL_MS);
    throw error;
  }
  if (isSolved(final.value)) return final.value;
  throw unsolvedError(transport, final.value, final.requestId);
}

/** The task's time (ms) by the gateway's clock alone. */
function timeoutMsOf({ createdAt, deadlineAt }: Task): number {
  const ms = Date.parse(deadlineAt) - Date.parse(createdAt);
  return Number.isNaN(ms) ? 0 : Math.min(ms, MAX_TASK_MS);
}

/** The created task. If the creation is aborted or fails, a task that may exist is canceled before this throws. */
async function createOrCancel(
  transport: Transport,
  creation: Creation,
  deadline: number,
  signal: AbortSignal | undefined,
): Promise<Answer<Task>> {
  const attempts: AttemptState = { inFlight: false, uncertain: false };
  // The caller's signal must not end an attempt in flight: its response is the shortest way to the task's id.
  const landing = new AbortController();
  const pending = sendCreation(transport, creation, { deadline, signal: landing.signal, attempts });
  try {
    return await unlessAborted(signal, pending);
  } catch (error) {
    await cancelCreation(transport, creation, pending, attempts, landing);
    throw signal?.aborted ? signal.reason : error;
  }
}

/** Finds the task of a creation whose outcome is unknown, and cancels it. Failures are ignored: the caller gets the first one. */
async function cancelCreation(
  transport: Transport,
  creation: Creation,
  pending: Promise<Answer<Task>>,
  attempts: AttemptState,
  landing: AbortController,
): Promise<void> {
  const deadline = Date.now() + CANCEL_MS;
  // Between two attempts there is nothing to wait for, and no further attempt may be sent.
  if (!attempts.inFlight) landing.abort();
  const landed = await withTimeLimit(LANDING_MS, undefined, () => pending).catch(() => null);
  landing.abort();
  // The idempotency key finds the task. If no attempt has arrived, this creates one, which is canceled like any other.
  const resend = () => sendCreation(transport, creation, { deadline }).catch(() => null);
  const created = landed ?? (attempts.inFlight || attempts.uncertain ? await resend() : null);
  if (created !== null) await cancelQuietly(transport, created.value.id, deadline);
}

/** Cancels a task whose solution will not be used. If that fails, the task ends at its own deadline. */
async function cancelQuietly(transport: Transport, id: string, deadline: number): Promise<void> {
  const path = `${taskPath(id)}/cancel`;
  await transport.call({ method: "POST", path, idempotent: true, read: readTask, deadline }).catch(() => null);
}

/** Why a finished task has no solution to return. */
function unsolvedError(transport: Transport, task: FinalTask, requestId: string | null): SolvegateError {
  const details = { task, requestId };
  switch (task.status) {
    case "failed": {
      const { code, message, upstreamCode } = task.error;
      const detail = upstreamCode === undefined ? `${message}` : `${message} (${upstreamCode})`;
      return new SolvegateError(transport.redact(code), transport.redact(detail), details);
    }
    case "canceled":
      return new SolvegateError("task_canceled", "The task was canceled", details);
    case "ready":
      return task.solutionState === "claimed"
        ? new SolvegateError("already_claimed", "The solution was claimed before; it is handed out once", details)
        : new SolvegateError("solution_expired", "The solution expired and was erased", details);
  }
}
