/** Rules of the edge's memory of tenants: nobody waits for KV while a snapshot is good, and none is good for long. */

import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Env } from "../../src/env.ts";
import { dropCachedTenant, findKey } from "../../src/tenants/directory.ts";
import { hashKey } from "../../src/tenants/keys.ts";
import { TENANT_ID } from "../support/objects.ts";
import type { TenantStub } from "../support/tenants.ts";
import { createTenant, mintKey } from "../support/tenants.ts";
import { freezeTime, releaseTime, START } from "../support/time.ts";

let tenant: TenantStub;
/** Of a key of the tenant. */
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

/** An edge whose KV is counted, and answers as it is told. */
function edge() {
  const background: Promise<unknown>[] = [];
  const seen = { reads: 0 };
  let read = (name: string): Promise<string | null> => env.DIRECTORY.get(name);
  const DIRECTORY = {
    get: (name: string) => {
      seen.reads += 1;
      return read(name);
    },
  };
  const edgeEnv = { ...env, DIRECTORY } as unknown as Env;
  return {
    seen,
    background,
    kvAnswers: (answer: (name: string) => Promise<string | null>) => {
      read = answer;
    },
    find: (at: number) => findKey(edgeEnv, TENANT_ID, hash, START + at, (work) => background.push(work)),
  };
}

it("a snapshot of some age is read anew once, beside the requests that find it so", async () => {
  const { seen, background, find } = edge();
  expect(await find(0)).not.toBeNull();
  expect(await find(14_999)).not.toBeNull();
  expect([seen.reads, background.length]).toEqual([1, 0]);
  for (let again = 0; again < 3; again += 1) expect(await find(15_000)).not.toBeNull();
  await Promise.all(background);
  expect([seen.reads, background.length]).toEqual([2, 1]);
  expect(await find(44_999)).not.toBeNull();
  expect(seen.reads).toBe(3);
});

it("a request does not wait for the reading, and does not mind its failure", async () => {
  const { background, kvAnswers, find } = edge();
  await find(0);
  kvAnswers(() => Promise.reject(new Error("KV is out")));
  expect(await find(20_000)).not.toBeNull();
  await Promise.all(background);
  expect(await find(29_999)).not.toBeNull();
});

it("a snapshot that nobody could read anew is good for 30 s, and no longer", async () => {
  const { seen, kvAnswers, find } = edge();
  await find(0);
  kvAnswers(() => new Promise(() => {}));
  expect(await find(29_999)).not.toBeNull();
  kvAnswers((name) => env.DIRECTORY.get(name));
  expect(await find(30_000)).not.toBeNull();
  expect(seen.reads).toBe(3);
});

it("what KV's cache still has does not take the place of what the object said since", async () => {
  const { background, kvAnswers, find } = edge();
  const old = (await env.DIRECTORY.get(`tenant:${TENANT_ID}`)) ?? "";
  const mintedHash = await hashKey((await mintKey(tenant)).key);
  await findKey(env, TENANT_ID, mintedHash, START, (work) => background.push(work));
  kvAnswers(async () => old);
  await find(16_000);
  await Promise.all(background);
  const closed = { ...env, DIRECTORY: { get: () => Promise.reject(new Error("KV is not to be asked")) } };
  expect(await findKey(closed as unknown as Env, TENANT_ID, mintedHash, START + 20_000, () => {})).not.toBeNull();
});
