// Submission: what accepting a task touches, what is stored before createTask is sent, and what its answers mean.

import { listDurableObjectIds } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { TaskStub } from "../support/objects.ts";
import { acceptTask, again, aTask, freshTaskObject, LIVE, stored, TIMEOUT_MS, view } from "../support/objects.ts";
import { createTenant, ledgerOf } from "../support/tenants.ts";
import {
  alarmOf,
  crash,
  eventually,
  hastenTimers,
  pass,
  ring,
  ringAgain,
  ringOnTime,
  runUntil,
  START,
  useFrozenTime,
} from "../support/time.ts";
import type { Outside } from "../support/upstream.ts";
import { created, held, plain, RECEIVER_URL, ready, scriptOutside, silent, TOKEN } from "../support/upstream.ts";

useFrozenTime();

/** When each createTask was sent, in ms after the first. */
const spacing = ({ creates }: Outside) => creates.map(({ at }) => at - (creates[0]?.at ?? 0));

/** Crashes the object during createTask, and sets the clock to the alarm that is still set. Returns its time. */
async function crashInFlight(stub: TaskStub, outside: Outside): Promise<number> {
  const at = await alarmOf(stub);
  if (at === null) throw new Error("no alarm is set");
  const sent = outside.creates.length;
  const handler = ringOnTime(stub).catch(() => null);
  await eventually(() => outside.creates.length > sent);
  await crash(stub);
  expect(await handler).toBeNull();
  vi.setSystemTime(Math.max(at, Date.now()));
  return at;
}

describe("accepting a task", () => {
  it("stores the record and the alarm, and calls neither the tenant's object nor the upstream", async () => {
    const outside = scriptOutside();
    const tenants = await listDurableObjectIds(env.TENANTS);
    const stub = freshTaskObject();
    const accepted = await stub.accept(aTask());
    expect(accepted.tag).toBe("accepted");
    expect(await stored(stub)).toMatchObject({
      id: stub.id.toString(),
      status: "queued",
      createdAt: START,
      deadlineAt: START + TIMEOUT_MS,
      intentAt: START,
      submissions: 0,
    });
    expect(await alarmOf(stub)).toBe(START + 3_001);
    expect(outside.count).toBe(0);
    expect(await listDurableObjectIds(env.TENANTS)).toEqual(tenants);
  });

  it("adds it to the tenant's ledger with its first alarm", async () => {
    scriptOutside({ create: [created()] });
    const tenant = await createTenant();
    const stub = await acceptTask();
    expect(await ledgerOf(tenant)).toEqual([]);
    await ringOnTime(stub);
    expect(await ledgerOf(tenant)).toMatchObject([{ task_id: stub.id.toString(), admitted: 1, finished_at: null }]);
  });

  it("solves a test task without any outgoing request", async () => {
    const outside = scriptOutside();
    await createTenant();
    const owner = { ...LIVE, mode: "test" } as const;
    const stub = await acceptTask({ ...owner, task: { ...aTask().task, websiteKey: "sandbox-instant" } });
    await ringOnTime(stub);
    expect(await view(stub, owner)).toMatchObject({ status: "ready", submissions: 1 });
    expect(outside.count).toBe(0);
  });
});

describe("the intent to submit", () => {
  beforeEach(() => createTenant());

  it("is in storage during createTask", async () => {
    const answer = held(created());
    scriptOutside({ create: [answer.answer] });
    const stub = await acceptTask();
    const handler = ringOnTime(stub);
    await answer.asked();
    expect(await stored(stub)).toMatchObject({ status: "queued", intentAt: START, submissions: 0 });
    answer.release();
    await handler;
    expect(await stored(stub)).toMatchObject({ status: "processing", intentAt: null, submissions: 1 });
  });

  it("counts as one unknown outcome after a crash, and the task is submitted once more 5 s later", async () => {
    const outside = scriptOutside({ create: [silent, created()] });
    const stub = await acceptTask();
    const due = await crashInFlight(stub, outside);
    expect(await stored(again(stub))).toMatchObject({ status: "queued", intentAt: START, submissions: 0 });

    await ringAgain(again(stub), due);
    expect(await stored(again(stub))).toMatchObject({ status: "queued", intentAt: null, submissions: 1 });
    await runUntil(again(stub), due + 4_999);
    expect(outside.creates).toHaveLength(1);
    await runUntil(again(stub), due + 5_000);
    expect(spacing(outside)).toEqual([0, 3_000 + 5_000]);
    expect(await view(again(stub))).toMatchObject({ status: "processing", submissions: 2 });
  });
});

describe("an unknown outcome of createTask", () => {
  beforeEach(() => createTenant());

  it("follows a createTask without an answer within 10 s", async () => {
    const outside = scriptOutside({ create: [silent] });
    const stub = await acceptTask();
    const asked = hastenTimers(5_000);
    await ringOnTime(stub);
    expect(asked).toEqual([10_000]);
    expect(outside.creates).toHaveLength(1);
    expect(await view(stub)).toMatchObject({ status: "queued", submissions: 1, hiddenSubmissions: 1 });
  });
});

describe("an answer to createTask", () => {
  beforeEach(() => createTenant());

  it("ends the task without a poll if it is ready", async () => {
    const outside = scriptOutside({ create: [ready] });
    const stub = await acceptTask();
    await ringOnTime(stub);
    expect(await view(stub)).toMatchObject({
      status: "ready",
      polls: 0,
      submissions: 1,
      solution: { gRecaptchaResponse: TOKEN },
      solutionExpiresAt: START + 1 + 120_000,
      solutionBestBefore: START + 1 + 60_000,
    });
    expect(outside.polls).toHaveLength(0);
  });

  it("delays the first poll until 3 s after it", async () => {
    const answer = held(created());
    scriptOutside({ create: [answer.answer] });
    const stub = await acceptTask();
    const handler = ringOnTime(stub);
    await answer.asked();
    pass(2_500);
    answer.release();
    await handler;
    expect(await alarmOf(stub)).toBe(START + 1 + 2_500 + 3_000);
  });

  it("changes nothing after a cancellation", async () => {
    const answer = held(ready);
    scriptOutside({ create: [answer.answer] });
    const stub = await acceptTask();
    const handler = ring(stub);
    await answer.asked();
    expect(await stub.cancel(LIVE)).toMatchObject({ tag: "canceled" });
    answer.release();
    await handler;
    expect(await view(stub)).toMatchObject({ status: "canceled", solution: null, solutionState: "none" });
  });

  it("does not delay the webhook of a task that was canceled meanwhile", async () => {
    const outside = scriptOutside({ create: [silent], receive: [plain(204, null)] });
    const stub = await acceptTask({ webhookUrl: RECEIVER_URL });
    const handler = ring(stub);
    await eventually(() => outside.creates.length === 1);
    await stub.cancel(LIVE);
    await handler;
    expect(outside.webhooks).toHaveLength(1);
    expect(await view(stub)).toMatchObject({ status: "canceled", submissions: 1 });
    expect((await view(stub)).delivery?.state).toBe("delivered");
  });
});
