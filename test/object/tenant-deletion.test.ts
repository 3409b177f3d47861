// Deleting a tenant: what is repeated until KV and every unfinished task have taken it, and creating the same id again meanwhile.

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { KeyActor } from "../../src/tenants/actor.ts";
import { OPERATOR } from "../../src/tenants/actor.ts";
import { acceptTask, setEnvironment, TENANT_ID, view } from "../support/objects.ts";
import type { TenantStub } from "../support/tenants.ts";
import {
  createTenant,
  EMPTY_STORAGE,
  mintKey,
  publishedSnapshot,
  storageOf,
  tenantObject,
} from "../support/tenants.ts";
import { alarmOf, eventually, evict, pass, ring, ringOnTime, runUntil, START, useFrozenTime } from "../support/time.ts";
import { created, plain, RECEIVER_URL, scriptOutside } from "../support/upstream.ts";

useFrozenTime();

const KV_KEY = `tenant:${TENANT_ID}`;

/** After the last repetition of a deletion (ms). */
const DONE_MS = 185_000;

const rejects = () => Promise.reject(new Error("KV DELETE failed: 429 Too Many Requests"));
const kvWith = (changes: object) => ({
  ...env,
  DIRECTORY: {
    get: (name: string) => env.DIRECTORY.get(name),
    put: (name: string, value: string) => env.DIRECTORY.put(name, value),
    delete: (name: string) => env.DIRECTORY.delete(name),
    ...changes,
  },
});

/** An environment in which the objects of tasks are lost. */
const TASKS_LOST = {
  ...env,
  TASKS: {
    idFromString: (id: string) => id,
    get: () => ({ abandon: () => Promise.reject(new Error("the object was lost")) }),
  },
};

/** Two tasks of a tenant with one slot: one is processing, the other waits. */
async function unfinishedTasks() {
  const running = await acceptTask();
  await ring(running);
  pass(1);
  const waiting = await acceptTask();
  await ring(waiting);
  expect(await view(waiting)).toMatchObject({ status: "queued", stage: "waiting" });
  return [running, waiting];
}

const isCanceled = async (task: Awaited<ReturnType<typeof acceptTask>>) => (await view(task)).status === "canceled";

describe("a deleted tenant", () => {
  it("is absent for every call at once, and leaves nothing in storage after the last repetition", async () => {
    scriptOutside({ create: [created()] });
    const stub = await createTenant();
    await mintKey(stub);
    const task = await acceptTask();
    await ring(task);
    expect(await stub.remove()).toBe(true);
    expect(await publishedSnapshot()).toBeNull();
    expect(await stub.describe()).toBeNull();
    expect(await stub.snapshot()).toBeNull();
    expect(await stub.listKeys(OPERATOR)).toBeNull();
    expect(await stub.remove()).toBe(false);
    expect((await storageOf(stub)).tables).toEqual({});
    await runUntil(stub, START + DONE_MS);
    expect(await storageOf(stub)).toEqual(EMPTY_STORAGE);
  });

  it("has its unfinished tasks canceled, waiting ones too", async () => {
    scriptOutside({ create: [created()] });
    const stub = await createTenant({ limits: { maxInFlight: 1, monthlyTasks: null } });
    const tasks = await unfinishedTasks();
    await stub.remove();
    for (const task of tasks) {
      await eventually(() => isCanceled(task));
      await ring(task);
      expect(await view(task)).toMatchObject({ status: "canceled" });
    }
  });

  it("has its unfinished tasks canceled without a webhook, even if they know where to send it", async () => {
    const outside = scriptOutside({ create: [created()], receive: [plain(204, null)] });
    const stub = await createTenant();
    const task = await acceptTask({ webhookUrl: RECEIVER_URL });
    await ring(task);
    await stub.remove();
    await eventually(() => isCanceled(task));
    await ring(task);
    expect(await view(task)).toMatchObject({ status: "canceled", settled: true, delivery: { state: "exhausted" } });
    expect(outside.webhooks).toEqual([]);
  });

  it("has a task canceled without a webhook that gets the answer to its admission after the deletion", async () => {
    const outside = scriptOutside({ receive: [plain(204, null)] });
    const stub = await createTenant();
    const task = await acceptTask({ webhookUrl: RECEIVER_URL });
    const answer = { given: false, released: false };
    const get = (id: DurableObjectId) =>
      new Proxy(env.TENANTS.get(id), {
        get: (target, name) => {
          if (name !== "admit") return Reflect.get(target, name);
          return async (...parameters: Parameters<TenantStub["admit"]>) => {
            const receipt = await target.admit(...parameters);
            answer.given = true;
            await eventually(() => answer.released);
            return receipt;
          };
        },
      });
    await setEnvironment(task, {
      ...env,
      TENANTS: { idFromName: (name: string) => env.TENANTS.idFromName(name), get },
    });
    const steps = ring(task);
    await eventually(() => answer.given);
    await stub.remove();
    await eventually(() => isCanceled(task));
    answer.released = true;
    await steps;
    expect(await view(task)).toMatchObject({ status: "canceled", settled: true, submissions: 0 });
    expect(outside.count).toBe(0);
  });

  it("has a task canceled at its admission if its object did not have it", async () => {
    const outside = scriptOutside();
    const stub = await createTenant();
    const task = await acceptTask();
    await stub.remove();
    await ring(task);
    expect(await view(task)).toMatchObject({ status: "canceled", submissions: 0 });
    expect(outside.count).toBe(0);
  });

  it("is deleted from KV again until that succeeds, across evictions", async () => {
    const stub = await createTenant();
    await setEnvironment(stub, kvWith({ delete: rejects }));
    expect(await stub.remove()).toBe(true);
    expect(await publishedSnapshot()).not.toBeNull();
    expect(await alarmOf(stub)).toBe(START + 1_500);
    for (let again = 0; again < 3; again += 1) {
      await ringOnTime(stub);
      expect(await publishedSnapshot()).not.toBeNull();
    }
    await evict(stub);
    expect(await stub.describe()).toBeNull();
    await ringOnTime(stub);
    expect(await publishedSnapshot()).toBeNull();
  });

  it("is deleted from KV again when an older write lands late", async () => {
    const stub = await createTenant();
    const old = (await env.DIRECTORY.get(KV_KEY)) ?? "";
    await stub.remove();
    for (const at of [10_000, 45_000, 100_000]) {
      await runUntil(stub, START + at);
      await env.DIRECTORY.put(KV_KEY, old);
      await ringOnTime(stub);
      expect(await publishedSnapshot()).toBeNull();
    }
  });

  it("is deleted again while KV still has it, also after the last repetition", async () => {
    const stub = await createTenant();
    const old = await env.DIRECTORY.get(KV_KEY);
    await setEnvironment(stub, kvWith({ get: async () => old }));
    await stub.remove();
    await runUntil(stub, START + DONE_MS);
    expect(await alarmOf(stub)).not.toBeNull();
    await setEnvironment(stub, env);
    await ringOnTime(stub);
    expect(await storageOf(stub)).toEqual(EMPTY_STORAGE);
  });

  it("cancels a task again whose object was not reached, across evictions", async () => {
    scriptOutside({ create: [created()] });
    const stub = await createTenant({ limits: { maxInFlight: 1, monthlyTasks: null } });
    const tasks = await unfinishedTasks();
    await setEnvironment(stub, TASKS_LOST);
    await stub.remove();
    await ringOnTime(stub);
    for (const task of tasks) expect(await isCanceled(task)).toBe(false);
    await evict(stub);
    await ringOnTime(stub);
    for (const task of tasks) expect(await isCanceled(task)).toBe(true);
    await runUntil(stub, START + DONE_MS);
    expect(await storageOf(stub)).toEqual(EMPTY_STORAGE);
  });
});

describe("a tenant that is created again while the old one is deleted", () => {
  /** A tenant whose deletion KV has not taken, and a key of it. */
  async function halfDeleted(): Promise<{ stub: TenantStub; actor: KeyActor }> {
    const stub = await createTenant({ name: "Old" });
    const { id, mode, scopes } = await mintKey(stub);
    await setEnvironment(stub, kvWith({ delete: rejects }));
    await stub.remove();
    await setEnvironment(stub, env);
    return { stub, actor: { type: "key", keyId: id, mode, scopes, tenantCreatedAt: START } };
  }

  it("has another creation time, although the clock stands still", async () => {
    await halfDeleted();
    const stub = await createTenant({ name: "New" });
    expect((await stub.describe())?.createdAt).toBe(START + 1);
  });

  it("keeps its snapshot through every repetition of the deletion", async () => {
    const { stub } = await halfDeleted();
    await createTenant({ name: "New" });
    const { id } = await mintKey(stub);
    for (let rings = 0; rings < 12; rings += 1) {
      await ringOnTime(stub);
      expect(await publishedSnapshot()).toMatchObject({ profile: { name: "New" }, keys: [{ id }] });
    }
    expect(await stub.describe()).toMatchObject({ name: "New" });
    expect((await storageOf(stub)).entries).not.toHaveProperty("deletion");
  });

  it("replaces the old snapshot when a write of it lands late", async () => {
    const { stub } = await halfDeleted();
    const old = (await env.DIRECTORY.get(KV_KEY)) ?? "";
    await createTenant({ name: "New" });
    await env.DIRECTORY.put(KV_KEY, old);
    await ringOnTime(stub);
    expect(await publishedSnapshot()).toMatchObject({ profile: { name: "New" }, keys: [] });
  });

  it("has no keys of the old one, and rejects them", async () => {
    const { stub, actor } = await halfDeleted();
    await createTenant({ name: "New" });
    expect(await stub.listKeys(OPERATOR)).toEqual([]);
    expect(await stub.listKeys(actor)).toBeNull();
    expect(await stub.account(actor, "test")).toBeNull();
    expect(
      await stub.createKey(actor, { name: "x", mode: "test", scopes: ["tasks:read"], expiresAt: null }),
    ).toBeNull();
    expect(await stub.setEndpoint(actor, "test", "https://hooks.example/x")).toBeNull();
    expect(await stub.listTasks(actor, "test", { filter: {}, limit: 1, before: null })).toBeNull();
  });

  it("still cancels the old one's tasks, and can be deleted itself meanwhile", async () => {
    scriptOutside({ create: [created()] });
    const stub = await createTenant({ limits: { maxInFlight: 1, monthlyTasks: null } });
    const tasks = await unfinishedTasks();
    await setEnvironment(stub, TASKS_LOST);
    await stub.remove();
    await createTenant({ name: "New" });
    await stub.remove();
    await evict(stub);
    await runUntil(tenantObject(), START + 2 * DONE_MS);
    for (const task of tasks) expect(await isCanceled(task)).toBe(true);
    expect(await storageOf(stub)).toEqual(EMPTY_STORAGE);
    expect(await publishedSnapshot()).toBeNull();
  });
});
