// Finding and reading one task on behalf of a caller, for both APIs.

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

/** The longest long poll, in seconds. */
export const MAX_WAIT_S = 60;

/** Whose tasks a caller may see. */
export function ownerOf({ tenantId, mode, profile }: Caller): TaskOwner {
  return { tenantId, mode, tenantSince: profile.createdAt };
}

/** A caller's task, by its id without the prefix. */
export function refOf(caller: Caller, taskId: string): TaskRef {
  return { ...ownerOf(caller), taskId };
}

/** The object of a task by the task's id without the prefix. Null where this gateway cannot have created that id. */
export function taskStub(env: Env, taskId: string) {
  try {
    return env.TASKS.get(env.TASKS.idFromString(objectIdOf(taskId)));
  } catch {
    // The platform signs its ids: an id of another origin is rejected here, without I/O.
    return null;
  }
}

/** The task as it is now. Null where it does not exist for this caller. */
export async function viewTask(env: Env, taskId: string, caller: Caller): Promise<Task | null> {
  const ref = refOf(caller, taskId);
  return withRetry(async () => (await taskStub(env, taskId)?.view(ref)) ?? null);
}

/**
 * The task once it is final or `waitMs` have passed. Null where it does not exist for this caller.
 * @throws ApiError `unauthenticated` when the key has ended meanwhile
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

/** The task as the caller may see it: without its solution where the key lacks `tasks:read`. */
export function visibleTo({ scopes }: Caller, task: Task): Task {
  return scopes.includes("tasks:read") ? task : { ...task, solution: null };
}
