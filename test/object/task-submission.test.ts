/** Submission: what accepting a task touches, what is stored before createTask is sent, and what its answers mean. */

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
import {
  created,
  errorAnswer,
  held,
  lost,
  plain,
  RECEIVER_URL,
  ready,
  scriptOutside,
  silent,
  TOKEN,
} from "../support/upstream.ts";

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

  it("of a crashed object counts as one unknown outcome and is submitted once more 5 s later", async () => {
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

  it("of an object that crashed twice fails the task without a third submission", async () => {
    const outside = scriptOutside({ create: [silent] });
    const stub = await acceptTask();
    for (let crashes = 0; crashes < 2; crashes += 1) {
      const due = await crashInFlight(again(stub), outside);
      await ringAgain(again(stub), due);
    }
    await runUntil(again(stub), START + TIMEOUT_MS);
    expect(await view(again(stub))).toMatchObject({
      status: "failed",
      submissions: 2,
      error: { code: "upstream_unavailable" },
    });
    expect(outside.creates).toHaveLength(2);
  });
});

describe("a submission with an unknown outcome", () => {
  beforeEach(() => createTenant());

  const cases = [
    { name: "a lost connection", answer: lost },
    { name: "a body that is neither", answer: plain(200, "<html>welcome</html>") },
    { name: "half a body", answer: plain(200, '{"errorId":0,"taskId":"a') },
    { name: "an acceptance without an id", answer: plain(200, '{"errorId":0,"errorCode":"","errorDescription":""}') },
    { name: "HTTP 504", answer: plain(504) },
    { name: "HTTP 520", answer: plain(520) },
    { name: "HTTP 524", answer: plain(524) },
  ];

  it.each(cases)("is counted and sent again once after 5 s: $name", async ({ answer }) => {
    const outside = scriptOutside({ create: [answer, created()] });
    const stub = await acceptTask();
    await runUntil(stub, START + 5_001);
    expect(spacing(outside)).toEqual([0, 5_000]);
    expect(await view(stub)).toMatchObject({ status: "processing", submissions: 2 });
  });

  it.each(cases)("fails the task the second time: $name", async ({ answer }) => {
    const outside = scriptOutside({ create: [answer] });
    const stub = await acceptTask();
    await runUntil(stub, START + TIMEOUT_MS);
    expect(outside.creates).toHaveLength(2);
    expect(await view(stub)).toMatchObject({
      status: "failed",
      submissions: 2,
      finishedAt: START + 5_001,
      error: { code: "upstream_unavailable" },
    });
  });

  it("includes a createTask without an answer within 10 s", async () => {
    const outside = scriptOutside({ create: [silent] });
    const stub = await acceptTask();
    const asked = hastenTimers(5_000);
    await ringOnTime(stub);
    expect(asked).toEqual([10_000]);
    expect(outside.creates).toHaveLength(1);
    expect(await view(stub)).toMatchObject({ status: "queued", submissions: 1, hiddenSubmissions: 1 });
  });
});

describe("a rejected submission", () => {
  beforeEach(() => createTenant());

  const cases = [
    { name: "HTTP 429", answer: plain(429) },
    { name: "HTTP 400 without a readable body", answer: plain(400) },
    { name: "HTTP 500 without a readable body", answer: plain(500) },
    { name: "HTTP 503 without a readable body", answer: plain(503) },
    { name: "a transient code", answer: errorAnswer("ERROR_NO_SLOT_AVAILABLE") },
    { name: "the misspelt transient code", answer: errorAnswer("ERROR_SERVICE_UNAVALIABLE") },
    { name: "an unknown code under HTTP 503", answer: errorAnswer("ERROR_NEW", 503) },
  ];

  it.each(cases)("is retried with backoff until the deadline and is not counted: $name", async ({ answer }) => {
    const outside = scriptOutside({ create: [answer] });
    const stub = await acceptTask();
    await runUntil(stub, START + 70_000);
    expect(spacing(outside)).toEqual([0, 3_000, 9_000, 21_000, 36_000, 51_000, 66_000]);
    expect(await view(stub)).toMatchObject({ status: "queued", submissions: 0 });
    await runUntil(stub, START + TIMEOUT_MS);
    expect(await view(stub)).toMatchObject({
      status: "failed",
      submissions: 0,
      finishedAt: START + TIMEOUT_MS,
      error: { code: "upstream_unavailable" },
    });
  });

  it("is retried after upstream's Retry-After", async () => {
    const outside = scriptOutside({ create: [plain(429, "slow", { "retry-after": "20" }), created()] });
    const stub = await acceptTask();
    await runUntil(stub, START + 30_000);
    expect(spacing(outside)).toEqual([0, 20_000]);
    expect(await view(stub)).toMatchObject({ status: "processing", submissions: 1 });
  });
});

describe("an answer to createTask", () => {
  beforeEach(() => createTenant());

  const failures = [
    { code: "ERROR_INVALID_TASK_DATA", status: 400, error: "upstream_rejected" },
    { code: "ERROR_RECAPTCHA_INVALID_SITEKEY", status: 200, error: "upstream_rejected" },
    { code: "ERROR_NOBODY_DOCUMENTED", status: 200, error: "upstream_rejected" },
    { code: "ERROR_CAPTCHA_UNSOLVABLE", status: 200, error: "unsolvable" },
  ];

  it.each(failures)("fails the task at once with $error when it is $code", async ({ code, status, error }) => {
    const outside = scriptOutside({ create: [errorAnswer(code, status)] });
    const stub = await acceptTask();
    await runUntil(stub, START + TIMEOUT_MS);
    expect(outside.creates).toHaveLength(1);
    expect(await view(stub)).toMatchObject({ status: "failed", error: { code: error, upstreamCode: code } });
  });

  it("that is ready at once ends the task without a poll", async () => {
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

  it("that arrives late moves the first poll to 3 s after the answer", async () => {
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

  it("that arrives after a cancellation changes nothing", async () => {
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
