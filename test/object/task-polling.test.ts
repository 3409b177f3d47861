// Polling: the poll interval, what a poll writes, backoff after failures, and how unsolved tasks end.

import { describe, expect, it } from "vitest";
import { acceptTask, LIVE, POLL_MS, stored, storedText, TIMEOUT_MS, view } from "../support/objects.ts";
import { createTenant, ledgerOf, tenantObject } from "../support/tenants.ts";
import {
  alarmOf,
  hastenTimers,
  loseAlarm,
  pass,
  ring,
  ringAgain,
  ringOnTime,
  runUntil,
  START,
  useFrozenTime,
} from "../support/time.ts";
import type { Outside } from "../support/upstream.ts";
import { created, errorAnswer, held, processing, ready, scriptOutside, silent } from "../support/upstream.ts";

/** When createTask is answered: the first alarm is 1 ms after the acceptance. */
const SUBMITTED = START + 1;

useFrozenTime(createTenant);

/** When each poll was sent, in ms after createTask's answer. */
const pollTimes = ({ polls }: Outside) => polls.map(({ at }) => at - SUBMITTED);

describe("the poll interval", () => {
  it("starts 3 s after createTask's answer and then after each answer", async () => {
    const outside = scriptOutside({ create: [created()], poll: [processing, processing, processing, ready] });
    const stub = await acceptTask();
    await runUntil(stub, START + 60_000);
    expect(pollTimes(outside)).toEqual([3_000, 6_000, 9_000, 12_000]);
    expect(await view(stub)).toMatchObject({ status: "ready", polls: 4 });
  });

  it("is the one configured when the task was accepted, if that is longer", async () => {
    const outside = scriptOutside({ create: [created()], poll: [processing] });
    const stub = await acceptTask({ pollIntervalMs: 10_000 });
    await runUntil(stub, START + 30_000);
    expect(pollTimes(outside)).toEqual([3_000, 13_000, 23_000]);
  });

  it("is kept when an alarm rings early", async () => {
    const outside = scriptOutside({ create: [created()], poll: [processing] });
    const stub = await acceptTask();
    await ringOnTime(stub);
    for (const early of [0, 1_000, 1_999]) {
      pass(early);
      await ring(stub);
      expect(await alarmOf(stub)).toBe(SUBMITTED + 3_000);
    }
    expect(outside.polls).toHaveLength(0);
  });

  it("is kept when the tenant's object wakes the task between two polls", async () => {
    const outside = scriptOutside({ create: [created()], poll: [processing] });
    const stub = await acceptTask();
    await runUntil(stub, SUBMITTED + 4_000);
    await stub.wake(stub.id.toString());
    expect(await alarmOf(stub)).toBe(SUBMITTED + 6_000);
    await ring(stub);
    expect(pollTimes(outside)).toEqual([3_000]);
  });

  it("is kept when an alarm rings twice", async () => {
    const outside = scriptOutside({ create: [created()], poll: [processing] });
    const stub = await acceptTask();
    await ringOnTime(stub);
    await ringOnTime(stub);
    await ringAgain(stub, SUBMITTED + 3_000);
    expect(pollTimes(outside)).toEqual([3_000]);
  });
});

describe("a poll that returns processing", () => {
  it("writes only the alarm and is counted in memory", async () => {
    scriptOutside({ create: [created()], poll: [processing] });
    const stub = await acceptTask();
    await ringOnTime(stub);
    const before = await storedText(stub);
    for (let polls = 1; polls <= 3; polls += 1) {
      await ringOnTime(stub);
      expect(await storedText(stub)).toBe(before);
      expect(await view(stub)).toMatchObject({ polls, unsolvedAt: SUBMITTED + polls * POLL_MS });
      expect(await alarmOf(stub)).toBe(SUBMITTED + (polls + 1) * POLL_MS);
    }
  });

  it("is stored with the next change", async () => {
    scriptOutside({ create: [created()], poll: [processing, processing, errorAnswer("ERROR_CAPTCHA_UNSOLVABLE")] });
    const stub = await acceptTask();
    await runUntil(stub, START + 20_000);
    expect(await stored(stub)).toMatchObject({ status: "failed", polls: 3 });
    const polls = (await stored(stub))?.events.filter(({ type }) => type === "poll");
    expect(polls?.map(({ at }) => at - SUBMITTED)).toEqual([3_000, 6_000, 9_000]);
  });
});

describe("a failed poll", () => {
  it("is a poll without an answer within 10 s", async () => {
    scriptOutside({ create: [created()], poll: [silent, ready] });
    const stub = await acceptTask();
    await ringOnTime(stub);
    const asked = hastenTimers(1_000);
    await ringOnTime(stub);
    expect(asked).toEqual([10_000]);
    expect(await view(stub)).toMatchObject({ status: "processing", faults: 1, polls: 1 });
  });
});

describe("the end of a task without a solution", () => {
  it("is timeout at the deadline if upstream kept answering", async () => {
    const outside = scriptOutside({ create: [created()], poll: [processing] });
    const stub = await acceptTask({ timeoutMs: 10_000 });
    await runUntil(stub, START + TIMEOUT_MS);
    expect(pollTimes(outside)).toEqual([3_000, 6_000, 9_000]);
    expect(await view(stub)).toMatchObject({
      status: "failed",
      finishedAt: START + 10_000,
      error: { code: "timeout" },
      solutionState: "none",
    });
    expect(await ledgerOf(tenantObject())).toMatchObject([{ status: "failed", error_code: "timeout" }]);
  });

  it("is the deadline also when a read comes before the alarm", async () => {
    scriptOutside({ create: [created()], poll: [processing] });
    const stub = await acceptTask({ timeoutMs: 10_000 });
    await runUntil(stub, START + 9_999);
    await loseAlarm(stub);
    pass(1);
    expect(await view(stub)).toMatchObject({ status: "failed", error: { code: "timeout" } });
  });

  it("is a cancellation during a poll, and the late solution is dropped", async () => {
    const late = held(ready);
    scriptOutside({ create: [created()], poll: [late.answer] });
    const stub = await acceptTask();
    await ringOnTime(stub);
    const handler = ringOnTime(stub);
    await late.asked();
    expect(await stub.cancel(LIVE)).toMatchObject({ tag: "canceled" });
    late.release();
    await handler;
    const canceled = { status: "canceled", solution: null, solutionState: "none", error: null };
    expect(await view(stub)).toMatchObject(canceled);
    expect(await stored(stub)).toMatchObject(canceled);
    expect(await ledgerOf(tenantObject())).toMatchObject([{ status: "canceled" }]);
  });

  it("is a deadline that passes during a poll and is noticed by a read, and the late solution is dropped", async () => {
    const late = held(ready);
    scriptOutside({ create: [created()], poll: [late.answer] });
    const stub = await acceptTask({ timeoutMs: 10_000 });
    await ringOnTime(stub);
    const handler = ringOnTime(stub);
    await late.asked();
    pass(7_000);
    expect(await view(stub)).toMatchObject({ status: "failed", error: { code: "timeout" } });
    late.release();
    await handler;
    expect(await view(stub)).toMatchObject({ status: "failed", solution: null });
  });
});
