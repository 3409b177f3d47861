// The webhook schedule: when each attempt is sent, what ends the attempts, and that a crash loses none.

import { describe, expect, it, vi } from "vitest";
import { OPERATOR } from "../../src/tenants/actor.ts";
import type { TaskOutcome } from "../../src/tenants/ledger.ts";
import type { TaskStub } from "../support/objects.ts";
import { again, setEnvironment, view } from "../support/objects.ts";
import type { Received } from "../support/receivers.ts";
import { FINAL, runEvicted, sandboxTask, scriptReceivers, TEST, verifies } from "../support/receivers.ts";
import type { TenantStub } from "../support/tenants.ts";
import { createTenant, ledgerOf, withTenantMethods } from "../support/tenants.ts";
import { alarmOf, crash, eventually, ringAgain, ringOnTime, runUntil, useFrozenTime } from "../support/time.ts";
import type { Answer } from "../support/upstream.ts";
import { lost, plain, RECEIVER_URL } from "../support/upstream.ts";

/** When the attempts are due, in seconds after the task is final. */
const SCHEDULE_S = [0, 2, 5, 10, 20, 40, 70, 300, 1_800, 7_200, 21_600, 43_200];

/** After the last attempt with any jitter, and before the end of the retention. */
const LAST = FINAL + 50_000_000;

const ok = plain(204, null);

let tenant: TenantStub;

useFrozenTime(async () => {
  tenant = await createTenant();
});

/** A task that is ready with its submission. Its webhooks get these answers, in order. */
async function solvedTask(...answers: Answer[]): Promise<{ stub: TaskStub; received: Received[] }> {
  const received = scriptReceivers({ [RECEIVER_URL]: answers });
  return { stub: await sandboxTask("sandbox-instant", { webhookUrl: RECEIVER_URL }), received };
}

/** The random number that jitter is computed from: 0.5 gives no jitter. */
const drawn = (chance: number) => vi.spyOn(Math, "random").mockReturnValue(chance);

const offsets = (received: readonly Received[]) => received.map(({ at }) => at - FINAL);

describe("the attempts", () => {
  it.each([
    { jitter: "none", chance: 0.5, share: 0, evicted: false },
    { jitter: "none", chance: 0.5, share: 0, evicted: true },
    { jitter: "the least", chance: 0, share: 0, evicted: true },
    { jitter: "the most", chance: 1 - Number.EPSILON, share: 0.1, evicted: true },
  ])("follow the schedule, jitter: $jitter, evictions between: $evicted", async ({ chance, share, evicted }) => {
    drawn(chance);
    const { stub, received } = await solvedTask(plain(500));
    await (evicted ? runEvicted : runUntil)(stub, LAST);
    expect(offsets(received)).toEqual(SCHEDULE_S.map((second) => Math.round(second * 1_000 * (1 + share))));
  });

  it("have independent jitter of at most ±10 %, except for the first", async () => {
    let drawn = 0;
    vi.spyOn(Math, "random").mockImplementation(() => {
      drawn += 1;
      return (drawn * 0.754_877_666) % 1;
    });
    const { stub, received } = await solvedTask(plain(500));
    await runUntil(stub, LAST);
    const shares = offsets(received).map((offset, index) => offset / ((SCHEDULE_S[index] ?? 0) * 1_000) - 1);
    expect(offsets(received)[0]).toBe(0);
    expect(shares).toHaveLength(12);
    for (const share of shares.slice(1)) expect(Math.abs(share)).toBeLessThanOrEqual(0.1 + 0.001);
    expect(new Set(shares.slice(1)).size).toBeGreaterThan(6);
  });

  it("share one webhook-id, and each has its own time in whole seconds and a signature of that time", async () => {
    const secret = (await tenant.rotateSecret(OPERATOR, "test", 0)) ?? "";
    const verdicts: boolean[] = [];
    const answer: Answer = (request) => {
      verdicts.push(...received.slice(-1).map((webhook) => verifies(webhook, secret)));
      return plain(500)(request);
    };
    const { stub, received } = await solvedTask(answer);
    await runEvicted(stub, LAST);
    expect(verdicts).toEqual(SCHEDULE_S.map(() => true));
    expect(new Set(received.map(({ headers }) => headers.get("webhook-id"))).size).toBe(1);
    expect(received.map(({ headers }) => headers.get("webhook-timestamp"))).toEqual(
      received.map(({ at }) => String(Math.floor(at / 1_000))),
    );
  });

  it("end when one succeeds", async () => {
    drawn(0.5);
    const { stub, received } = await solvedTask(plain(500), lost, plain(301), ok);
    await runEvicted(stub, LAST);
    expect(offsets(received)).toEqual([0, 2_000, 5_000, 10_000]);
    expect((await view(again(stub), TEST)).delivery).toMatchObject({
      state: "delivered",
      attempts: 4,
      nextAttemptAt: null,
    });
    expect(await ledgerOf(tenant)).toMatchObject([{ webhook_state: "delivered" }]);
  });

  it("are exhausted after the last, which is logged once", async () => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const { stub, received } = await solvedTask(plain(500));
    await runUntil(stub, LAST);
    expect(received).toHaveLength(12);
    expect((await view(again(stub), TEST)).delivery).toMatchObject({
      state: "exhausted",
      attempts: 12,
      nextAttemptAt: null,
    });
    expect(await ledgerOf(tenant)).toMatchObject([{ webhook_state: "exhausted" }]);
    expect(warned.mock.calls.filter(([line]) => String(line).includes('"webhook_exhausted"'))).toHaveLength(1);
  });

  it("end with a 410 of the task's own URL, which does not disable the tenant's endpoint", async () => {
    await tenant.setEndpoint(OPERATOR, "test", RECEIVER_URL);
    const { stub, received } = await solvedTask(plain(500), plain(410));
    await runUntil(stub, LAST);
    expect(received).toHaveLength(2);
    expect((await view(again(stub), TEST)).delivery).toMatchObject({ state: "exhausted", lastStatus: 410 });
    expect(await tenant.endpoint(OPERATOR, "test")).toEqual({
      url: RECEIVER_URL,
      disabledAt: null,
      disabledReason: null,
    });
  });
});

describe("Retry-After", () => {
  const asking = (value: string) => plain(503, null, { "retry-after": value });

  it.each([
    { value: "30", next: 40_000 },
    { value: "86400", next: 70_000 },
    { value: "soon", next: 2_000 },
  ])("$value skips the slots before it, for at most 60 s while the solution is available", async ({ value, next }) => {
    drawn(0.5);
    const { stub, received } = await solvedTask(asking(value), ok);
    await runUntil(stub, LAST);
    expect(offsets(received)).toEqual([0, next]);
  });

  it.each([
    { value: "1600", next: 1_900_000 },
    { value: "86400", next: 7_200_000 },
  ])("$value skips the slots before it, for at most 1 h once the solution has expired", async ({ value, next }) => {
    drawn(0.5);
    const { stub, received } = await solvedTask(...Array<Answer>(7).fill(plain(500)), asking(value), ok);
    await runUntil(stub, LAST);
    expect(offsets(received).slice(7)).toEqual([300_000, next]);
  });
});

describe("a redelivery", () => {
  it("starts a new delivery cycle with the same schedule and webhook-id after an exhausted one", async () => {
    drawn(0.5);
    const { stub, received } = await solvedTask(...Array<Answer>(12).fill(plain(500)), plain(500), plain(500), ok);
    await runUntil(stub, LAST);
    const { tag } = await stub.redeliver(TEST);
    expect(tag).toBe("redelivering");
    await runEvicted(stub, LAST + 3_600_000);
    expect(received.slice(12).map(({ at }) => at - LAST)).toEqual([1, 2_001, 5_001]);
    expect(new Set(received.map(({ headers }) => headers.get("webhook-id"))).size).toBe(1);
    expect((await view(again(stub), TEST)).delivery).toMatchObject({
      state: "delivered",
      attempts: 15,
      lastStatus: 204,
    });
    expect(await ledgerOf(tenant)).toMatchObject([{ webhook_state: "delivered" }]);
  });
});

describe("a crash", () => {
  /** Crashes the object during its alarm, and lets the platform retry the alarm. */
  async function crashAndRetry(stub: TaskStub, due: () => boolean): Promise<void> {
    const scheduled = (await alarmOf(stub)) ?? Number.NaN;
    const handler = ringOnTime(stub).catch(() => null);
    await eventually(due);
    await crash(stub);
    expect(await handler).toBeNull();
    await ringAgain(again(stub), scheduled);
  }

  /** The tenant's object stores the outcome, and its response is lost. */
  async function holdOutcomeReport(stub: TaskStub): Promise<() => boolean> {
    let reported = false;
    const environment = withTenantMethods((real) => ({
      reportOutcome: async (outcomeReport: TaskOutcome, mayWait: boolean) => {
        await real.reportOutcome(outcomeReport, mayWait);
        reported = true;
        return new Promise<never>(() => {});
      },
    }));
    await setEnvironment(stub, environment);
    return () => reported;
  }

  it("loses no webhook to the tenant's endpoint if it comes between the outcome report and the first attempt", async () => {
    await tenant.setEndpoint(OPERATOR, "test", RECEIVER_URL);
    const received = scriptReceivers({ [RECEIVER_URL]: [ok] });
    const stub = await sandboxTask("sandbox-instant");
    await crashAndRetry(stub, await holdOutcomeReport(stub));
    await runUntil(again(stub), LAST);
    expect(offsets(received)).toEqual([0]);
    expect(received[0]?.event).toMatchObject({ type: "task.ready", data: { solutionState: "available" } });
    expect(await view(again(stub), TEST)).toMatchObject({ delivery: { state: "delivered", attempts: 1 } });
    expect(await ledgerOf(tenant)).toMatchObject([{ status: "ready", webhook_state: "delivered" }]);
  });
});
