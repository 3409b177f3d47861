// Reads: who can see a task, how long a long poll waits, and that a read sets a lost alarm again.

import { describe, expect, it } from "vitest";
import type { TaskRef } from "../../src/tasks/rpc.ts";
import type { TaskStub } from "../support/objects.ts";
import {
  acceptTask,
  freshTaskObject,
  LIVE,
  RETENTION_MS,
  storedText,
  TENANT_ID,
  TIMEOUT_MS,
  view,
  viewOrNull,
} from "../support/objects.ts";
import { createTenant } from "../support/tenants.ts";
import { alarmOf, evict, loseAlarm, pass, ringOnTime, runUntil, START, useFrozenTime } from "../support/time.ts";
import { created, held, processing, ready, scriptOutside } from "../support/upstream.ts";

const SUBMITTED = START + 1;

/** How long a long poll waits (ms of real time): longer than any test that ends it otherwise. */
const PATIENT_MS = 60_000;

useFrozenTime(createTenant);

/** The results of a task object's calls for `owner`. */
async function answersTo(stub: TaskStub, owner: TaskRef) {
  const viewed = await stub.view(owner);
  const { tag: canceled } = await stub.cancel(owner);
  const { tag: claimed } = await stub.claim(owner);
  const { tag: redelivered } = await stub.redeliver(owner);
  return { viewed: viewed === null ? "absent" : "seen", canceled, claimed, redelivered };
}

const ABSENT = { viewed: "absent", canceled: "absent", claimed: "absent", redelivered: "absent" };

describe("a caller that does not own the task", () => {
  const others: { name: string; owner: TaskRef }[] = [
    { name: "another tenant", owner: { ...LIVE, tenantId: "globex", mode: "live" } },
    { name: "the same tenant in the other mode", owner: { ...LIVE, mode: "test" } },
  ];

  it.each(others)("cannot see or change it, finished or not: $name", async ({ owner }) => {
    scriptOutside({ create: [created()], poll: [ready] });
    const stub = await acceptTask();
    expect(await answersTo(stub, owner)).toEqual(ABSENT);
    await runUntil(stub, START + 10_000);
    expect(await answersTo(stub, owner)).toEqual(ABSENT);
    expect(await view(stub)).toMatchObject({ status: "ready", solutionState: "available" });
  });

  it("cannot cancel it when it is deleted", async () => {
    const stub = await acceptTask();
    await stub.abandon("globex", stub.id.toString());
    expect(await view(stub)).toMatchObject({ status: "queued" });
  });
});

describe("a task that does not exist", () => {
  it("is absent in every call, and no call stores anything", async () => {
    const stub = freshTaskObject();
    expect(await answersTo(stub, LIVE)).toEqual(ABSENT);
    await stub.wake(stub.id.toString());
    await stub.abandon(TENANT_ID, stub.id.toString());
    expect(await storedText(stub)).toBe("[]");
    expect(await alarmOf(stub)).toBeNull();
  });
});

describe("a finished task", () => {
  it("can be read until the end of its retention, also after an eviction", async () => {
    scriptOutside({ create: [ready] });
    const stub = await acceptTask();
    await ringOnTime(stub);
    await runUntil(stub, SUBMITTED + RETENTION_MS - 1);
    expect(await viewOrNull(stub)).toMatchObject({ status: "ready", solutionState: "expired" });
    await evict(stub);
    expect(await viewOrNull(stub)).toMatchObject({ status: "ready", solutionState: "expired" });
  });
});

describe("a long poll", () => {
  it("ends for all subscribers when the task is ready", async () => {
    scriptOutside({ create: [created()], poll: [processing, ready] });
    const stub = await acceptTask();
    const reads = Promise.all(Array.from({ length: 20 }, () => stub.longPoll(LIVE, PATIENT_MS)));
    await runUntil(stub, START + 10_000);
    for (const result of await reads)
      expect(result).toMatchObject({ task: { status: "ready", polls: 2 }, full: false });
  });

  it("is answered at once as full when 256 others wait", async () => {
    const stub = await acceptTask();
    const reads = Array.from({ length: 256 }, () => stub.longPoll(LIVE, PATIENT_MS));
    expect(await stub.longPoll(LIVE, PATIENT_MS)).toMatchObject({ task: { status: "queued" }, full: true });
    expect(await stub.longPoll(LIVE, 0)).toMatchObject({ full: false });
    await stub.cancel(LIVE);
    for (const result of await Promise.all(reads)) {
      expect(result).toMatchObject({ task: { status: "canceled" }, full: false });
    }
    expect(await stub.longPoll(LIVE, PATIENT_MS)).toMatchObject({ task: { status: "canceled" }, full: false });
  });

  it("frees its place when it ends", async () => {
    const stub = await acceptTask();
    await Promise.all(Array.from({ length: 300 }, () => stub.longPoll(LIVE, 1)));
    const read = stub.longPoll(LIVE, PATIENT_MS);
    await stub.cancel(LIVE);
    expect(await read).toMatchObject({ task: { status: "canceled" } });
  });
});

describe("an alarm that the platform lost", () => {
  it("is set again by a read, 2 s after it was due and not before", async () => {
    scriptOutside({ create: [created()], poll: [processing] });
    const stub = await acceptTask();
    await ringOnTime(stub);
    await loseAlarm(stub);
    pass(3_000 + 2_000);
    await view(stub);
    expect(await alarmOf(stub)).toBeNull();
    pass(1);
    await view(stub);
    expect(await alarmOf(stub)).toBe(Date.now() + 1);
  });

  it("is set again by a read if it is in the past and never rang", async () => {
    const outside = scriptOutside({ create: [created()], poll: [ready] });
    const stub = await acceptTask();
    await ringOnTime(stub);
    pass(3_000 + 2_001);
    expect(await alarmOf(stub)).toBe(SUBMITTED + 3_000);
    await view(stub);
    expect(await alarmOf(stub)).toBe(Date.now() + 1);
    await ringOnTime(stub);
    expect(outside.polls).toHaveLength(1);
    expect(await view(stub)).toMatchObject({ status: "ready" });
  });

  it("is set again at once by the first read of an object that was loaded without one", async () => {
    scriptOutside({ create: [created()], poll: [processing] });
    const stub = await acceptTask();
    await ringOnTime(stub);
    await loseAlarm(stub);
    await evict(stub);
    pass(1_000);
    await view(stub);
    expect(await alarmOf(stub)).toBe(SUBMITTED + 3_000);
  });

  it("is set again by every other call of the owner", async () => {
    scriptOutside({ create: [ready] });
    const stub = await acceptTask();
    await ringOnTime(stub);
    await loseAlarm(stub);
    pass(200_000);
    expect(await stub.claim(LIVE)).toEqual({ tag: "expired" });
    expect(await alarmOf(stub)).not.toBeNull();
  });

  it("is set again when the tenant's object wakes the task, without a read", async () => {
    const stub = await acceptTask();
    await loseAlarm(stub);
    pass(TIMEOUT_MS + 12_000);
    await stub.wake(stub.id.toString());
    expect(await alarmOf(stub)).toBe(Date.now() + 1);
    await ringOnTime(stub);
    expect(await view(stub)).toMatchObject({ status: "failed", error: { code: "timeout" } });
  });

  it("is not set again by a read while the handler is running", async () => {
    const answer = held(created());
    scriptOutside({ create: [answer.answer] });
    const stub = await acceptTask();
    const handler = ringOnTime(stub);
    await answer.asked();
    pass(5_000);
    await view(stub);
    expect(await alarmOf(stub)).toBe(START + 3_001);
    answer.release();
    await handler;
    expect(await alarmOf(stub)).toBe(Date.now() + 3_000);
  });
});
