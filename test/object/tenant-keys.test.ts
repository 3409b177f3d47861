// A tenant's keys, and the snapshot of them in KV that the edge reads.

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { OPERATOR } from "../../src/tenants/actor.ts";
import { MAX_KEYS } from "../../src/tenants/keyring.ts";
import { hashKey, parseKey } from "../../src/tenants/keys.ts";
import { setEnvironment, TENANT_ID } from "../support/objects.ts";
import type { TenantStub } from "../support/tenants.ts";
import { A_KEY, createTenant, mintKey, publishedSnapshot, tenantObject } from "../support/tenants.ts";
import {
  alarmOf,
  crash,
  eventually,
  evict,
  loseAlarm,
  pass,
  ring,
  ringOnTime,
  START,
  useFrozenTime,
} from "../support/time.ts";

useFrozenTime();

/** Lets no put into KV end, and counts them. */
async function setHangingKv(stub: TenantStub): Promise<{ readonly puts: number }> {
  const hung = { puts: 0 };
  const put = () => {
    hung.puts += 1;
    return new Promise(() => undefined);
  };
  await setEnvironment(stub, { ...env, DIRECTORY: { put } });
  return hung;
}

/** Every row of the keys' table, as text. */
const keyRows = (stub: TenantStub) =>
  runInDurableObject(stub, (_object, state) =>
    JSON.stringify(state.storage.sql.exec("SELECT * FROM api_keys").toArray()),
  );

describe("the snapshot", () => {
  it("is put into KV after every change, with the content that the object has", async () => {
    const stub = await createTenant();
    expect(await publishedSnapshot()).toMatchObject({ profile: { name: "Acme", suspended: false }, keys: [] });
    const { id, key } = await mintKey(stub);
    expect((await publishedSnapshot())?.keys).toMatchObject([{ id, mode: "test", hash: await hashKey(key) }]);
    const patches = [
      { name: "Acme & Sons" },
      { allowedHosts: ["*.example"] },
      { limits: { maxInFlight: 7 } },
      { limits: { monthlyTasks: 9 } },
      { suspended: true },
      { suspended: false, limits: { monthlyTasks: null } },
    ];
    for (const patch of patches) {
      expect(await stub.describe()).toMatchObject((await publishedSnapshot())?.profile ?? {});
      expect(await stub.patch(patch)).toMatchObject({ ...patch, limits: { ...patch.limits } });
    }
    expect(await publishedSnapshot()).toEqual(await stub.snapshot());
    expect((await publishedSnapshot())?.profile).toMatchObject({
      name: "Acme & Sons",
      allowedHosts: ["*.example"],
      limits: { maxInFlight: 7, monthlyTasks: null },
      suspended: false,
    });
    await stub.revokeKey(OPERATOR, id);
    expect((await publishedSnapshot())?.keys).toEqual([]);
  });

  it("is put again by the alarm when KV rejects it", async () => {
    const stub = await createTenant();
    const rejecting = {
      ...env,
      DIRECTORY: { put: () => Promise.reject(new Error("KV PUT failed: 429 Too Many Requests")) },
    };
    await setEnvironment(stub, rejecting);
    expect(await stub.patch({ suspended: true })).toMatchObject({ suspended: true });
    expect((await publishedSnapshot())?.profile.suspended).toBe(false);
    expect(await alarmOf(stub)).toBe(START + 1_500);
    await setEnvironment(stub, env);
    pass(1_500);
    await ring(stub);
    expect((await publishedSnapshot())?.profile.suspended).toBe(true);
  });

  it.each([
    { what: "a patch", change: (stub: TenantStub) => stub.patch({ suspended: true }) },
    { what: "a new key", change: (stub: TenantStub) => stub.createKey(OPERATOR, A_KEY) },
    { what: "a revoked key", change: (stub: TenantStub, id: string) => stub.revokeKey(OPERATOR, id) },
    { what: "a rotated key", change: (stub: TenantStub, id: string) => stub.rotateKey(OPERATOR, id, 60_000) },
  ])("is put by the alarm after a crash during the put of $what", async ({ change }) => {
    const stub = await createTenant();
    const { id } = await mintKey(stub);
    await ring(stub);
    const hung = await setHangingKv(stub);
    const changed = change(stub, id).catch(() => null);
    await eventually(() => hung.puts === 1);
    const snapshot = await stub.snapshot();
    await crash(stub);
    await changed;
    expect(await publishedSnapshot()).not.toEqual(snapshot);
    expect(await ringOnTime(tenantObject())).toBe(START + 1_500);
    expect(await publishedSnapshot()).toEqual(snapshot);
  });

  it("is put by the alarm after a crash during the put of a new tenant", async () => {
    const stub = tenantObject();
    const hung = await setHangingKv(stub);
    const created = createTenant().catch(() => null);
    await eventually(() => hung.puts === 1);
    await crash(stub);
    await created;
    expect(await publishedSnapshot()).toBeNull();
    expect(await ringOnTime(tenantObject())).toBe(START + 1_500);
    expect(await publishedSnapshot()).toMatchObject({ profile: { name: "Acme" } });
  });

  it("is put by the alarm once an object loads an unpublished change of an older version, which set no alarm", async () => {
    const stub = await createTenant();
    await setEnvironment(stub, { ...env, DIRECTORY: { put: () => Promise.reject(new Error("KV PUT failed")) } });
    await stub.patch({ suspended: true });
    await loseAlarm(stub);
    await evict(stub);
    expect(await stub.describe()).toMatchObject({ suspended: true });
    expect(await ringOnTime(stub)).toBe(START + 1_500);
    expect((await publishedSnapshot())?.profile.suspended).toBe(true);
  });

  it("is not overwritten by a slow put of an earlier change", async () => {
    const stub = await createTenant();
    const { id } = await mintKey(stub);
    let released = false;
    let puts = 0;
    const slow = {
      ...env,
      DIRECTORY: {
        put: async (name: string, value: string) => {
          puts += 1;
          if (puts === 1) await eventually(() => released);
          await env.DIRECTORY.put(name, value);
        },
      },
    };
    await setEnvironment(stub, slow);
    const renamed = stub.patch({ name: "Acme & Sons" });
    await eventually(() => puts === 1);
    const revoked = stub.revokeKey(OPERATOR, id);
    setTimeout(() => {
      released = true;
    }, 20);
    await Promise.all([renamed, revoked]);
    await setEnvironment(stub, env);
    pass(1_500);
    await ring(stub);
    expect(await publishedSnapshot()).toMatchObject({ profile: { name: "Acme & Sons" }, keys: [] });
  });
});

describe("a key", () => {
  it("is in no list, in no table and in no snapshot once it is created", async () => {
    const stub = await createTenant();
    const { key, id } = await mintKey(stub);
    expect(parseKey(key)).toEqual({ mode: "test", tenantId: TENANT_ID });
    expect(await stub.listKeys(OPERATOR)).toEqual([{ ...A_KEY, id, createdAt: START, lastUsedDay: null }]);
    for (const text of [JSON.stringify(await stub.listKeys(OPERATOR)), JSON.stringify(await publishedSnapshot())]) {
      expect(text).not.toContain(key);
    }
    expect(await keyRows(stub)).not.toContain(key);
    expect(await keyRows(stub)).toContain(await hashKey(key));
  });
});

describe("a rotated key", () => {
  it("is rotated already, also after its end and after another key was created", async () => {
    const stub = await createTenant();
    const { id } = await mintKey(stub);
    const rotate = () => stub.rotateKey(OPERATOR, id, 60_000);
    expect(await rotate()).toMatchObject({ replaces: { id } });
    expect(await rotate()).toBe("already_rotated");
    pass(60_000);
    expect(await rotate()).toBe("already_rotated");
    await mintKey(stub);
    expect(await rotate()).toBe("already_rotated");
    expect((await stub.listKeys(OPERATOR))?.map((key) => key.id)).not.toContain(id);
    expect(await stub.revokeKey(OPERATOR, id)).toBe(false);
  });

  it("does not exist any more once it was revoked", async () => {
    const stub = await createTenant();
    const { id } = await mintKey(stub);
    await stub.rotateKey(OPERATOR, id, 60_000);
    expect(await stub.revokeKey(OPERATOR, id)).toBe(true);
    expect(await stub.rotateKey(OPERATOR, id, 60_000)).toBe("absent");
  });

  it("does not exist any more after its end and 200 later rotations, so that rotations cannot fill the storage", async () => {
    const stub = await createTenant();
    const ids = [(await mintKey(stub)).id];
    for (let rotations = 0; rotations < MAX_KEYS + 2; rotations += 1) {
      pass(1);
      const rotated = await stub.rotateKey(OPERATOR, ids.at(-1) ?? "", 0);
      if (rotated === null || typeof rotated === "string") throw new Error(`not rotated: ${rotated}`);
      ids.push(rotated.created.id);
    }
    expect(await stub.rotateKey(OPERATOR, ids[0] ?? "", 0)).toBe("absent");
    expect(await stub.rotateKey(OPERATOR, ids[1] ?? "", 0)).toBe("already_rotated");
    expect(await stub.listKeys(OPERATOR)).toMatchObject([{ id: ids.at(-1) }]);
  });

  it("leaves room for a new key after its end", async () => {
    const stub = await createTenant();
    const { id } = await mintKey(stub);
    await stub.rotateKey(OPERATOR, id, 0);
    for (let keys = 1; keys < MAX_KEYS; keys += 1) await mintKey(stub);
    expect(await stub.createKey(OPERATOR, A_KEY)).toBe("too_many");
    expect(await stub.rotateKey(OPERATOR, id, 0)).toBe("already_rotated");
  });
});

it("rotating a key that has expired and was not rotated finds no key, also before another one is created", async () => {
  const stub = await createTenant();
  const { id } = await mintKey(stub, { expiresAt: START + 1_000 });
  pass(1_000);
  expect(await stub.rotateKey(OPERATOR, id, 0)).toBe("absent");
  await mintKey(stub);
  expect(await stub.rotateKey(OPERATOR, id, 0)).toBe("absent");
});
