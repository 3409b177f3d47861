/** Rules of a tenant's keys and of the snapshot that the edge reads: every change reaches it, and a key is shown once. */

import { reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hashKey, parseKey } from "../../src/tenants/keys.ts";
import { setEnvironment, TENANT_ID } from "../support/objects.ts";
import type { TenantStub } from "../support/tenants.ts";
import { A_KEY, createTenant, mintKey, publishedSnapshot } from "../support/tenants.ts";
import { alarmOf, eventually, freezeTime, pass, releaseTime, ring, START } from "../support/time.ts";

beforeEach(() => freezeTime());
afterEach(async () => {
  releaseTime();
  await reset();
});

/** Every row of the keys' table, as text. */
const keyRows = (stub: TenantStub) =>
  runInDurableObject(stub, (_object, state) =>
    JSON.stringify(state.storage.sql.exec("SELECT * FROM api_keys").toArray()),
  );

describe("the snapshot", () => {
  it("is in KV after every change, and is what the object says", async () => {
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
      expect((await publishedSnapshot())?.profile).toEqual(await stub.describe());
      expect(await stub.patch(patch)).toMatchObject({ ...patch, limits: { ...patch.limits } });
    }
    expect(await publishedSnapshot()).toEqual(await stub.snapshot());
    expect((await publishedSnapshot())?.profile).toMatchObject({
      name: "Acme & Sons",
      allowedHosts: ["*.example"],
      limits: { maxInFlight: 7, monthlyTasks: null },
      suspended: false,
    });
    await stub.revokeKey(id);
    expect((await publishedSnapshot())?.keys).toEqual([]);
  });

  it("that KV refuses is put again by the alarm", async () => {
    const stub = await createTenant();
    const refusing = {
      ...env,
      DIRECTORY: { put: () => Promise.reject(new Error("KV PUT failed: 429 Too Many Requests")) },
    };
    await setEnvironment(stub, refusing);
    expect(await stub.patch({ suspended: true })).toMatchObject({ suspended: true });
    expect((await publishedSnapshot())?.profile.suspended).toBe(false);
    expect(await alarmOf(stub)).toBe(START + 1_500);
    await setEnvironment(stub, env);
    pass(1_500);
    await ring(stub);
    expect((await publishedSnapshot())?.profile.suspended).toBe(true);
  });

  it("of a later change is not overwritten by an earlier one that KV took its time for", async () => {
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
    const revoked = stub.revokeKey(id);
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
  it("is shown once: neither lists nor storage nor the snapshot have it", async () => {
    const stub = await createTenant();
    const { key, id } = await mintKey(stub);
    expect(parseKey(key)).toEqual({ mode: "test", tenantId: TENANT_ID });
    expect(await stub.listKeys()).toEqual([{ ...A_KEY, id, createdAt: START, lastUsedDay: null }]);
    for (const text of [JSON.stringify(await stub.listKeys()), JSON.stringify(await publishedSnapshot())]) {
      expect(text).not.toContain(key);
    }
    expect(await keyRows(stub)).not.toContain(key);
    expect(await keyRows(stub)).toContain(await hashKey(key));
  });

  it("that is revoked is gone from the list and the snapshot, once", async () => {
    const stub = await createTenant();
    const { id } = await mintKey(stub);
    const other = await mintKey(stub, { name: "other", mode: "live" });
    expect(await stub.revokeKey(id)).toBe(true);
    expect(await stub.revokeKey(id)).toBe(false);
    expect((await stub.listKeys())?.map((key) => key.id)).toEqual([other.id]);
    expect((await publishedSnapshot())?.keys.map((key) => key.id)).toEqual([other.id]);
  });

  it("that is rotated has an heir of its kind, and lives on for the overlap", async () => {
    const stub = await createTenant();
    const old = await mintKey(stub, { name: "rotated", mode: "live", scopes: ["account:read"] });
    pass(1_000);
    const heir = await stub.rotateKey(old.id, 60_000, null);
    expect(heir).toMatchObject({ name: "rotated", mode: "live", scopes: ["account:read"], expiresAt: null });
    const until = START + 1_000 + 60_000;
    expect(await stub.listKeys()).toMatchObject([{ id: old.id, expiresAt: until }, { expiresAt: null }]);
    expect((await publishedSnapshot())?.keys).toMatchObject([{ id: old.id, expiresAt: until }, { expiresAt: null }]);
    pass(60_000);
    expect(await stub.listKeys()).toHaveLength(1);
    expect((await stub.snapshot())?.keys).toHaveLength(1);
    expect(await stub.rotateKey(old.id, 60_000, null)).toBe("absent");
  });

  it("with an overlap of nothing ends as it is rotated", async () => {
    const stub = await createTenant();
    const old = await mintKey(stub);
    await stub.rotateKey(old.id, 0, null);
    expect(await stub.listKeys()).toHaveLength(1);
    expect((await publishedSnapshot())?.keys.map(({ id }) => id)).not.toContain(old.id);
  });

  it("ends by itself at its expiry, and rotation does not make it live longer", async () => {
    const stub = await createTenant();
    const old = await mintKey(stub, { expiresAt: START + 10_000 });
    await stub.rotateKey(old.id, 60_000, null);
    pass(9_999);
    expect(await stub.listKeys()).toHaveLength(2);
    pass(1);
    expect((await stub.listKeys())?.map(({ id }) => id)).not.toContain(old.id);
  });
});
