// A task's own identity: its id, its webhook-id, and the incarnation of the tenant that it belongs to.

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { TaskRecord } from "../../src/tasks/record.ts";
import { RECORD_KEY } from "../../src/tasks/record.ts";
import type { TaskStub } from "../support/objects.ts";
import { acceptTask, aTask, LIVE, RETENTION_MS, stored, view, viewOrNull } from "../support/objects.ts";
import { createTenant, ledgerOf, tenantObject } from "../support/tenants.ts";
import { evict, pass, ringOnTime, runUntil, START, useFrozenTime } from "../support/time.ts";
import { created, plain, processing, RECEIVER_URL, ready, scriptOutside } from "../support/upstream.ts";

useFrozenTime();

/** The object of an idempotency key. */
const namedObject = (): TaskStub => env.TASKS.get(env.TASKS.idFromName("acme/order-1042"));

async function acceptNamed(stub: TaskStub): Promise<string> {
  const result = await stub.accept(aTask({ named: true, bodyHash: "hash", webhookUrl: RECEIVER_URL }));
  if (result.tag !== "accepted") throw new Error(`not accepted: ${result.tag}`);
  return result.task.id.replace("tsk_", "");
}

const changeRecord = (stub: TaskStub, change: (record: TaskRecord) => object) =>
  runInDurableObject(stub, (_object, { storage }) => {
    const record = storage.kv.get<TaskRecord>(RECORD_KEY);
    if (record !== undefined) storage.kv.put(RECORD_KEY, change(record));
  });

describe("two tasks under one idempotency key, the second after the first was purged", () => {
  it("have ids and webhook-ids of their own", async () => {
    await createTenant();
    const outside = scriptOutside({ create: [ready], receive: [plain(204, null)] });
    const stub = namedObject();
    const first = await acceptNamed(stub);
    await runUntil(stub, START + 1 + RETENTION_MS);
    expect(await stored(stub)).toBeUndefined();
    const second = await acceptNamed(stub);
    await ringOnTime(stub);

    expect(second).not.toBe(first);
    for (const id of [first, second]) expect(id).toMatch(new RegExp(`^${stub.id.toString()}_[0-9a-z]{8}$`));
    expect(outside.webhooks.map(({ headers }) => headers.get("webhook-id"))).toEqual([`msg_${first}`, `msg_${second}`]);
    expect((await ledgerOf(tenantObject())).map(({ task_id }) => task_id)).toEqual([first, second]);
  });

  it("are not found by each other's id", async () => {
    await createTenant();
    scriptOutside({ create: [ready], receive: [plain(204, null)] });
    const stub = namedObject();
    const first = await acceptNamed(stub);
    expect(await stub.view({ ...LIVE, taskId: stub.id.toString() })).toBeNull();
    expect(await stub.view({ ...LIVE, taskId: first })).toMatchObject({ id: `tsk_${first}` });
    await runUntil(stub, START + 1 + RETENTION_MS);
    await acceptNamed(stub);
    const ref = { ...LIVE, taskId: first };
    expect(await stub.view(ref)).toBeNull();
    expect(await stub.cancel(ref)).toEqual({ tag: "absent" });
    expect(await stub.claim(ref)).toEqual({ tag: "absent" });
    await stub.abandon(LIVE.tenantId, first);
    expect(await view(stub)).toMatchObject({ status: "queued" });
  });
});

describe("a tenant's clock that runs ahead of the task's", () => {
  it("does not hide or reject the tenant's first task", async () => {
    await createTenant();
    scriptOutside({ create: [created()], poll: [processing] });
    pass(-50);
    const stub = await acceptTask();
    expect(await view(stub)).toMatchObject({ createdAt: START - 50, status: "queued" });
    await ringOnTime(stub);
    expect(await view(stub)).toMatchObject({ status: "processing" });
  });
});

describe("a tenant that was deleted and created again", () => {
  it("does not get a task of the deleted one, with any difference of clocks", async () => {
    const tenant = await createTenant();
    scriptOutside({ create: [created()], poll: [processing] });
    pass(5_000);
    const stub = await acceptTask();
    await tenant.remove();
    pass(-1_000);
    await createTenant();
    expect(await viewOrNull(stub, { ...LIVE, tenantSince: START + 4_000 })).toBeNull();
    pass(1_000);
    await ringOnTime(stub);
    expect(await view(stub)).toMatchObject({ status: "canceled" });
  });
});

describe("a record of a version that did not store the tenant's creation time", () => {
  it("belongs to a tenant that is not younger than the task", async () => {
    await createTenant();
    scriptOutside({ create: [created()], poll: [processing] });
    pass(10);
    const stub = await acceptTask();
    await evict(stub);
    await changeRecord(stub, ({ tenantSince: _, keyId: __, reference: ___, ...older }) => older);
    expect(await viewOrNull(stub, { ...LIVE, tenantSince: START + 11 })).toBeNull();
    expect(await viewOrNull(stub, { ...LIVE, tenantSince: START + 10 })).toMatchObject({ status: "queued" });
    await runUntil(stub, Date.now() + 6_000);
    expect(await view(stub)).toMatchObject({ status: "processing" });
  });
});
