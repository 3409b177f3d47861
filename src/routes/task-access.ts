// Finding and reading one task on behalf of a caller, for both APIs.

import type { Env } from "../env.ts";
import type { Caller } from "../middleware/authenticate.ts";
import { RETRY_DELAY_MS, withRetry } from "../object-retry.ts";
import type { Task } from "../tasks/present.ts";
import type { TaskOwner } from "../tasks/rpc.ts";
import { isFinal } from "../tasks/status.ts";

/** The longest long poll, in seconds. */
export const MAX_WAIT_S = 60;

/** Whose tasks a caller may see. */
export function ownerOf({ tenantId, mode, profile }: Caller): TaskOwner {
  return { tenantId, mode, since: profile.createdAt };
}

/** The object of a task by its id, 64 hex digits. Null where this gateway cannot have created that id. */
export function taskStub(env: Env, hex: string) {
  if (!/^[0-9a-f]{64}$/.test(hex)) return null;
  try {
    return env.TASKS.get(env.TASKS.idFromString(hex));
  } catch {
    // The platform signs its ids: an id of another origin is rejected here, without I/O.
    return null;
  }
}

/** The task, once it is finished or `waitMs` have passed. Null where it does not exist for this caller. */
export async function viewTask(env: Env, hex: string, caller: Caller, waitMs: number): Promise<Task | null> {
  const owner = ownerOf(caller);
  const until = Date.now() + waitMs;
  for (;;) {
    const task = await withRetry(async () => {
      const stub = taskStub(env, hex);
      return stub === null ? null : await stub.view(owner, Math.max(until - Date.now(), 0));
    });
    if (task === null || isFinal(task.status) || until <= Date.now()) return task;
    // Answered early: do not ask again in a tight loop.
    await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS));
  }
}
