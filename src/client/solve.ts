// One solve, from its creation to its solution. Whatever ends it before the task is final cancels the task: nobody is left to use
// the solution.

import { isSolved, readTask } from "./answers.ts";
import { type Creation, creationOf, sendCreation } from "./creation.ts";
import { SolvegateError } from "./error.ts";
import { followTask, taskPath } from "./follow.ts";
import type { Answer, Trail, Transport } from "./transport.ts";
import type { FinalTask, SolvedTask, SolveInput, Task } from "./types.ts";
import { unlessAborted, within } from "./within.ts";

/** How a task is solved. */
export interface SolveOptions {
  /**
   * How long (s) it may take, 10 to 300: the task's deadline at the gateway, and this call's, a few seconds later. By default the
   * gateway's, 120 unless its operator chose another.
   */
  readonly timeoutSeconds?: number | undefined;
  /** Aborting it cancels the task, and then throws its reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Gets the task when it is accepted, and at each change. What it throws ends the solve, and cancels the task. A promise that it
   * returns is awaited, until this call's deadline at the most; what that rejects with is as thrown.
   */
  readonly onProgress?: ((task: Task) => unknown) | undefined;
  /** Yours, handed back with the task. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Where the result is sent too. */
  readonly webhookUrl?: string | undefined;
  /** By default a new one for each solve. With one of your own, a solve that is made again finds the task of the first. */
  readonly idempotencyKey?: string | undefined;
}

/** The gateway's default of a task's deadline (s): what is waited for the creation where the caller names no time. */
const DEFAULT_TIMEOUT_S = 120;

/** After a task's deadline (ms) the gateway has told its end; this much is given to the way there, and to a restart. */
const GRACE_MS = 5_000;

/** What undoing an aborted solve may take (ms): its caller waits for it. */
const UNDO_MS = 5_000;

/** When the abort comes, a creation that is under way has this long (ms) to be answered before it is sent again. */
const LANDING_MS = 1_000;

/** @throws SolvegateError for all but a solution; the reason of the signal when that aborts */
export async function solve(
  transport: Transport,
  waitSeconds: number,
  input: SolveInput,
  options: SolveOptions,
): Promise<SolvedTask> {
  const { signal, onProgress, timeoutSeconds, metadata, webhookUrl, idempotencyKey } = options;
  signal?.throwIfAborted();
  const startedAt = Date.now();
  const endOf = (timeoutMs: number) => startedAt + timeoutMs + GRACE_MS;
  const creation = creationOf({ task: input, webhookUrl, metadata, timeoutSeconds }, idempotencyKey);
  const asked = endOf((timeoutSeconds ?? DEFAULT_TIMEOUT_S) * 1_000);
  const created = await createOrUndo(transport, creation, asked, signal);
  const deadline = timeoutSeconds === undefined ? Math.max(asked, endOf(lifeMsOf(created.value))) : asked;
  const { id } = created.value;
  let final: Answer<FinalTask>;
  try {
    final = await followTask(transport, id, { deadline, waitSeconds, signal, onProgress }, created);
  } catch (error) {
    await cancelQuietly(transport, id, Date.now() + UNDO_MS);
    throw error;
  }
  if (isSolved(final.value)) return final.value;
  throw endedBadly(transport, final.value, final.requestId);
}

/** The longest deadline (ms) that a gateway gives a task. */
const LONGEST_LIFE_MS = 300_000;

/** How long (ms) the gateway gives a task, by its own clock alone. */
function lifeMsOf({ createdAt, deadlineAt }: Task): number {
  const ms = Date.parse(deadlineAt) - Date.parse(createdAt);
  return Number.isNaN(ms) ? 0 : Math.min(ms, LONGEST_LIFE_MS);
}

/** The created task. When the signal aborts first, the task that exists or may exist is canceled before its reason is thrown. */
async function createOrUndo(
  transport: Transport,
  creation: Creation,
  deadline: number,
  signal: AbortSignal | undefined,
): Promise<Answer<Task>> {
  if (signal === undefined) return sendCreation(transport, creation, { deadline });
  const trail: Trail = { flying: false, open: false };
  // The caller's signal must not end an attempt that is under way: its answer is the shortest way to the task's id.
  const landing = new AbortController();
  const pending = sendCreation(transport, creation, { deadline, signal: landing.signal, trail });
  try {
    // The creation has a time limit of its own.
    return await unlessAborted(signal, pending);
  } catch (error) {
    if (!signal.aborted) throw error;
    await undo(transport, creation, pending, trail, landing);
    throw signal.reason;
  }
}

/** Finds the task of a creation whose answer is not known, and cancels it. A failure is nobody's business any more. */
async function undo(
  transport: Transport,
  creation: Creation,
  pending: Promise<Answer<Task>>,
  trail: Trail,
  landing: AbortController,
): Promise<void> {
  const deadline = Date.now() + UNDO_MS;
  // Between two attempts nothing is to be waited for, and no further attempt may leave.
  if (!trail.flying) landing.abort();
  const landed = await within(LANDING_MS, undefined, () => pending).catch(() => null);
  landing.abort();
  // Its idempotency key finds the task; where no attempt has arrived, it makes one, and that is canceled like the other.
  const again = () => sendCreation(transport, creation, { deadline }).catch(() => null);
  const created = landed ?? (trail.flying || trail.open ? await again() : null);
  if (created !== null) await cancelQuietly(transport, created.value.id, deadline);
}

/** Cancels a task that nobody waits for any more. Where that fails, the task ends by its own deadline. */
async function cancelQuietly(transport: Transport, id: string, deadline: number): Promise<void> {
  const path = `${taskPath(id)}/cancel`;
  await transport.call({ method: "POST", path, repeatable: "any", read: readTask, deadline }).catch(() => null);
}

/** Why a task that is final has no solution to give. */
function endedBadly(transport: Transport, task: FinalTask, requestId: string | null): SolvegateError {
  const details = { task, requestId };
  switch (task.status) {
    case "failed": {
      const { code, message, upstreamCode } = task.error;
      const words = upstreamCode === undefined ? `${message}` : `${message} (${upstreamCode})`;
      return new SolvegateError(transport.strike(code), transport.strike(words), details);
    }
    case "canceled":
      return new SolvegateError("task_canceled", "The task was canceled", details);
    case "ready":
      return task.solutionState === "claimed"
        ? new SolvegateError("already_claimed", "The solution was claimed before; it is handed out once", details)
        : new SolvegateError("solution_expired", "The solution has expired and is erased", details);
  }
}
