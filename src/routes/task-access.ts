// Reading a task on behalf of a caller, for both APIs.

import type { Context } from "hono";
import type { Env } from "../env.ts";
import type { AppEnv, Caller } from "../middleware/authenticate.ts";
import { requireValidKey } from "../middleware/authenticate.ts";
import { RETRY_DELAY_MS, withRetry } from "../object-retry.ts";
import { DOCUMENTED_POLL_MS } from "../poll-interval.ts";
import type { Task } from "../tasks/present.ts";
import type { TaskOwner, TaskRef } from "../tasks/rpc.ts";
import { isFinal } from "../tasks/status.ts";
import { objectIdOf } from "../tasks/task-id.ts";

/** The maximum of `Prefer: wait`, in seconds. */
export const MAX_WAIT_S = 60;

/** The owner whose tasks a caller can access. */
export function ownerOf({ tenantId, mode, profile }: Caller): TaskOwner {
  return { tenantId, mode, tenantSince: profile.createdAt };
}

/** A reference to a caller's task. `taskId` is without its prefix. */
export function refOf(caller: Caller, taskId: string): TaskRef {
  return { ...ownerOf(caller), taskId };
}

/** The object of a task. `taskId` is without its prefix. Null if this gateway cannot have created the id. */
export function taskStub(env: Env, taskId: string) {
  try {
    return env.TASKS.get(env.TASKS.idFromString(objectIdOf(taskId)));
  } catch {
    // The platform's ids are signed, so it rejects foreign ids without I/O.
    return null;
  }
}

/** Reads a task. Null if the caller has no such task. */
export async function viewTask(env: Env, taskId: string, caller: Caller): Promise<Task | null> {
  const ref = refOf(caller, taskId);
  return withRetry(async () => (await taskStub(env, taskId)?.view(ref)) ?? null);
}

/**
 * Waits until a task is final, for at most `waitMs`. Null if the caller has no such task.
 * @throws ApiError `unauthenticated` if the key was revoked or expired during the wait
 */
export async function waitForTask(c: Context<AppEnv>, taskId: string, waitMs: number): Promise<Task | null> {
  if (waitMs <= 0) return viewTask(c.env, taskId, c.var.caller);
  const ref = refOf(c.var.caller, taskId);
  const until = Date.now() + waitMs;
  for (;;) {
    const leftMs = Math.max(until - Date.now(), 0);
    const result = await withRetry(async () => (await taskStub(c.env, taskId)?.longPoll(ref, leftMs)) ?? null);
    if (result === null || isFinal(result.task.status) || until <= Date.now()) {
      // A key that was revoked during the wait must not get the solution.
      await requireValidKey(c);
      return result?.task ?? null;
    }
    const pauseMs = result.full ? DOCUMENTED_POLL_MS : RETRY_DELAY_MS;
    await new Promise((resolve) => setTimeout(resolve, Math.min(pauseMs, Math.max(until - Date.now(), 0))));
  }
}

/** Removes the solution from a task if the caller lacks `tasks:read`. */
export function visibleTo({ scopes }: Caller, task: Task): Task {
  return scopes.includes("tasks:read") ? task : withoutSolution(task);
}

/** Removes the solution from a task. */
export function withoutSolution(task: Task): Task {
  return { ...task, solution: null };
}
