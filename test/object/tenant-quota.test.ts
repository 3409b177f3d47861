/** Rules of who is refused at admission: a suspended tenant at once, and live tasks over the month's quota. */

import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { acceptTask, tasksInOrder, view } from "../support/objects.ts";
import { anOutcome, aRequest, createTenant, ledgerOf, limited, publishedSnapshot } from "../support/tenants.ts";
import {
  alarmOf,
  eventually,
  evict,
  freezeTime,
  pass,
  releaseTime,
  ring,
  ringOnTime,
  runUntil,
  START,
} from "../support/time.ts";
import { created, processing, ready, scriptOutside } from "../support/upstream.ts";

beforeEach(() => freezeTime());
afterEach(async () => {
  releaseTime();
  await reset();
});

const exhaustedMonth = async () => (await publishedSnapshot())?.exhaustedMonth;

describe("a suspended tenant", () => {
  it("is refused at once, and its task fails", async () => {
    const outside = scriptOutside();
    const stub = await createTenant();
    const task = await acceptTask();
    await stub.patch({ suspended: true });
    await ring(task);
    expect(await view(task)).toMatchObject({ status: "failed", error: { code: "tenant_suspended" }, submissions: 0 });
    expect(await ledgerOf(stub)).toMatchObject([{ status: "failed", error_code: "tenant_suspended", admitted: 0 }]);
    expect(outside.count).toBe(0);
  });

  it("keeps what is under way", async () => {
    scriptOutside({ create: [created()], poll: [processing, ready] });
    const stub = await createTenant();
    const task = await acceptTask();
    await ring(task);
    await stub.patch({ suspended: true });
    await runUntil(task, START + 10_000);
    expect(await view(task)).toMatchObject({ status: "ready" });
  });

  it("is refused for a task that waited, though a slot comes free", async () => {
    scriptOutside({ create: [created()], poll: [ready] });
    const stub = await createTenant(limited(1));
    const [running, waiting] = await tasksInOrder(2);
    if (running === undefined || waiting === undefined) throw new Error("two tasks");
    await ring(running);
    await ring(waiting);
    await stub.patch({ suspended: true });
    await runUntil(running, START + 10_000);
    await runUntil(waiting, START + 60_000);
    expect(await view(waiting)).toMatchObject({
      status: "failed",
      error: { code: "tenant_suspended" },
      submissions: 0,
    });
  });

  it("has its waiting tasks woken and refused as it is suspended", async () => {
    scriptOutside({ create: [created()] });
    const stub = await createTenant(limited(1));
    const [running, waiting] = await tasksInOrder(2);
    if (running === undefined || waiting === undefined) throw new Error("two tasks");
    await ring(running);
    await ring(waiting);
    await stub.patch({ suspended: true });
    await eventually(async () => (await alarmOf(waiting)) === Date.now() + 1);
    await ringOnTime(waiting);
    expect(await view(waiting)).toMatchObject({ status: "failed", error: { code: "tenant_suspended" } });
    expect(await view(running)).toMatchObject({ status: "processing" });
  });
});

describe("the month's quota", () => {
  it("lets so many live tasks in and fails the next with quota_exceeded; test tasks do not count", async () => {
    const outside = scriptOutside({ create: [created()] });
    const stub = await createTenant(limited(100, 2));
    expect(await stub.admit(aRequest(0, "test"))).toEqual({ tag: "admitted" });
    const [first, second, third] = await tasksInOrder(3);
    if (first === undefined || second === undefined || third === undefined) throw new Error("three tasks");
    for (const task of [first, second, third]) await ring(task);
    expect(outside.creates).toHaveLength(2);
    expect(await view(third)).toMatchObject({ status: "failed", error: { code: "quota_exceeded" }, submissions: 0 });
    expect(await stub.admit(aRequest(9, "test"))).toEqual({ tag: "admitted" });
  });

  it("counts who waits when it gets in, so that the queue cannot overrun it", async () => {
    const stub = await createTenant(limited(1, 2));
    const [first, second, third] = [aRequest(0), aRequest(1), aRequest(2)];
    expect(await stub.admit(first)).toEqual({ tag: "admitted" });
    expect(await stub.admit(second)).toEqual({ tag: "waiting" });
    expect(await stub.admit(third)).toEqual({ tag: "waiting" });
    await stub.reportOutcome(anOutcome(first));
    expect(await stub.admit(second)).toEqual({ tag: "admitted" });
    await stub.reportOutcome(anOutcome(second));
    expect(await stub.admit(third)).toEqual({ tag: "rejected", code: "quota_exceeded" });
  });

  it("is counted from the ledger after an eviction, and begins anew with the month", async () => {
    const stub = await createTenant(limited(100, 1));
    const first = aRequest(0);
    expect(await stub.admit(first)).toEqual({ tag: "admitted" });
    await stub.reportOutcome(anOutcome(first));
    await evict(stub);
    expect(await stub.admit(aRequest(1))).toEqual({ tag: "rejected", code: "quota_exceeded" });
    pass(31 * 86_400_000);
    expect(await stub.admit(aRequest(31 * 86_400_000))).toEqual({ tag: "admitted" });
  });

  it("that is used up is told to the edge by the object's alarm", async () => {
    const stub = await createTenant(limited(100, 1));
    await stub.admit(aRequest(0));
    await stub.admit(aRequest(1));
    expect(await exhaustedMonth()).toBeNull();
    await ringOnTime(stub);
    expect(await exhaustedMonth()).toBe("2035-05");
    await stub.patch({ limits: { monthlyTasks: 2 } });
    expect(await exhaustedMonth()).toBeNull();
  });

  it("that is raised and used up again is told again", async () => {
    const stub = await createTenant(limited(100, 1));
    await stub.admit(aRequest(0));
    await stub.admit(aRequest(1));
    await ringOnTime(stub);
    await stub.patch({ limits: { monthlyTasks: 2 } });
    await stub.admit(aRequest(2));
    expect(await stub.admit(aRequest(3))).toEqual({ tag: "rejected", code: "quota_exceeded" });
    await ringOnTime(stub);
    expect(await exhaustedMonth()).toBe("2035-05");
  });
});
