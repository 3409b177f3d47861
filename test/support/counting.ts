// Lives of tasks whose every row, alarm, call and request is counted, by `bench/counting.ts`, in the objects themselves. A life is
// lived as on the platform: a caller over HTTP, alarms on time, and objects that have left memory wherever ten seconds go by
// with nothing to do. The clock is the test's: an outgoing call takes no time, and is priced by `bench/cost.ts`.

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import type { TaskCounts } from "../../bench/cost.ts";
import { countsBetween } from "../../bench/cost.ts";
import { Meter } from "../../bench/counting.ts";
import worker, { TaskObject, TenantObject } from "../../src/index.ts";
import type { Task } from "../../src/tasks/present.ts";
import { TASK_ID_PREFIX } from "../../src/tasks/present.ts";
import type { TaskRecord } from "../../src/tasks/record.ts";
import type { TaskStatus } from "../../src/tasks/status.ts";
import type { CountedKind } from "./counting-budgets.ts";
import { call, read, SEED_TASK, submit } from "./gateway.ts";
import type { TaskStub } from "./objects.ts";
import { stored, storedText } from "./objects.ts";
import type { TenantStub } from "./tenants.ts";
import { createTenant, mintKey } from "./tenants.ts";
import { alarmOf, eventually, evict, pass } from "./time.ts";
import type { Script } from "./upstream.ts";
import { created, plain, processing, RECEIVER_URL, ready, refused, scriptOutside } from "./upstream.ts";

/** An object that has nothing to do for this long (ms) leaves memory. */
const HIBERNATES_AFTER_MS = 10_000;

/** Alarms of one life: more than any task here has. */
const MAX_RINGS = 40;

const SOLVED: Script = {
  create: [created()],
  poll: [processing, processing, processing, ready],
  receive: [plain(204, null)],
};
const REJECTED: Script = { create: [refused("ERROR_RECAPTCHA_INVALID_SITEKEY")] };

/** A task that lived, and what it took of its own object and its tenant's. */
export interface CountedLife {
  readonly counts: TaskCounts;
  /** As its caller last saw it. */
  readonly task: Task;
  /** The statuses that its object's storage has had, in order. */
  readonly statuses: TaskStatus[];
  /** What upstream and the receiver saw of it. */
  readonly polls: number;
  readonly webhooks: number;
  /** Whatever is left in its object's storage, as text. */
  readonly left: string;
}

/** Lets a task of this kind live from its request to the end of its retention, and counts. */
export async function countLife(kind: CountedKind): Promise<CountedLife> {
  const tenant = await createTenant();
  const { key } = await mintKey(tenant, { mode: "live" });
  await precede(kind, key);
  // Long enough for every object to have left memory, and not for the edge to forget the key.
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
    await liveOn(stub, async () => {
      const record = await stored(stub);
      if (record !== undefined && record.status !== statuses.at(-1)) statuses.push(record.status);
      return isDone(record);
    });
    const task: Task = kind === "polled" ? await read(key, `tsk_${taskId}`) : await (await answer).json();
    if (kind === "alone") await ringOn(tenant);
    await liveOn(stub, async () => (await alarmOf(stub)) === null);
    const counts = countsBetween(before, meter.read(), [taskId, tenant.id.toString()]);
    const { polls, webhooks } = outside;
    return { counts, task, statuses, polls: polls.length, webhooks: webhooks.length, left: await storedText(stub) };
  } finally {
    meter.stop();
  }
}

/**
 * What came before. The edge knows the key, and has told of its use, which it does once a day. And, unless the task is to be
 * alone, another one is in flight, to whose lease the tenant's alarm is set: so it is in any flow of tasks.
 */
async function precede(kind: CountedKind, key: string): Promise<void> {
  scriptOutside({ create: [created()], poll: [processing] });
  if (kind === "alone") {
    await call("GET", "/v1/tasks", { key });
    return;
  }
  const { id } = await submit(key);
  await ringOn(env.TASKS.get(env.TASKS.idFromString(id.slice(TASK_ID_PREFIX.length))));
}

function request(kind: CountedKind, key: string): Promise<Response> {
  const webhook = kind === "webhook" || kind === "alone" ? { webhookUrl: RECEIVER_URL } : {};
  const headers = kind === "waited" ? { prefer: "wait=60" } : {};
  return call("POST", "/v1/tasks", { key, headers, body: { task: SEED_TASK, ...webhook } });
}

/** The only object that the meter has seen beside the tenant's. */
async function eventualTaskId(meter: Meter, tenant: TenantStub): Promise<string> {
  const others = () => Object.keys(meter.read().objects).filter((id) => id !== tenant.id.toString());
  await eventually(() => others().length === 1);
  return others()[0] ?? "";
}

/** Final, entered into the ledger, and its webhook delivered where it has one. */
function isDone(record: TaskRecord | undefined): boolean {
  return record?.finishedAt != null && record.delivery?.state !== "pending";
}

/** Rings every alarm on time until `done`. */
async function liveOn(stub: TaskStub, done: () => Promise<boolean>): Promise<void> {
  for (let rung = 0; !(await done()); rung += 1) {
    if (rung === MAX_RINGS) throw new Error(`the alarm rang ${MAX_RINGS} times`);
    await ringOn(stub);
  }
}

/**
 * Rings the alarm on time, in an object that has left memory if it had time to. Unlike `ringOnTime` it takes no alarm off before:
 * that would be counted.
 */
async function ringOn(stub: TaskStub | TenantStub): Promise<void> {
  const at = await alarmOf(stub);
  if (at === null) throw new Error("no alarm is set");
  if (at - Date.now() >= HIBERNATES_AFTER_MS) await evict(stub);
  vi.setSystemTime(Math.max(at, Date.now()));
  await runInDurableObject<TaskObject | TenantObject, void>(stub, (object) =>
    object.alarm({ scheduledTime: at, retryCount: 0, isRetry: false }),
  );
}

/** A meter of everything that runs in this isolate. */
export function startMeter(): Meter {
  const meter = new Meter();
  meter.watchObjects(TaskObject.prototype, "task");
  meter.watchObjects(TenantObject.prototype, "tenant");
  meter.watchFetch(globalThis);
  meter.watchWorker(worker);
  // Each object has bindings of its own: what they share is the prototype.
  meter.watchKv(Object.getPrototypeOf(env.DIRECTORY));
  return meter;
}
