// Keys that are not in the edge's snapshot: their lookups are limited by address and by tenant, and the limits never affect other keys.

import { reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it } from "vitest";
import { KEY_ENTROPY_BYTES, mintKey } from "../../src/tenants/keys.ts";
import { dropCachedTenant } from "../../src/tenants/snapshot-cache.ts";
import { expectProblem } from "../support/answers.ts";
import { callWith, freshAddress, makeCaller, makeKey, makeTenant } from "../support/gateway.ts";
import { tenantObject } from "../support/tenants.ts";

afterEach(reset);

/** The reads of KV and the calls to tenants' objects so far. */
const cost = { reads: 0, calls: 0 };
beforeEach(() => Object.assign(cost, { reads: 0, calls: 0 }));

const counted = {
  DIRECTORY: {
    get: (...parameters: Parameters<KVNamespace["get"]>) => {
      cost.reads += 1;
      return Reflect.apply(env.DIRECTORY.get, env.DIRECTORY, parameters);
    },
  },
  TENANTS: {
    idFromName: (name: string) => env.TENANTS.idFromName(name),
    get: (id: DurableObjectId) =>
      new Proxy(env.TENANTS.get(id), {
        get: (stub, method) => {
          if (method === "snapshot") cost.calls += 1;
          return Reflect.get(stub, method);
        },
      }),
  },
};

const randomKey = (tenantId: string) =>
  mintKey("test", tenantId, crypto.getRandomValues(new Uint8Array(KEY_ENTROPY_BYTES)));

let serial = 0;
function unknownTenant(): string {
  serial += 1;
  return `unknown-${serial}`;
}

const read = (key: string, address: string, changes: object = {}) =>
  callWith({ ...counted, ...changes }, "GET", "/v1/tasks", { key, headers: { "cf-connecting-ip": address } });

const statusOf = async (key: string, address: string) => (await read(key, address)).status;

/** The statuses of requests that are sent one after the other. */
async function statusesOf(requests: readonly { key: string; address: string }[]): Promise<Record<number, number>> {
  const statuses: Record<number, number> = {};
  for (const { key, address } of requests) {
    const status = await statusOf(key, address);
    statuses[status] = (statuses[status] ?? 0) + 1;
  }
  return statuses;
}

it("30 unknown keys of unknown tenants are looked up for one address", async () => {
  const address = freshAddress();
  const requests = Array.from({ length: 40 }, () => ({ key: randomKey(unknownTenant()), address }));
  expect(await statusesOf(requests)).toEqual({ 401: 30, 429: 10 });
  expect(cost).toEqual({ reads: 30, calls: 30 });
});

it("unknown keys of one tenant cost one read of KV and 30 calls for one address", async () => {
  const { id } = await makeTenant();
  const address = freshAddress();
  const requests = Array.from({ length: 40 }, () => ({ key: randomKey(id), address }));
  expect(await statusesOf(requests)).toEqual({ 401: 30, 429: 10 });
  expect(cost).toEqual({ reads: 1, calls: 30 });
});

it("unknown keys of one tenant cost one read of KV and 60 calls for many addresses", async () => {
  const { id } = await makeTenant();
  const requests = Array.from({ length: 70 }, () => ({ key: randomKey(id), address: freshAddress() }));
  expect(await statusesOf(requests)).toEqual({ 401: 70 });
  expect(cost).toEqual({ reads: 1, calls: 60 });
});

it("30 of 100 concurrent unknown keys are looked up for one address", async () => {
  const address = freshAddress();
  const keys = Array.from({ length: 100 }, () => randomKey(unknownTenant()));
  const statuses = await Promise.all(keys.map((key) => statusOf(key, address)));
  expect(statuses.filter((status) => status === 401)).toHaveLength(30);
  expect(cost).toEqual({ reads: 30, calls: 30 });
});

it("an unknown key that is used repeatedly is looked up once", async () => {
  const { id } = await makeTenant();
  const key = randomKey(id);
  for (let n = 0; n < 5; n += 1) await expectProblem(await read(key, freshAddress()), "unauthenticated");
  expect(cost).toEqual({ reads: 1, calls: 1 });
});

it("an unknown tenant is looked up once for several keys", async () => {
  const tenantId = unknownTenant();
  for (let n = 0; n < 5; n += 1)
    await expectProblem(await read(randomKey(tenantId), freshAddress()), "unauthenticated");
  expect(cost).toEqual({ reads: 1, calls: 1 });
});

it("a known key is accepted when its address and its tenant have used up their lookups", async () => {
  const { tenantId, key } = await makeCaller();
  const other = await makeCaller();
  const address = freshAddress();
  for (let n = 0; n < 65; n += 1) await statusOf(randomKey(tenantId), n < 32 ? address : freshAddress());
  expect(await statusOf(randomKey(tenantId), address)).toBe(429);
  expect(await statusOf(key, address)).toBe(200);
  expect(await statusOf(other.key, address)).toBe(200);
  // Also when this isolate has to read the snapshot from KV again.
  dropCachedTenant(tenantId);
  expect(await statusOf(key, address)).toBe(200);
});

it("a key that this isolate has just created is accepted from an address that has used up its lookups", async () => {
  const address = freshAddress();
  for (let n = 0; n < 31; n += 1) await statusOf(randomKey(unknownTenant()), address);
  const { id } = await makeTenant();
  expect(await statusOf((await makeKey(id)).key, address)).toBe(200);
  expect(await statusOf((await makeKey(id)).key, address)).toBe(200);
});

it("35 valid keys of one address are accepted when they are used at once for the first time", async () => {
  const callers = await Promise.all(Array.from({ length: 35 }, () => makeCaller()));
  const address = freshAddress();
  const statuses = await Promise.all(callers.map(({ key }) => statusOf(key, address)));
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(cost.calls).toBe(0);
});

it("an unknown key is not looked up when the location's limit of the address is used up", async () => {
  const { key } = await makeCaller();
  const address = freshAddress();
  const full = { AUTH_FAILURE_LIMIT: { limit: async () => ({ success: false }) } };
  await expectProblem(await read(randomKey(unknownTenant()), address, full), "rate_limited");
  const before = { ...cost };
  await expectProblem(await read(randomKey(unknownTenant()), address, full), "rate_limited");
  expect(cost).toEqual(before);
  expect((await read(key, address, full)).status).toBe(200);
});

it("an unknown key is not looked up when the location's limit of the tenant is used up", async () => {
  const { tenantId, key } = await makeCaller();
  const full = { UNKNOWN_KEY_LIMIT: { limit: async () => ({ success: false }) } };
  await expectProblem(await read(randomKey(tenantId), freshAddress(), full), "unauthenticated");
  const before = { ...cost };
  await expectProblem(await read(randomKey(tenantId), freshAddress(), full), "unauthenticated");
  expect(cost).toEqual(before);
  expect((await read(key, freshAddress(), full)).status).toBe(200);
});

it("looking up an unknown tenant stores nothing in its object", async () => {
  const tenantId = unknownTenant();
  await expectProblem(await read(randomKey(tenantId), freshAddress()), "unauthenticated");
  expect(cost.calls).toBe(1);
  const stored = await runInDurableObject(tenantObject(tenantId), async (_object, { storage }) => ({
    entries: [...(await storage.list())],
    tables: storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray(),
    alarm: await storage.getAlarm(),
  }));
  expect(stored).toEqual({ entries: [], tables: [], alarm: null });
});
