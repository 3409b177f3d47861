/** Rules of a tenant: it is made once, outlives its memory, and leaves nothing behind when it is deleted or never was. */

import { reset, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OPERATOR } from "../../src/tenants/actor.ts";
import type { TenantRecord } from "../../src/tenants/settings.ts";
import { acceptTask, freshTaskObject, TENANT_ID, view } from "../support/objects.ts";
import type { TenantStub } from "../support/tenants.ts";
import { A_KEY, createTenant, mintKey, publishedSnapshot, tenantObject } from "../support/tenants.ts";
import { eventually, evict, freezeTime, pass, releaseTime, ring, START } from "../support/time.ts";
import { created, scriptOutside } from "../support/upstream.ts";

beforeEach(() => freezeTime());
afterEach(async () => {
  releaseTime();
  await reset();
});

/** Everything that a tenant's object has in storage: key-value pairs, tables, alarm. */
function leftIn(stub: TenantStub) {
  return runInDurableObject(stub, async (_object, { storage }) => ({
    pairs: [...(await storage.list())].length,
    tables: storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray(),
    alarm: await storage.getAlarm(),
  }));
}
const NOTHING = { pairs: 0, tables: [], alarm: null };

describe("a tenant", () => {
  it("is made once: a second creation changes nothing", async () => {
    const stub = await createTenant({ name: "First" });
    const before = await stub.webhookSettings({ createdAt: Date.now() }, "live");
    const limits = { maxInFlight: 1, monthlyTasks: 1 };
    expect(await stub.create({ id: TENANT_ID, name: "Second", allowedHosts: [], limits })).toBeNull();
    expect(await stub.describe()).toMatchObject({ name: "First", allowedHosts: ["antcpt.com"], createdAt: START });
    expect(await stub.webhookSettings({ createdAt: Date.now() }, "live")).toEqual(before);
  });

  it("is made once by ten at the same moment", async () => {
    const limits = { maxInFlight: 100, monthlyTasks: null };
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        tenantObject().create({ id: TENANT_ID, name: `Acme ${n}`, allowedHosts: [], limits }),
      ),
    );
    const made = results.filter((result) => result !== null);
    expect(made).toHaveLength(1);
    expect(await tenantObject().describe()).toMatchObject({ name: made[0]?.profile.name });
  });

  it("has a signing secret from the start, shown to its maker alone", async () => {
    const limits = { maxInFlight: 100, monthlyTasks: null };
    const stub = tenantObject();
    const made = await stub.create({ id: TENANT_ID, name: "Acme", allowedHosts: [], limits });
    expect(made?.webhookSecrets.live).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(await stub.webhookSettings({ createdAt: Date.now() }, "live")).toEqual({
      endpoint: null,
      secrets: [made?.webhookSecrets.live],
    });
    expect(JSON.stringify(await stub.describe())).not.toContain("whsec_");
    expect(JSON.stringify(await publishedSnapshot())).not.toContain("whsec_");
  });

  it("stored before modes were isolated uses its one endpoint and secret in both modes, until one of them changes", async () => {
    const stub = await createTenant();
    const secret = `whsec_${"A".repeat(43)}=`;
    const url = "https://hooks.example/old";
    await runInDurableObject(stub, (_object, { storage }) => {
      const { testWebhook: _, ...record } = storage.kv.get<TenantRecord>("tenant") as TenantRecord;
      const endpoint = { url, disabledAt: null, disabledReason: null };
      storage.kv.put("tenant", { ...record, secrets: [{ secret, expiresAt: null }], endpoint });
    });
    await evict(stub);
    for (const mode of ["live", "test"] as const) {
      expect(await stub.webhookSettings({ createdAt: Date.now() }, mode)).toEqual({ endpoint: url, secrets: [secret] });
    }
    await stub.setEndpoint(OPERATOR, "live", "https://hooks.example/live");
    await stub.rotateSecret(OPERATOR, "live", 0);
    await evict(stub);
    expect(await stub.webhookSettings({ createdAt: Date.now() }, "test")).toEqual({ endpoint: url, secrets: [secret] });
    const live = await stub.webhookSettings({ createdAt: Date.now() }, "live");
    expect(live.endpoint).toBe("https://hooks.example/live");
    expect(live.secrets).not.toContain(secret);
  });

  it("outlives an eviction with all that it has", async () => {
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

describe("a deleted tenant", () => {
  it("leaves nothing in storage or KV, and can be made again", async () => {
    scriptOutside({ create: [created()] });
    const stub = await createTenant();
    await mintKey(stub);
    const task = await acceptTask();
    await ring(task);
    expect(await stub.remove()).toBe(true);
    expect(await leftIn(stub)).toEqual(NOTHING);
    expect(await publishedSnapshot()).toBeNull();
    expect(await stub.describe()).toBeNull();
    expect(await stub.remove()).toBe(false);
    await createTenant({ name: "Acme again" });
    expect(await stub.listKeys(OPERATOR)).toEqual([]);
    expect(await publishedSnapshot()).toMatchObject({ profile: { name: "Acme again" } });
  });

  it("has its unfinished tasks canceled, those that wait for a slot too", async () => {
    scriptOutside({ create: [created()] });
    const stub = await createTenant({ limits: { maxInFlight: 1, monthlyTasks: null } });
    const running = await acceptTask();
    await ring(running);
    pass(1);
    const waiting = await acceptTask();
    await ring(waiting);
    expect(await view(waiting)).toMatchObject({ status: "queued", stage: "waiting" });
    await stub.remove();
    for (const task of [running, waiting]) {
      await eventually(async () => (await view(task)).status === "canceled");
      await ring(task);
      expect(await view(task)).toMatchObject({ status: "canceled" });
    }
    expect(await leftIn(stub)).toEqual(NOTHING);
  });

  it("cancels, at its admission, a task that its object never heard of", async () => {
    const outside = scriptOutside();
    const stub = await createTenant();
    const task = await acceptTask();
    await stub.remove();
    await ring(task);
    expect(await view(task)).toMatchObject({ status: "canceled", submissions: 0 });
    expect(outside.count).toBe(0);
  });
});

describe("a tenant that does not exist", () => {
  it("knows nothing, refuses everything, and leaves nothing behind", async () => {
    const stub = tenantObject("nobody");
    const taskId = freshTaskObject().id.toString();
    const place = { taskId, mode: "live", website: "antcpt.com", createdAt: START } as const;
    expect(await stub.describe()).toBeNull();
    expect(await stub.patch({ name: "Somebody" })).toBeNull();
    expect(await stub.listKeys(OPERATOR)).toBeNull();
    expect(await stub.createKey(OPERATOR, A_KEY)).toBeNull();
    expect(await stub.revokeKey(OPERATOR, "key_0")).toBeNull();
    expect(await stub.rotateKey(OPERATOR, "key_0", 0)).toBeNull();
    expect(await stub.snapshot()).toBeNull();
    expect(await stub.remove()).toBe(false);
    expect(await stub.admit({ ...place, deadlineAt: START + 1 })).toEqual({ tag: "gone" });
    const outcome = {
      status: "ready",
      finishedAt: START,
      solveMs: 1,
      unsolvedMs: 0,
      errorCode: null,
      webhookState: null,
    } as const;
    const settings = { endpoint: null, secrets: [] };
    expect(await stub.reportOutcome({ ...place, ...outcome })).toEqual({ entered: true, settings });
    expect(await stub.webhookSettings({ createdAt: Date.now() }, "live")).toEqual({ endpoint: null, secrets: [] });
    await stub.recordDeliveryState({ taskId, createdAt: START, webhookState: "delivered" });
    await stub.noteKeyUse("key_0", "2035-05-15");
    expect(await leftIn(stub)).toEqual(NOTHING);
    expect(await publishedSnapshot("nobody")).toBeNull();
  });
});
