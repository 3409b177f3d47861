// Tasks in their objects: builders with overrides, and reads of storage that callers cannot make.

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { TaskObject } from "../../src/tasks/object.ts";
import type { TaskRecord } from "../../src/tasks/record.ts";
import { RECORD_KEY } from "../../src/tasks/record.ts";
import type { AcceptRequest, TaskRef } from "../../src/tasks/rpc.ts";
import { EXAMPLE_TASK } from "./gateway.ts";
import type { AnyObject, AnyStub } from "./time.ts";
import { pass, START } from "./time.ts";

export const POLL_MS = 3_000;
export const TIMEOUT_MS = 120_000;
export const RETENTION_MS = 86_400_000;
export const TENANT_ID = "acme";

/** The owner of the tests' tasks: the tenant that `createTenant` creates at `START`. */
export const LIVE: TaskRef = { tenantId: TENANT_ID, tenantSince: START, mode: "live", taskId: null };

/** A live example task of `TENANT_ID`, with the default settings. */
export function aTask(overrides: Partial<AcceptRequest> = {}): AcceptRequest {
  const { taskId: _, ...owner } = LIVE;
  return {
    ...owner,
    keyId: "key_of_the_tests",
    named: false,
    task: { ...EXAMPLE_TASK, isInvisible: true },
    reference: null,
    compatTaskId: null,
    metadata: {},
    webhookUrl: null,
    bodyHash: null,
    legacyBodyHash: null,
    timeoutMs: TIMEOUT_MS,
    pollIntervalMs: POLL_MS,
    retentionMs: RETENTION_MS,
    replayOnly: false,
    ...overrides,
  };
}

export type TaskStub = DurableObjectStub<TaskObject>;

/** A task's object under a fresh id. */
export function freshTaskObject(): TaskStub {
  return env.TASKS.get(env.TASKS.newUniqueId());
}

/** A new stub of the same object, because a stub stays broken after an abort. */
export function again(stub: TaskStub): TaskStub {
  return env.TASKS.get(stub.id);
}

/** An accepted task. */
export async function acceptTask(overrides: Partial<AcceptRequest> = {}): Promise<TaskStub> {
  const stub = freshTaskObject();
  const result = await stub.accept(aTask(overrides));
  if (result.tag !== "accepted") throw new Error(`not accepted: ${result.tag}`);
  return stub;
}

/** The record of a task in memory. Throws if the owner cannot read the task. */
export async function view(stub: TaskStub, owner: TaskRef = LIVE): Promise<TaskRecord> {
  const record = await viewOrNull(stub, owner);
  if (record === null) throw new Error("the task is absent");
  return record;
}

export function viewOrNull(stub: TaskStub, owner: TaskRef = LIVE): Promise<TaskRecord | null> {
  return runInDurableObject<TaskObject, TaskRecord | null>(stub, async (object) =>
    (await object.view(owner)) === null ? null : object.state.record,
  );
}

/** The record as storage has it; undefined if there is no record. The object is not called, so an evicted one is not loaded. */
export function stored(stub: TaskStub): Promise<TaskRecord | undefined> {
  return runInDurableObject(stub, (_object, state) => state.storage.kv.get<TaskRecord>(RECORD_KEY));
}

/** The whole storage of an object, as text. */
export function storedText(stub: TaskStub): Promise<string> {
  return runInDurableObject(stub, async (_object, state) => JSON.stringify([...(await state.storage.list())]));
}

/** Two tasks, the second accepted 1 ms after the first. */
export async function twoTasks(): Promise<[TaskStub, TaskStub]> {
  const first = await acceptTask();
  pass(1);
  return [first, await acceptTask()];
}

/** Three tasks, accepted 1 ms apart. */
export async function threeTasks(): Promise<[TaskStub, TaskStub, TaskStub]> {
  const tasks = await twoTasks();
  pass(1);
  return [...tasks, await acceptTask()];
}

/** Replaces an object's environment until its eviction: a binding that fails, or a variable out of its range. */
export function setEnvironment(stub: AnyStub, environment: object): Promise<boolean> {
  return runInDurableObject<AnyObject, boolean>(stub, (object) => Reflect.set(object, "env", environment));
}
