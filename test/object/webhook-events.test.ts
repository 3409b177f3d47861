// Webhook events: the body, the solution in it, the target URL, and the recorded attempts.

import { describe, expect, it, vi } from "vitest";
import type { TimelineEvent } from "../../src/tasks/present.ts";
import { aTime } from "../support/answers.ts";
import type { TaskStub } from "../support/objects.ts";
import { acceptTask, again, setEnvironment, storedText, view } from "../support/objects.ts";
import type { Received, TenantCalls } from "../support/receivers.ts";
import { accountOf, delayed, FINAL, sandboxTask, scriptReceivers, TEST } from "../support/receivers.ts";
import type { TenantStub } from "../support/tenants.ts";
import { createTenant, tenantObject, withTenantMethods } from "../support/tenants.ts";
import { pass, ringOnTime, runUntil, START, useFrozenTime } from "../support/time.ts";
import type { Answer } from "../support/upstream.ts";
import { created, lost, plain, RECEIVER_URL, scriptOutside, TOKEN } from "../support/upstream.ts";

const ENDPOINT = "https://endpoint.example/hook";

/** After the last attempt with any jitter, and before the end of the retention. */
const LAST = FINAL + 50_000_000;

const ok = plain(204, null);

let tenant: TenantStub;
let account: TenantCalls;

useFrozenTime(async () => {
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  tenant = await createTenant();
  account = await accountOf(tenant);
});

async function attemptsOf(stub: TaskStub): Promise<TimelineEvent[]> {
  const { events } = await account.readTimeline(stub);
  expect(events.map(({ at }) => at)).toEqual(events.map(({ at }) => at).sort());
  return events.filter(({ type }) => type === "webhook");
}

/** A live task whose solution has these fields and a token, after its first webhook attempt. */
async function solvedTask(fields: object, receive: Answer): Promise<TaskStub> {
  const solved: Answer = () =>
    Response.json({ errorId: 0, status: "ready", solution: { gRecaptchaResponse: TOKEN, ...fields } });
  scriptOutside({ create: [created()], poll: [solved], receive: [receive] });
  const stub = await acceptTask({ webhookUrl: RECEIVER_URL });
  await runUntil(stub, START + 4_000);
  return stub;
}

/** A sandbox task that is ready at its submission, with a webhook URL of its own. */
const ready = () => sandboxTask("sandbox-instant", { webhookUrl: RECEIVER_URL });

const statesOf = (received: readonly Received[]) => received.map(({ event }) => event.data.solutionState);

describe("the event", () => {
  const endings = [
    { type: "task.ready", websiteKey: "sandbox-instant", cancel: false, data: { status: "ready", error: null } },
    {
      type: "task.failed",
      websiteKey: "sandbox-reject-ERROR_TASK_ABSENT",
      cancel: false,
      data: { status: "failed", solution: null, solutionState: "none", error: { code: "upstream_rejected" } },
    },
    {
      type: "task.canceled",
      websiteKey: "sandbox-never",
      cancel: true,
      data: { status: "canceled", solution: null, solutionState: "none", error: null },
    },
  ];

  it.each(endings)("contains the task as a read returns it: $type", async ({ type, websiteKey, cancel, data }) => {
    const received = scriptReceivers({ [RECEIVER_URL]: [ok] });
    const stub = await sandboxTask(websiteKey, { webhookUrl: RECEIVER_URL, metadata: { order: "例え" } });
    await runUntil(stub, FINAL);
    if (cancel) await account.act(stub, "cancel");
    await runUntil(stub, Date.now() + 1);

    const task = await account.readTask(stub);
    expect(task).toMatchObject(data);
    expect(received).toHaveLength(1);
    expect(received[0]?.event).toStrictEqual({
      type,
      timestamp: task.finishedAt,
      data: {
        ...task,
        webhook: { ...task.webhook, state: "pending", attempts: 0, lastStatus: null, nextAttemptAt: aTime },
      },
    });
    expect(task.webhook).toEqual({
      url: RECEIVER_URL,
      state: "delivered",
      attempts: 1,
      lastStatus: 204,
      nextAttemptAt: null,
    });
  });

  it("is sent once per task, also if the final task is read, claimed or canceled", async () => {
    const received = scriptReceivers({ [RECEIVER_URL]: [ok] });
    const stub = await ready();
    await runUntil(stub, FINAL);
    await stub.cancel(TEST);
    await stub.claim(TEST);
    await stub.wake(stub.id.toString());
    await runUntil(stub, LAST);
    expect(received).toHaveLength(1);
  });

  it("has the trace of the request that created the task", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const received = scriptReceivers({ [RECEIVER_URL]: [ok] });
    await runUntil(await sandboxTask("sandbox-instant", { webhookUrl: RECEIVER_URL, traceparent }), FINAL);
    expect(received.map(({ headers, redirect }) => [headers.get("traceparent"), redirect])).toEqual([
      [traceparent, "manual"],
    ]);
  });
});

describe("the solution in a webhook", () => {
  it("is in the seven attempts before its expiry and in none of the five later ones", async () => {
    const received = scriptReceivers({ [RECEIVER_URL]: [plain(500)] });
    await runUntil(await ready(), LAST);
    expect(statesOf(received)).toEqual([...Array(7).fill("available"), ...Array(5).fill("expired")]);
    for (const { event } of received.slice(0, 7)) {
      expect(event.data.solution?.gRecaptchaResponse).toMatch(/^sandbox\./);
    }
    for (const { event, text } of received.slice(7)) {
      expect(event).toMatchObject({ type: "task.ready", data: { status: "ready", solution: null } });
      expect(text).not.toContain("sandbox.");
    }
  });

  it("is missing once it is claimed", async () => {
    const received = scriptReceivers({ [RECEIVER_URL]: [plain(500)] });
    const stub = await ready();
    await runUntil(stub, FINAL);
    expect(await stub.claim(TEST)).toMatchObject({ tag: "claimed" });
    await runUntil(stub, LAST);
    expect(statesOf(received)).toEqual(["available", ...Array(11).fill("claimed")]);
    for (const { event } of received.slice(1)) expect(event.data.solution).toBeNull();
  });

  it("is missing if it is claimed while the attempt is prepared", async () => {
    const received = scriptReceivers({ [RECEIVER_URL]: [plain(500), ok] });
    const stub = await ready();
    await runUntil(stub, FINAL);
    const webhookSettings = async () => {
      expect(await again(stub).claim(TEST)).toMatchObject({ tag: "claimed" });
      return tenantObject().webhookSettings({ createdAt: Date.now() }, "test");
    };
    await setEnvironment(
      stub,
      withTenantMethods(() => ({ webhookSettings })),
    );
    await runUntil(stub, FINAL + 3_000);
    expect(statesOf(received)).toEqual(["available", "claimed"]);
    expect(received[1]?.event.data.solution).toBeNull();
  });

  it("is missing if it expires while the attempt is prepared", async () => {
    const received = scriptReceivers({ [RECEIVER_URL]: [ok] });
    const stub = await ready();
    await runUntil(stub, FINAL + 119_000);
    const webhookSettings = async () => {
      pass(2_000);
      return tenantObject().webhookSettings({ createdAt: START }, "test");
    };
    await setEnvironment(
      stub,
      withTenantMethods(() => ({ webhookSettings })),
    );
    await stub.redeliver(TEST);
    await ringOnTime(stub);
    expect(received.map(({ at, event }) => [at - FINAL, event.data.solutionState])).toEqual([
      [0, "available"],
      [121_001, "expired"],
    ]);
  });
});

describe("the recorded attempts", () => {
  it("have their time, status, duration, error and response body", async () => {
    const redirect = plain(302, null, { location: ENDPOINT });
    scriptReceivers({ [RECEIVER_URL]: [delayed(120, plain(503)), delayed(40, lost), redirect, delayed(7, ok)] });
    const stub = await ready();
    await runUntil(stub, LAST);
    const at = (ms: number) => new Date(FINAL + ms).toISOString();
    expect(await attemptsOf(stub)).toStrictEqual([
      { at: at(0), type: "webhook", durationMs: 120, status: 503, error: null, responseBody: "no JSON" },
      { at: at(2_000), type: "webhook", durationMs: 40, status: null, error: "network", responseBody: null },
      { at: at(5_000), type: "webhook", durationMs: 0, status: 302, error: "redirect", responseBody: null },
      { at: at(10_000), type: "webhook", durationMs: 7, status: 204, error: null, responseBody: null },
    ]);
  });

  it("contain nothing of a solution that the receiver echoes", async () => {
    const echo: Answer = ({ body }) => new Response(JSON.stringify(Object(body).data.solution), { status: 500 });
    const received = scriptReceivers({ [RECEIVER_URL]: [echo] });
    const stub = await ready();
    await runUntil(stub, FINAL + 121_000);
    const token = received[0]?.event.data.solution?.gRecaptchaResponse ?? "";
    expect(token).toMatch(/^sandbox\./);
    expect(await storedText(stub)).not.toContain(token.slice(0, 12));
    expect((await attemptsOf(stub))[0]).toMatchObject({ responseBody: expect.stringContaining("[removed]") });
  });

  it("contain nothing of a nested string of a solution that the receiver echoes", async () => {
    const secret = "f3b1c2d4-a-nested-secret-of-the-tests";
    const echo: Answer = ({ body }) => new Response(JSON.stringify(Object(body).data.solution.more), { status: 500 });
    const stub = await solvedTask({ more: [{ session: { id: secret } }] }, echo);
    await runUntil(stub, START + 200_000);
    expect(await storedText(stub)).not.toContain(secret.slice(0, 12));
    expect((await view(stub)).delivery?.log[0]).toMatchObject({
      status: 500,
      responseBody: '[{"session":{"id":"[removed]"}}]',
    });
  });

  it("have no response body if the solution is too large to be redacted from it", async () => {
    const large = "0123456789abcdef".repeat(16_384);
    const stub = await solvedTask({ large }, ({ body }) => new Response(Object(body).data.solution.large));
    await runUntil(stub, START + 10_000);
    expect((await view(stub)).delivery).toMatchObject({
      state: "delivered",
      attempts: 1,
      log: [{ status: 200, error: null, responseBody: null }],
    });
  });
});
