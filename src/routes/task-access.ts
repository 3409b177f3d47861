// Finding and reading one task on behalf of a caller, for both APIs.

import type { Env } from "../env.ts";
import type { Caller } from "../middleware/authenticate.ts";
import { RETRY_DELAY_MS, withRetry } from "../object-retry.ts";
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

/** The task, once it is finished or `waitMs` have passed. Null where it does not exist for this caller. */
export async function viewTask(env: Env, taskId: string, caller: Caller, waitMs: number): Promise<Task | null> {
  const ref = refOf(caller, taskId);
  const until = Date.now() + waitMs;
  for (;;) {
    const task = await withRetry(async () => {
      const stub = taskStub(env, taskId);
      return stub === null ? null : await stub.view(ref, Math.max(until - Date.now(), 0));
    });
    if (task === null || isFinal(task.status) || until <= Date.now()) return task;
    // Answered early: do not ask again in a tight loop.
    await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS));
  }
}
