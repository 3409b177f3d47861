// Keys that the edge's snapshot does not know: what they may cost, per address and per tenant, and that known keys never pay for them.

import { reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it } from "vitest";
import { KEY_ENTROPY_BYTES, mintKey } from "../../src/tenants/keys.ts";
import { dropCachedTenant } from "../../src/tenants/snapshot-cache.ts";
import { expectProblem } from "../support/answers.ts";
import { callWith, freshAddress, makeCaller, makeKey, makeTenant } from "../support/gateway.ts";
import { tenantObject } from "../support/tenants.ts";

afterEach(reset);

/** What the gateway has asked KV and the tenants' objects. */
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
function inventedTenant(): string {
  serial += 1;
  return `invented-${serial}`;
}

const read = (key: string, address: string, changes: object = {}) =>
  callWith({ ...counted, ...changes }, "GET", "/v1/tasks", { key, headers: { "cf-connecting-ip": address } });

const statusOf = async (key: string, address: string) => (await read(key, address)).status;

/** The statuses of requests that are made one after the other. */
async function statusesOf(requests: readonly { key: string; address: string }[]): Promise<Record<number, number>> {
  const statuses: Record<number, number> = {};
  for (const { key, address } of requests) {
    const status = await statusOf(key, address);
    statuses[status] = (statuses[status] ?? 0) + 1;
  }
  return statuses;
}

it("costs at most 30 look-ups when one address invents keys of invented tenants", async () => {
  const address = freshAddress();
  const requests = Array.from({ length: 40 }, () => ({ key: randomKey(inventedTenant()), address }));
  expect(await statusesOf(requests)).toEqual({ 401: 30, 429: 10 });
  expect(cost).toEqual({ reads: 30, calls: 30 });
});

it("costs one read of KV and 30 calls when one address invents keys of a tenant", async () => {
  const { id } = await makeTenant();
  const address = freshAddress();
  const requests = Array.from({ length: 40 }, () => ({ key: randomKey(id), address }));
  expect(await statusesOf(requests)).toEqual({ 401: 30, 429: 10 });
  expect(cost).toEqual({ reads: 1, calls: 30 });
});

it("costs one read of KV and 60 calls when many addresses invent keys of a tenant", async () => {
  const { id } = await makeTenant();
  const requests = Array.from({ length: 70 }, () => ({ key: randomKey(id), address: freshAddress() }));
  expect(await statusesOf(requests)).toEqual({ 401: 70 });
  expect(cost).toEqual({ reads: 1, calls: 60 });
});

it("costs no more when 100 keys are invented at once", async () => {
  const address = freshAddress();
  const keys = Array.from({ length: 100 }, () => randomKey(inventedTenant()));
  const statuses = await Promise.all(keys.map((key) => statusOf(key, address)));
  expect(statuses.filter((status) => status === 401)).toHaveLength(30);
  expect(cost).toEqual({ reads: 30, calls: 30 });
});

it("costs one look-up when the same unknown key is used again within seconds", async () => {
  const { id } = await makeTenant();
  const key = randomKey(id);
  for (let n = 0; n < 5; n += 1) await expectProblem(await read(key, freshAddress()), "unauthenticated");
  expect(cost).toEqual({ reads: 1, calls: 1 });
});

it("costs one look-up when keys of the same invented tenant are used within seconds", async () => {
  const tenantId = inventedTenant();
  for (let n = 0; n < 5; n += 1)
    await expectProblem(await read(randomKey(tenantId), freshAddress()), "unauthenticated");
  expect(cost).toEqual({ reads: 1, calls: 1 });
});

it("answers 429 with Retry-After and RateLimit-Policy to an address that has failed 30 times", async () => {
  const address = freshAddress();
  for (let n = 0; n < 30; n += 1) await statusOf("not-a-key", address);
  const response = await read(randomKey(inventedTenant()), address);
  await expectProblem(response, "rate_limited");
  expect(response.headers.get("retry-after")).toBe("60");
  expect(response.headers.get("ratelimit-policy")).toBe('"auth-failures";q=30;w=60');
  expect(cost).toEqual({ reads: 0, calls: 0 });
});

it("accepts a known key from an address, and of a tenant, that have used up their unknown keys", async () => {
  const { tenantId, key } = await makeCaller();
  const other = await makeCaller();
  const address = freshAddress();
  for (let n = 0; n < 65; n += 1) await statusOf(randomKey(tenantId), n < 32 ? address : freshAddress());
  expect(await statusOf(randomKey(tenantId), address)).toBe(429);
  expect(await statusOf(key, address)).toBe(200);
  expect(await statusOf(other.key, address)).toBe(200);
  // Also when this isolate has to read the snapshot again.
  dropCachedTenant(tenantId);
  expect(await statusOf(key, address)).toBe(200);
});

it("accepts a key that this isolate has just created, from an address that has used up its unknown keys", async () => {
  const address = freshAddress();
  for (let n = 0; n < 31; n += 1) await statusOf(randomKey(inventedTenant()), address);
  const { id } = await makeTenant();
  expect(await statusOf((await makeKey(id)).key, address)).toBe(200);
  expect(await statusOf((await makeKey(id)).key, address)).toBe(200);
});

it("accepts 35 valid keys that one address uses at once for the first time", async () => {
  const callers = await Promise.all(Array.from({ length: 35 }, () => makeCaller()));
  const address = freshAddress();
  const statuses = await Promise.all(callers.map(({ key }) => statusOf(key, address)));
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(cost.calls).toBe(0);
});

it("looks up no more unknown keys once the location has counted too many of the address", async () => {
  const { key } = await makeCaller();
  const address = freshAddress();
  const full = { AUTH_FAILURE_LIMIT: { limit: async () => ({ success: false }) } };
  await expectProblem(await read(randomKey(inventedTenant()), address, full), "rate_limited");
  const before = { ...cost };
  await expectProblem(await read(randomKey(inventedTenant()), address, full), "rate_limited");
  expect(cost).toEqual(before);
  expect((await read(key, address, full)).status).toBe(200);
});

it("looks up no more unknown keys of a tenant once the location has counted too many of them", async () => {
  const { tenantId, key } = await makeCaller();
  const full = { UNKNOWN_KEY_LIMIT: { limit: async () => ({ success: false }) } };
  await expectProblem(await read(randomKey(tenantId), freshAddress(), full), "unauthenticated");
  const before = { ...cost };
  await expectProblem(await read(randomKey(tenantId), freshAddress(), full), "unauthenticated");
  expect(cost).toEqual(before);
  expect((await read(key, freshAddress(), full)).status).toBe(200);
});

it("leaves nothing in the storage of an invented tenant's object", async () => {
  const tenantId = inventedTenant();
  await expectProblem(await read(randomKey(tenantId), freshAddress()), "unauthenticated");
  expect(cost.calls).toBe(1);
  const stored = await runInDurableObject(tenantObject(tenantId), async (_object, { storage }) => ({
    entries: [...(await storage.list())],
    tables: storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray(),
    alarm: await storage.getAlarm(),
  }));
  expect(stored).toEqual({ entries: [], tables: [], alarm: null });
});
