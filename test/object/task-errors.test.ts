// Unexpected exceptions in a step: they are counted and retried after a pause, and neither stop a task nor retry in a loop.

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { TaskObject } from "../../src/tasks/object.ts";
import { RECORD_KEY } from "../../src/tasks/record.ts";
import type { AcceptRequest } from "../../src/tasks/rpc.ts";
import type { TaskStub } from "../support/objects.ts";
import { acceptTask, aTask, LIVE, setEnvironment, stored, storedText, TIMEOUT_MS, view } from "../support/objects.ts";
import { createTenant, ledgerOf, TENANT_UNREACHABLE, tenantObject } from "../support/tenants.ts";
import { alarmOf, evict, loseAlarm, ring, ringOnTime, runUntil, START, useFrozenTime } from "../support/time.ts";
import {
  created,
  errorAnswer,
  plain,
  processing,
  RECEIVER_URL,
  ready,
  scriptOutside,
  TOKEN,
} from "../support/upstream.ts";

useFrozenTime(createTenant);

/** With a variable out of range, every step throws before it has an effect. */
const breakSteps = (stub: TaskStub) => setEnvironment(stub, { ...env, POLL_INTERVAL_MS: "never" });
const repairSteps = (stub: TaskStub) => setEnvironment(stub, env);

describe("an unexpected exception in a step", () => {
  it("is counted, and the alarm is set again after a pause", async () => {
    scriptOutside();
    const stub = await acceptTask();
    await breakSteps(stub);
    for (const [index, pause] of [1_000, 2_000, 5_000, 15_000, 60_000].entries()) {
      const at = await ringOnTime(stub);
      expect(await view(stub)).toMatchObject({ status: "queued", strikes: index + 1 });
      expect(await alarmOf(stub)).toBe(Math.min(at + pause, START + TIMEOUT_MS));
    }
  });

  it("fails the task with internal when there are ten in a row", async () => {
    const outside = scriptOutside();
    const stub = await acceptTask({ timeoutMs: 300_000, pollIntervalMs: 1_000 });
    await breakSteps(stub);
    for (let failures = 1; failures < 10; failures += 1) {
      await ring(stub);
      expect(await view(stub)).toMatchObject({ status: "queued", strikes: failures });
    }
    await ring(stub);
    expect(await view(stub)).toMatchObject({
      status: "failed",
      error: { code: "internal", message: expect.not.stringContaining("POLL_INTERVAL_MS") },
    });
    expect(outside.count).toBe(0);
  });

  it("is no longer counted after a successful step", async () => {
    scriptOutside({ create: [created()], poll: [processing] });
    const stub = await acceptTask();
    await breakSteps(stub);
    for (let failures = 1; failures <= 3; failures += 1) await ringOnTime(stub);
    await repairSteps(stub);
    await ringOnTime(stub);
    expect(await view(stub)).toMatchObject({ status: "processing", strikes: 0 });
  });

  it("delays the outcome report and the webhook of a final task, and loses neither", async () => {
    const outside = scriptOutside({ create: [ready], receive: [plain(204, null)] });
    const stub = await acceptTask({ webhookUrl: RECEIVER_URL });
    await breakSteps(stub);
    await stub.cancel(LIVE);
    for (let failures = 1; failures <= 12; failures += 1) await ringOnTime(stub);
    expect(await ledgerOf(tenantObject())).toEqual([]);
    await repairSteps(stub);
    await ringOnTime(stub);
    await runUntil(stub, Date.now() + 10_000);
    expect(await ledgerOf(tenantObject())).toMatchObject([{ status: "canceled" }]);
    expect(outside.webhooks).toHaveLength(1);
  });

  it("does not prevent the end of the task at its deadline", async () => {
    scriptOutside();
    const stub = await acceptTask({ timeoutMs: 10_000 });
    await breakSteps(stub);
    await runUntil(stub, START + 9_999);
    const at = await ringOnTime(stub);
    expect(at).toBe(START + 10_000);
    expect(await stored(stub)).toMatchObject({ status: "failed", error: { code: "timeout" } });
    expect(await alarmOf(stub)).toBeGreaterThanOrEqual(at + 1_000);
  });

  it("does not prevent the expiry of the solution", async () => {
    scriptOutside({ create: [ready] });
    const stub = await acceptTask();
    await ringOnTime(stub);
    await breakSteps(stub);
    const at = await ringOnTime(stub);
    expect(await storedText(stub)).not.toContain(TOKEN);
    expect(await alarmOf(stub)).toBeGreaterThanOrEqual(at + 1_000);
  });

  it("is followed by a pause at the end of the retention", async () => {
    scriptOutside({ create: [ready] });
    const stub = await acceptTask();
    await runUntil(stub, START + 200_000);
    await breakSteps(stub);
    const at = await ringOnTime(stub);
    expect(await alarmOf(stub)).toBeGreaterThanOrEqual(at + 1_000);
  });
});

describe("a record that this version cannot read", () => {
  const writeRecord = (stub: TaskStub, record: object) =>
    runInDurableObject(stub, (_object, state) => state.storage.kv.put(RECORD_KEY, record));

  const within = (stub: TaskStub, act: (object: TaskObject) => Promise<unknown>) =>
    runInDurableObject<TaskObject, unknown>(stub, act);

  /** An accepted task whose object was lost, and whose record is of a later version. */
  async function unreadableTask(overrides: Partial<AcceptRequest> = {}) {
    const stub = await acceptTask(overrides);
    const record = await stored(stub);
    if (record === undefined) throw new Error("no record");
    await evict(stub);
    await writeRecord(stub, { ...record, version: 2 });
    return { stub, record, unreadable: { ...record, version: 2 } };
  }

  it("is not changed, and read again after 5, 15, 60, 60 s, also after evictions", async () => {
    scriptOutside();
    const { stub, unreadable } = await unreadableTask();
    const first = await ringOnTime(stub);
    const looks: number[] = [];
    for (let look = 0; look < 5; look += 1) {
      if (look % 2 === 0) await evict(stub);
      looks.push(((await ringOnTime(stub)) - first) / 1_000);
      expect(await stored(stub)).toEqual(unreadable);
    }
    expect(looks).toEqual([5, 20, 80, 140, 200]);
  });

  it("is read after a rollback before its deadline", async () => {
    scriptOutside({ create: [created()], poll: [ready] });
    const { stub, record } = await unreadableTask();
    await runUntil(stub, START + 30_000);
    await writeRecord(stub, record);
    await evict(stub);
    await runUntil(stub, START + TIMEOUT_MS - 1);
    expect(await view(stub)).toMatchObject({ status: "ready" });
  });

  it("makes reads fail, and keeps its alarm even if the platform lost it", async () => {
    scriptOutside();
    const { stub, unreadable } = await unreadableTask();
    await expect(view(stub)).rejects.toThrow();
    expect(await alarmOf(stub)).toBe(START + 3_001);
    await loseAlarm(stub);
    await expect(view(stub)).rejects.toThrow();
    await expect(within(stub, (object) => object.cancel(LIVE))).rejects.toThrow();
    expect(await alarmOf(stub)).toBe(START + 5_000);
    expect(await stored(stub)).toEqual(unreadable);
  });

  it("is not replaced by a repeat of its creation", async () => {
    scriptOutside();
    const { stub, unreadable } = await unreadableTask();
    await expect(within(stub, (object) => object.accept(aTask()))).rejects.toThrow();
    expect(await stored(stub)).toEqual(unreadable);
  });

  it("does not prevent the task from going on when it becomes readable", async () => {
    scriptOutside({ create: [created()] });
    const { stub, record } = await unreadableTask({ timeoutMs: 300_000 });
    await expect(view(stub)).rejects.toThrow();
    await writeRecord(stub, record);
    await runUntil(stub, Date.now() + 12_000);
    expect(await view(stub)).toMatchObject({ status: "processing" });
  });
});

describe("a tenant's object that cannot be reached", () => {
  it("delays the admission by 1, 2, 5, 15, 60 s, which counts as no failed step", async () => {
    const outside = scriptOutside({ create: [created()], poll: [processing] });
    const stub = await acceptTask({ timeoutMs: 300_000 });
    await setEnvironment(stub, TENANT_UNREACHABLE);
    const rung: number[] = [];
    for (let attempt = 0; attempt < 6; attempt += 1) rung.push((await ringOnTime(stub)) - START - 1);
    expect(rung).toEqual([0, 1_000, 3_000, 8_000, 23_000, 83_000]);
    expect(await view(stub)).toMatchObject({ status: "queued", strikes: 0 });
    await repairSteps(stub);
    await ringOnTime(stub);
    expect(await view(stub)).toMatchObject({ status: "processing" });
    expect(outside.creates).toHaveLength(1);
  });

  it("delays the outcome report, and not the webhook", async () => {
    const outside = scriptOutside({ create: [created()], poll: [ready], receive: [plain(204, null)] });
    const stub = await acceptTask({ webhookUrl: RECEIVER_URL });
    await ringOnTime(stub);
    await setEnvironment(stub, TENANT_UNREACHABLE);
    const readyAt = await ringOnTime(stub);
    expect(await view(stub)).toMatchObject({ status: "ready", settled: false, delivery: { state: "delivered" } });
    expect(outside.webhooks).toHaveLength(1);
    await ringOnTime(stub);
    await repairSteps(stub);
    await ringOnTime(stub);
    expect(Date.now()).toBe(readyAt + 2_000);
    expect(await ledgerOf(tenantObject())).toMatchObject([
      { status: "ready", finished_at: readyAt, webhook_state: "delivered" },
    ]);
    expect(outside.webhooks).toHaveLength(1);
  });

  it("delays a webhook whose settings are not in memory by pauses that double, and stores nothing meanwhile", async () => {
    const outside = scriptOutside({
      create: [errorAnswer("ERROR_BAD_REQUEST")],
      receive: [plain(500), plain(204, null)],
    });
    const stub = await acceptTask({ webhookUrl: RECEIVER_URL });
    await ringOnTime(stub);
    expect(outside.webhooks).toHaveLength(1);
    await evict(stub);
    await setEnvironment(stub, TENANT_UNREACHABLE);
    const before = await storedText(stub);
    const rung: number[] = [];
    for (let alarms = 0; alarms < 12; alarms += 1) {
      rung.push(await ringOnTime(stub));
      // The pauses outlive the memory of the object.
      await evict(stub);
      await setEnvironment(stub, TENANT_UNREACHABLE);
    }
    const pauses = rung.slice(1).map((at, index) => (at - (rung[index] ?? 0)) / 1_000);
    expect(pauses).toEqual([1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
    expect(await storedText(stub)).toBe(before);
    await repairSteps(stub);
    await ringOnTime(stub);
    expect(outside.webhooks).toHaveLength(2);
  });
});
