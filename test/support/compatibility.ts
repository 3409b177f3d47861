// Calls of the compatibility API.

import type { Task } from "../../src/tasks/present.ts";
import { expectEventually } from "./answers.ts";
import { call, read, scenario } from "./gateway.ts";

const ENDLESS = scenario("sandbox-never");

/** Creates a task, by default one that is never solved. `extra` has the fields beside `task`. */
export const createTask = (clientKey: unknown, task: unknown = ENDLESS, extra: object = {}): Promise<Response> =>
  call("POST", "/createTask", { body: { clientKey, task, ...extra } });

export const getTaskResult = (clientKey: unknown, taskId: unknown): Promise<Response> =>
  call("POST", "/getTaskResult", { body: { clientKey, taskId } });

/** Creates a task and returns its number. */
export async function createdId(clientKey: string, task: unknown = ENDLESS, extra: object = {}): Promise<number> {
  const response = await createTask(clientKey, task, extra);
  const { errorId, taskId } = await response.json<{ errorId: number; taskId: number }>();
  if (errorId !== 0) throw new Error("createTask returned an error");
  return taskId;
}

/** Finds the task with a number through v1's list, which has a task once it was admitted. */
export async function taskOf(key: string, taskId: number): Promise<Task> {
  let found: Task | undefined;
  await expectEventually(async () => {
    const { tasks } = await (await call("GET", "/v1/tasks", { key })).json<{ tasks: { id: string }[] }>();
    const all = await Promise.all(tasks.map(({ id }) => read(key, id)));
    found = all.find(({ compatTaskId }) => compatTaskId === taskId);
    return found !== undefined;
  }).toBe(true);
  if (found === undefined) throw new Error("there is no task with this number");
  return found;
}
