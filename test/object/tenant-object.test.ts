// A tenant's object: its secrets, evictions, older and unreadable records, and an object without a tenant.

import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { OPERATOR } from "../../src/tenants/actor.ts";
import type { TenantObject } from "../../src/tenants/object.ts";
import type { TenantRecord } from "../../src/tenants/settings.ts";
import { DEFAULT_LIMITS } from "../../src/tenants/settings.ts";
import { expectProblem } from "../support/answers.ts";
import { admin } from "../support/gateway.ts";
import { freshTaskObject, TENANT_ID } from "../support/objects.ts";
import {
  A_KEY,
  admit,
  aRequest,
  createTenant,
  EMPTY_STORAGE,
  mintKey,
  publishedSnapshot,
  storageOf,
  tenantObject,
} from "../support/tenants.ts";
import { alarmOf, evict, ringOnTime, START, useFrozenTime } from "../support/time.ts";

useFrozenTime();

describe("a tenant", () => {
  it("has a signing secret per mode, which neither its view nor its snapshot contains", async () => {
    const limits = { maxInFlight: 100, monthlyTasks: null };
    const stub = tenantObject();
    const created = await stub.create({ id: TENANT_ID, name: "Acme", allowedHosts: [], limits });
    expect(created?.webhookSecrets.live).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(await stub.webhookSettings({ createdAt: Date.now() }, "live")).toEqual({
      endpoint: null,
      secrets: [created?.webhookSecrets.live],
      streamed: [],
    });
    expect(JSON.stringify(await stub.describe())).not.toContain("whsec_");
    expect(JSON.stringify(await publishedSnapshot())).not.toContain("whsec_");
  });

  it("uses its one endpoint and secret in both modes, until one of them changes, if it was stored before modes were isolated", async () => {
    const stub = await createTenant();
    const secret = `whsec_${"A".repeat(43)}=`;
    const url = "https://hooks.example/old";
    await runInDurableObject(stub, (_object, { storage }) => {
      const { testWebhook: _, ...record } = storage.kv.get<TenantRecord>("tenant") as TenantRecord;
      const endpoint = { url, disabledAt: null, disabledReason: null };
      storage.kv.put("tenant", { ...record, secrets: [{ secret, expiresAt: null }], endpoint });
    });
    await evict(stub);
    const old = { endpoint: url, secrets: [secret], streamed: [] };
    for (const mode of ["live", "test"] as const) {
      expect(await stub.webhookSettings({ createdAt: Date.now() }, mode)).toEqual(old);
    }
    await stub.setEndpoint(OPERATOR, "live", "https://hooks.example/live");
    await stub.rotateSecret(OPERATOR, "live", 0);
    await evict(stub);
    expect(await stub.webhookSettings({ createdAt: Date.now() }, "test")).toEqual(old);
    const live = await stub.webhookSettings({ createdAt: Date.now() }, "live");
    expect(live.endpoint).toBe("https://hooks.example/live");
    expect(live.secrets).not.toContain(secret);
  });

  it("is the same after an eviction", async () => {
    const stub = await createTenant();
    await mintKey(stub);
    await stub.patch({ suspended: true });
    const before = {
      profile: await stub.describe(),
      keys: await stub.listKeys(OPERATOR),
      snapshot: await stub.snapshot(),
    };
    await evict(stub);
    expect({
      profile: await stub.describe(),
      keys: await stub.listKeys(OPERATOR),
      snapshot: await stub.snapshot(),
    }).toEqual(before);
  });
});

function setVersion(storage: DurableObjectStorage, version: number): void {
  storage.kv.put("tenant", { ...storage.kv.get<TenantRecord>("tenant"), version });
}

describe.each([
  {
    what: "a record of a newer version",
    damage: (storage: DurableObjectStorage) => setVersion(storage, 99),
    repair: (storage: DurableObjectStorage) => setVersion(storage, 1),
  },
  {
    what: "a migration that fails",
    damage: (storage: DurableObjectStorage) => {
      storage.sql.exec("ALTER TABLE __drizzle_migrations RENAME TO applied");
    },
    repair: (storage: DurableObjectStorage) => {
      storage.sql.exec("DROP TABLE IF EXISTS __drizzle_migrations");
      storage.sql.exec("ALTER TABLE applied RENAME TO __drizzle_migrations");
    },
  },
])("a tenant with $what", ({ damage, repair }) => {
  it("fails every call, keeps its alarm and storage, and works again when it can be read", async () => {
    const stub = await createTenant();
    const { id } = await mintKey(stub);
    await runInDurableObject(stub, (_object, { storage }) => damage(storage));
    await evict(stub);
    const { entries, tables } = await storageOf(stub);

    const calls: ((object: TenantObject) => unknown)[] = [
      (object) => object.describe(),
      (object) => object.patch({ name: "Other" }),
      (object) => object.create({ id: TENANT_ID, name: "Other", allowedHosts: [], limits: DEFAULT_LIMITS }),
      (object) => object.remove(),
      (object) => object.listKeys(OPERATOR),
      (object) => object.revokeKey(OPERATOR, id),
      (object) => object.snapshot(),
      (object) => object.admit(aRequest()),
      (object) => object.webhookSettings({ createdAt: START }, "live"),
    ];
    for (const call of calls) {
      const failure = await runInDurableObject<TenantObject, unknown>(stub, async (object) => {
        try {
          return await call(object);
        } catch (error) {
          return String(error);
        }
      });
      expect(failure).toBe("Error: the tenant could not be loaded");
    }
    await expectProblem(await admin("GET", `/admin/tenants/${TENANT_ID}`), "internal");
    for (let rings = 0; rings < 8; rings += 1) {
      await ringOnTime(stub);
      expect(await alarmOf(stub)).toBe(Date.now() + 60_000);
    }
    expect(await storageOf(stub)).toMatchObject({ entries, tables });

    await runInDurableObject(stub, (_object, { storage }) => repair(storage));
    await ringOnTime(stub);
    expect(await stub.describe()).toMatchObject({ id: TENANT_ID, name: "Acme" });
    expect(await stub.listKeys(OPERATOR)).toHaveLength(1);
  });
});

describe("a tenant that does not exist", () => {
  it("returns null from every call and stores nothing", async () => {
    const stub = tenantObject("missing");
    const taskId = freshTaskObject().id.toString();
    const place = { taskId, mode: "live", website: "antcpt.com", createdAt: START } as const;
    expect(await stub.describe()).toBeNull();
    expect(await stub.patch({ name: "Someone" })).toBeNull();
    expect(await stub.listKeys(OPERATOR)).toBeNull();
    expect(await stub.createKey(OPERATOR, A_KEY)).toBeNull();
    expect(await stub.revokeKey(OPERATOR, "key_0")).toBeNull();
    expect(await stub.rotateKey(OPERATOR, "key_0", 0)).toBeNull();
    expect(await stub.snapshot()).toBeNull();
    expect(await stub.remove()).toBe(false);
    expect(await admit(stub, { ...place, deadlineAt: START + 1 })).toEqual({ tag: "gone" });
    const outcome = {
      status: "ready",
      finishedAt: START,
      solveMs: 1,
      unsolvedMs: 0,
      errorCode: null,
      webhookState: null,
    } as const;
    const settings = { endpoint: null, secrets: [] };
    expect(await stub.reportOutcome({ ...place, ...outcome })).toEqual({ entered: true, streaming: false, settings });
    expect(await stub.webhookSettings({ createdAt: Date.now() }, "live")).toEqual({ endpoint: null, secrets: [] });
    await stub.recordDeliveryState({ taskId, createdAt: START, webhookState: "delivered" });
    await stub.noteKeyUse("key_0", "2035-05-15");
    expect(await storageOf(stub)).toEqual(EMPTY_STORAGE);
    expect(await publishedSnapshot("missing")).toBeNull();
  });
});
