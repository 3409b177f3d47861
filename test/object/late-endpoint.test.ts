// An endpoint that is set after a task has ended gets nothing for it, however late the task reports its outcome. An endpoint that was
// set before gets its webhook.

import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import { OPERATOR } from "../../src/tenants/actor.ts";
import { dayAt } from "../../src/tenants/sequence.ts";
import type { TaskStub } from "../support/objects.ts";
import { again, setEnvironment, stored, view } from "../support/objects.ts";
import { FINAL, runEvicted, sandboxTask, scriptReceivers, TEST } from "../support/receivers.ts";
import type { TenantStub } from "../support/tenants.ts";
import { createTenant, ledgerOf, TENANT_UNREACHABLE, withTenantMethods } from "../support/tenants.ts";
import {
  alarmOf,
  crash,
  eventually,
  evict,
  pass,
  ring,
  ringAgain,
  ringOnTime,
  useFrozenTime,
} from "../support/time.ts";
import { plain } from "../support/upstream.ts";

const ENDPOINT = "https://endpoint.example/hook";
const MOVED = "https://moved.example/hook";
const DAY_MS = 86_400_000;
const RETENTION_MS = DAY_MS;

/** Past the first retry of a report that failed. */
const RETRY_MS = 5_000;

let tenant: TenantStub;

useFrozenTime(async () => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  tenant = await createTenant();
});

const receivers = () => scriptReceivers({ [ENDPOINT]: [plain(204, null)], [MOVED]: [plain(204, null)] });
const setEndpoint = (url: string | null) => tenant.setEndpoint(OPERATOR, "test", url);

/** A task that has ended, and whose report has failed. */
async function unreportedTask(): Promise<TaskStub> {
  const stub = await sandboxTask("sandbox-delay-0");
  await ringOnTime(stub);
  await setEnvironment(stub, TENANT_UNREACHABLE);
  await ringOnTime(stub);
  expect(await stored(stub)).toMatchObject({ status: "ready", settled: false, delivery: null });
  return stub;
}

/** The tenant's object can be reached again, and the task reports its outcome. */
async function reportAgain(stub: TaskStub): Promise<void> {
  await evict(stub);
  pass(RETRY_MS);
  await ring(stub);
  expect(await view(stub, TEST)).toMatchObject({ settled: true });
}

describe("an endpoint that is set after a task has ended", () => {
  it.each(["sandbox-instant", "sandbox-reject-ERROR_TASK_ABSENT"])(
    "gets nothing after the task's object was evicted: %s",
    async (websiteKey) => {
      const received = receivers();
      const stub = await sandboxTask(websiteKey);
      await ringOnTime(stub);
      pass(RETRY_MS);
      await setEndpoint(ENDPOINT);
      await evict(stub);
      await runEvicted(stub, FINAL + RETENTION_MS - 1);
      expect((await view(stub, TEST)).delivery).toBeNull();
      await runEvicted(stub, FINAL + 2 * RETENTION_MS);
      expect(received).toHaveLength(0);
      expect(await ledgerOf(tenant)).toMatchObject([{ webhook_state: null }]);
    },
  );

  it("gets nothing if the task could not report its outcome before", async () => {
    const received = receivers();
    const stub = await unreportedTask();
    pass(RETRY_MS);
    await setEndpoint(ENDPOINT);
    await reportAgain(stub);
    expect(received).toHaveLength(0);
    expect(await ledgerOf(tenant)).toMatchObject([{ status: "ready", webhook_state: null }]);
  });

  it("gets nothing if it replaces one that was removed or disabled before the end", async () => {
    const received = receivers();
    await setEndpoint(ENDPOINT);
    await tenant.disableEndpoint(ENDPOINT, { createdAt: Date.now() }, "test");
    const stub = await unreportedTask();
    pass(RETRY_MS);
    await setEndpoint(ENDPOINT);
    await reportAgain(stub);
    expect(received).toHaveLength(0);
  });
});

describe("an endpoint that was set before a task ended", () => {
  it("gets the webhook after a crash directly after the end", async () => {
    const received = receivers();
    await setEndpoint(ENDPOINT);
    const stub = await sandboxTask("sandbox-delay-0");
    await ringOnTime(stub);
    await evict(stub);
    let reached = false;
    const reportOutcome = () => {
      reached = true;
      return new Promise<never>(() => {});
    };
    const webhookSettings = () => Promise.reject(new Error("an error of the test"));
    await setEnvironment(
      stub,
      withTenantMethods(() => ({ reportOutcome, webhookSettings })),
    );
    const scheduled = (await alarmOf(stub)) ?? Number.NaN;
    const handler = ringOnTime(stub).catch(() => null);
    await eventually(() => reached);
    await crash(stub);
    await handler;
    expect(received).toHaveLength(0);
    await ringAgain(again(stub), scheduled);
    expect(received.map(({ url }) => url)).toEqual([ENDPOINT]);
    expect(await ledgerOf(tenant)).toMatchObject([{ webhook_state: "delivered" }]);
  });

  it("gets the webhook at its new URL if it was changed before the task reported its outcome", async () => {
    const received = receivers();
    await setEndpoint(ENDPOINT);
    pass(RETRY_MS);
    const stub = await sandboxTask("sandbox-delay-0");
    await ringOnTime(stub);
    await evict(stub);
    await setEnvironment(stub, TENANT_UNREACHABLE);
    await ringOnTime(stub);
    pass(RETRY_MS);
    await setEndpoint(MOVED);
    await reportAgain(stub);
    expect(received.map(({ url }) => url)).toEqual([MOVED]);
  });
});

describe("a report that is repeated after the ledger has pruned the task's day", () => {
  it("adds no row, and keeps the stored usage of the day", async () => {
    const days = 30;
    const stub = await sandboxTask("sandbox-instant", { retentionMs: days * DAY_MS });
    await ringOnTime(stub);
    const day = dayAt(Date.now());
    const usage = () => tenant.usage(OPERATOR, "test", { from: day, to: day, byKey: false });
    const before = await usage();
    expect(before).toMatchObject([{ submitted: 1, ready: 1 }]);
    pass((days + 1) * DAY_MS);
    await ring(tenant);
    expect(await ledgerOf(tenant)).toEqual([]);
    await evict(stub);
    await ring(stub);
    await evict(stub);
    await ring(stub);
    expect(await ledgerOf(tenant)).toEqual([]);
    expect(await usage()).toEqual(before);
    const purged = await runInDurableObject(stub, async (_object, { storage }) => (await storage.list()).size);
    expect(purged).toBe(0);
  });
});
