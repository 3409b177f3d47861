// Runs a task from its creation to its purge and counts its rows, alarms, calls and requests, in the objects themselves. As on the
// platform, alarms fire on time, and objects leave memory where ten seconds pass without work. The clock is the test's: an
// outgoing call takes no time here, and is priced by `bench/metering/cost.ts`.

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import type { TaskCounts } from "../../bench/metering/cost.ts";
import { countsBetween } from "../../bench/metering/cost.ts";
import { Meter } from "../../bench/metering/meter.ts";
import worker, { TaskObject, TenantObject } from "../../src/index.ts";
import type { Task } from "../../src/tasks/present.ts";
import type { TaskRecord } from "../../src/tasks/record.ts";
import type { TaskStatus } from "../../src/tasks/status.ts";
import { objectIdOf, TASK_ID_PREFIX } from "../../src/tasks/task-id.ts";
import type { CountedKind } from "./budgets.ts";
import { call, EXAMPLE_TASK, read, submit } from "./gateway.ts";
import type { TaskStub } from "./objects.ts";
import { stored, storedText } from "./objects.ts";
import type { TenantStub } from "./tenants.ts";
import { createTenant, mintKey } from "./tenants.ts";
import { alarmOf, eventually, evict, nextRing, pass, runFirstSteps } from "./time.ts";
import type { Script } from "./upstream.ts";
import { created, errorAnswer, plain, processing, RECEIVER_URL, ready, scriptOutside } from "./upstream.ts";

/** An object without work for this long (ms) leaves memory. */
const HIBERNATES_AFTER_MS = 10_000;

/** More alarms than any task here has. */
const MAX_ALARMS = 40;

const SOLVED: Script = {
  create: [created()],
  poll: [processing, processing, processing, ready],
  receive: [plain(204, null)],
};
const REJECTED: Script = { create: [errorAnswer("ERROR_RECAPTCHA_INVALID_SITEKEY")] };

/** A task that was purged, and what it took of its own object and of its tenant's. */
export interface CountedTask {
  readonly counts: TaskCounts;
  /** As last returned to its caller. */
  readonly task: Task;
  /** The statuses that were stored, in order. */
  readonly statuses: TaskStatus[];
  /** Requests that the upstream and the receiver got. */
  readonly polls: number;
  readonly webhooks: number;
  /** What its object's storage still holds, as text. */
  readonly left: string;
}

/** Runs a task of this kind until it is purged, and counts. */
export async function countTask(kind: CountedKind): Promise<CountedTask> {
  const tenant = await createTenant();
  const { key } = await mintKey(tenant, { mode: "live" });
  await prepare(kind, key);
  // Long enough for every object to leave memory, and too short for the edge to drop the key from its cache.
  pass(2 * HIBERNATES_AFTER_MS);
  await evict(tenant);

  const outside = scriptOutside(kind === "failed" ? REJECTED : SOLVED);
  const statuses: TaskStatus[] = [];
  const meter = startMeter();
  try {
    const before = meter.read();
    const answer = request(kind, key);
    const taskId = await eventualTaskId(meter, tenant);
    const stub = env.TASKS.get(env.TASKS.idFromString(taskId));
    await runUntil(stub, async () => {
      const record = await stored(stub);
      if (record !== undefined && record.status !== statuses.at(-1)) statuses.push(record.status);
      return isDone(record);
    });
    const task: Task = kind === "polled" ? await read(key, `tsk_${taskId}`) : await (await answer).json();
    if (kind === "alone") await fireAlarm(tenant);
    await runUntil(stub, async () => (await alarmOf(stub)) === null);
    const counts = countsBetween(before, meter.read(), [taskId, tenant.id.toString()]);
    const { polls, webhooks } = outside;
    return { counts, task, statuses, polls: polls.length, webhooks: webhooks.length, left: await storedText(stub) };
  } finally {
    meter.stop();
  }
}

/**
 * Makes the edge cache the key and report its use, which it does once a day. Unless the task is to be alone, another one is in
 * flight, and the tenant's alarm is set for its lease already, as in any steady traffic.
 */
async function prepare(kind: CountedKind, key: string): Promise<void> {
  scriptOutside({ create: [created()], poll: [processing] });
  if (kind === "alone") {
    await call("GET", "/v1/tasks", { key });
    return;
  }
  const { id } = await submit(key);
  await fireAlarm(env.TASKS.get(env.TASKS.idFromString(objectIdOf(id.slice(TASK_ID_PREFIX.length)))));
}

function request(kind: CountedKind, key: string): Promise<Response> {
  const webhook = kind === "webhook" || kind === "alone" ? { webhookUrl: RECEIVER_URL } : {};
  const headers = kind === "waited" ? { prefer: "wait=60" } : {};
  return call("POST", "/v1/tasks", { key, headers, body: { task: EXAMPLE_TASK, ...webhook } });
}

/** The id of the only object that the meter has counted besides the tenant's. */
async function eventualTaskId(meter: Meter, tenant: TenantStub): Promise<string> {
  const others = () => Object.keys(meter.read().objects).filter((id) => id !== tenant.id.toString());
  await eventually(() => others().length === 1);
  return others()[0] ?? "";
}

/** Whether the task is final, and its webhook, if it has one, was delivered. */
function isDone(record: TaskRecord | undefined): boolean {
  return record?.finishedAt != null && record.delivery?.state !== "pending";
}

/** Fires every alarm on time until `done`. */
async function runUntil(stub: TaskStub, done: () => Promise<boolean>): Promise<void> {
  for (let fired = 0; !(await done()); fired += 1) {
    if (fired === MAX_ALARMS) throw new Error(`the alarm fired ${MAX_ALARMS} times`);
    await fireAlarm(stub);
  }
}

/**
 * Runs the first steps of a task that was just accepted. Otherwise fires the alarm on time, in an object that has left memory if it had the time. Unlike `ringOnTime` it does not delete the alarm
 * before, because that would be counted.
 */
async function fireAlarm(stub: TaskStub | TenantStub): Promise<void> {
  const at = await nextRing(stub);
  if (at === null) throw new Error("no alarm is set");
  if (at - Date.now() >= HIBERNATES_AFTER_MS) await evict(stub);
  vi.setSystemTime(Math.max(at, Date.now()));
  if (await runFirstSteps(stub)) return;
  await runInDurableObject<TaskObject | TenantObject, void>(stub, (object) =>
    object.alarm({ scheduledTime: at, retryCount: 0, isRetry: false }),
  );
}

/** A meter of everything that runs in this isolate. */
export function startMeter(): Meter {
  const meter = new Meter();
  meter.watchObjects(TaskObject.prototype, "task");
  meter.watchObjects(TenantObject.prototype, "shared");
  meter.watchFetch(globalThis);
  meter.watchWorker(worker);
  // Each object has its own bindings; what they share is the prototype.
  meter.watchKv(Object.getPrototypeOf(env.DIRECTORY));
  return meter;
}
