// The numeric task ids of the compatibility API: creates tasks under free numbers, and finds tasks by number.

import type { Configuration, Env } from "../env.ts";
import { ApiError } from "../errors.ts";
import type { Caller } from "../middleware/authenticate.ts";
import { withRetry } from "../object-retry.ts";
import type { Task } from "../tasks/present.ts";
import { parseTaskId } from "../tasks/task-id.ts";
import { MAX_NUMBER, numberName, randomNumber } from "../tasks/task-number.ts";
import type { WantedTask } from "./create-task.ts";
import { acceptTask, NumberTakenError } from "./create-task.ts";
import { ownerOf, refOf, taskStub, viewTask } from "./task-access.ts";

/** Attempts to find a free number. With a million tasks in storage, five attempts fail once in 10^16 creations. */
const MAX_TRIES = 5;

/** How long (ms) a number stays reserved after its task can no longer exist. */
const ALIAS_MARGIN_MS = 3_600_000;

/** A created task's number. `replayed`: the task existed already. */
export interface NumberedTask {
  readonly number: number;
  readonly taskId: string;
  readonly replayed: boolean;
}

/**
 * Creates a task under a free number, or finds the task of its idempotency key.
 * @throws ApiError as `acceptTask` does, or `overloaded` if no free number was found
 */
export async function createNumberedTask(
  env: Env,
  configuration: Configuration,
  caller: Caller,
  wanted: Omit<WantedTask, "compatTaskId">,
  requestId: string,
): Promise<NumberedTask> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const number = randomNumber();
    try {
      const numbered = { ...wanted, compatTaskId: number };
      const { task, replayed } = await acceptTask(env, configuration, caller, numbered, requestId);
      if (wanted.idempotencyKey === undefined) return { number, taskId: task.id, replayed };
      const reserved = await reserveNumber(env, configuration, caller, task, number);
      return { number: reserved, taskId: task.id, replayed };
    } catch (error) {
      if (!(error instanceof NumberTakenError)) throw error;
    }
  }
  throw noFreeNumber();
}

/**
 * Returns the number of a task with an idempotency key. Such a task is stored in the object of its idempotency key, so the object of
 * the number must point there. Every replay reserves the number again, in case an earlier request failed before it did.
 */
async function reserveNumber(
  env: Env,
  configuration: Configuration,
  caller: Caller,
  task: Task,
  unused: number,
): Promise<number> {
  const taskId = parseTaskId(task.id);
  if (taskId === null) throw new Error("the task's id is malformed");
  const owner = ownerOf(caller);
  const expiresAt = Date.parse(task.deadlineAt) + 2 * configuration.taskRetentionMs + ALIAS_MARGIN_MS;
  let number = task.compatTaskId;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    // A task created with v1 gets its number when its idempotency key is first used here.
    const assigned = number ?? (await assignNumber(env, caller, taskId, unused, null));
    if (assigned === null) break;
    const reserved = await withRetry(() =>
      numberStub(env, caller, assigned).reserveNumber({ ...owner, taskId, expiresAt }),
    );
    if (reserved) return assigned;
    number = await assignNumber(env, caller, taskId, randomNumber(), assigned);
    if (number === null) break;
  }
  throw noFreeNumber();
}

async function assignNumber(env: Env, caller: Caller, taskId: string, number: number, replaces: number | null) {
  return withRetry(
    async () => (await taskStub(env, taskId)?.assignNumber(refOf(caller, taskId), number, replaces)) ?? null,
  );
}

function numberStub(env: Env, { tenantId, mode, profile }: Caller, number: number) {
  return env.TASKS.get(env.TASKS.idFromName(numberName(tenantId, profile.createdAt, mode, number)));
}

const noFreeNumber = () =>
  new ApiError("overloaded", "No free task id was found. Send the request again.", {
    headers: { "Retry-After": "1" },
  });

/**
 * Finds a task by a client's `taskId`: a number, its digits as a string, or a v1 id.
 * @returns null if the caller has no such task
 */
export async function findTask(env: Env, caller: Caller, taskId: unknown): Promise<Task | null> {
  const text = typeof taskId === "number" ? String(taskId) : taskId;
  if (typeof text !== "string") return null;
  if (!/^[1-9]\d{0,9}$/.test(text)) {
    const id = parseTaskId(text);
    return id === null ? null : viewTask(env, id, caller);
  }
  const number = Number(text);
  if (number > MAX_NUMBER) return null;
  const owner = ownerOf(caller);
  const task = await withRetry(async () => numberStub(env, caller, number).view({ ...owner, taskId: null }));
  if (task !== null) return task;
  const id = await withRetry(async () => numberStub(env, caller, number).aliasedTask(owner));
  return id === null ? null : viewTask(env, id, caller);
}
