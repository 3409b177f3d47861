// Finding a key: the isolate's copy of a snapshot is refreshed in the background, and is never used for long.

import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Env } from "../../src/env.ts";
import { findKey } from "../../src/tenants/find-key.ts";
import { hashKey } from "../../src/tenants/keys.ts";
import { dropCachedTenant } from "../../src/tenants/snapshot-cache.ts";
import { freshAddress } from "../support/gateway.ts";
import { TENANT_ID } from "../support/objects.ts";
import type { TenantStub } from "../support/tenants.ts";
import { createTenant, mintKey } from "../support/tenants.ts";
import { freezeTime, releaseTime, START } from "../support/time.ts";

let tenant: TenantStub;
/** The hash of a key of the tenant. */
let hash: string;

beforeEach(async () => {
  freezeTime();
  tenant = await createTenant();
  hash = await hashKey((await mintKey(tenant)).key);
  dropCachedTenant(TENANT_ID);
});
afterEach(async () => {
  dropCachedTenant(TENANT_ID);
  releaseTime();
  await reset();
});

/** An edge whose reads of KV are counted, and whose KV can be replaced. */
function edge() {
  const background: Promise<unknown>[] = [];
  const seen = { reads: 0 };
  let read = (name: string): Promise<string | null> => env.DIRECTORY.get(name);
  const get = (name: string) => {
    seen.reads += 1;
    return read(name);
  };
  const DIRECTORY = new Proxy(env.DIRECTORY, {
    get: (target, key) => (key === "get" ? get : Reflect.get(target, key)),
  });
  const edgeEnv: Env = { ...env, DIRECTORY };
  return {
    seen,
    background,
    kvAnswers: (answer: (name: string) => Promise<string | null>) => {
      read = answer;
    },
    find: async (at: number, wanted: string = hash) => {
      const candidate = { tenantId: TENANT_ID, hash: wanted, address: freshAddress() };
      return (await findKey(edgeEnv, candidate, START + at, (work) => background.push(work))).tag;
    },
  };
}

it("a snapshot is read again once after 15 s, in the background of the requests that use it", async () => {
  const { seen, background, find } = edge();
  expect(await find(0)).toBe("known");
  expect(await find(14_999)).toBe("known");
  expect([seen.reads, background.length]).toEqual([1, 0]);
  for (let again = 0; again < 3; again += 1) expect(await find(15_000)).toBe("known");
  await Promise.all(background);
  expect([seen.reads, background.length]).toEqual([2, 1]);
  expect(await find(44_999)).toBe("known");
  expect(seen.reads).toBe(3);
});

it("an unknown key does not refresh the snapshot", async () => {
  const { seen, background, find } = edge();
  await find(0);
  expect(await find(15_000, await hashKey("unknown"))).toBe("unknown");
  expect([seen.reads, background.length]).toEqual([1, 0]);
});

it("a request does not wait for the refresh, and does not fail with it", async () => {
  const { background, kvAnswers, find } = edge();
  await find(0);
  kvAnswers(() => Promise.reject(new Error("KV is out")));
  expect(await find(20_000)).toBe("known");
  await Promise.all(background);
  expect(await find(29_999)).toBe("known");
});

it("a snapshot that cannot be refreshed is used for 30 s and no longer", async () => {
  const { seen, kvAnswers, find } = edge();
  await find(0);
  kvAnswers(() => new Promise(() => {}));
  expect(await find(29_999)).toBe("known");
  kvAnswers((name) => env.DIRECTORY.get(name));
  expect(await find(30_000)).toBe("known");
  expect(seen.reads).toBe(3);
});

it("a key is found in the tenant's object while KV fails", async () => {
  const { kvAnswers, find } = edge();
  kvAnswers(() => Promise.reject(new Error("KV is out")));
  expect(await find(0)).toBe("known");
});

it("an older snapshot from KV does not replace a newer one from the object", async () => {
  const { background, kvAnswers, find } = edge();
  const old = (await env.DIRECTORY.get(`tenant:${TENANT_ID}`)) ?? "";
  const newer = await hashKey((await mintKey(tenant)).key);
  expect(await edge().find(0, newer)).toBe("known");
  kvAnswers(async () => old);
  await find(16_000);
  await Promise.all(background);
  kvAnswers(() => Promise.reject(new Error("KV is not needed")));
  expect(await find(20_000, newer)).toBe("known");
});
