// Outcome reports: the slot is freed at once, and the one ledger entry has the outcome and the first webhook attempt.

import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import type { TaskObject } from "../../src/tasks/object.ts";
import { OPERATOR } from "../../src/tenants/actor.ts";
import type { DeliveryState, TaskOutcome } from "../../src/tenants/ledger.ts";
import { dayAt } from "../../src/tenants/sequence.ts";
import type { TaskStub } from "../support/objects.ts";
import { again, setEnvironment, stored, storedText, view } from "../support/objects.ts";
import { sandboxTask, scriptReceivers, TEST } from "../support/receivers.ts";
import type { TenantStub } from "../support/tenants.ts";
import { createTenant, ledgerOf, limited, withTenantMethods } from "../support/tenants.ts";
import {
  alarmOf,
  crash,
  eventually,
  pass,
  ringAgain,
  ringOnTime,
  runUntil,
  START,
  useFrozenTime,
} from "../support/time.ts";
import { held, plain, RECEIVER_URL } from "../support/upstream.ts";

const ok = plain(204, null);

let tenant: TenantStub;

useFrozenTime(async () => {
  tenant = await createTenant(limited(1));
});

/** Intercepts the outcome reports that a task sends to its tenant's object. */
async function interceptOutcomeReport(
  stub: TaskStub,
  reportOutcome: (real: TenantStub, outcomeReport: TaskOutcome, mayWait: boolean) => Promise<unknown>,
): Promise<void> {
  const environment = withTenantMethods((real) => ({
    reportOutcome: (outcomeReport: TaskOutcome, mayWait: boolean) => reportOutcome(real, outcomeReport, mayWait),
  }));
  await setEnvironment(stub, environment);
}

const solvedTask = () => sandboxTask("sandbox-instant", { webhookUrl: RECEIVER_URL });

describe("a final task", () => {
  it("frees its slot before its receiver has answered", async () => {
    const slow = held(ok);
    scriptReceivers({ [RECEIVER_URL]: [slow.answer] });
    const first = await solvedTask();
    pass(1);
    const second = await sandboxTask("sandbox-never");
    const handler = ringOnTime(first);
    await slow.asked();
    expect(await ledgerOf(tenant)).toMatchObject([{ finished_at: null, webhook_state: "pending" }]);
    await ringOnTime(second);
    expect(await view(second, TEST)).toMatchObject({ status: "processing" });
    slow.release();
    await handler;
    expect((await ledgerOf(tenant))[0]).toMatchObject({ status: "ready", webhook_state: "delivered" });
  });

  it("is in the ledger while its receiver is still answering, and its webhook state is updated afterwards", async () => {
    const slow = held(ok);
    scriptReceivers({ [RECEIVER_URL]: [slow.answer] });
    const stub = await solvedTask();
    const handler = ringOnTime(stub);
    await slow.asked();
    const day = dayAt(START);
    expect(await tenant.usage(OPERATOR, "test", { from: day, to: day, byKey: false })).toMatchObject([
      { submitted: 1, ready: 1 },
    ]);
    expect(
      await tenant.listTasks(OPERATOR, "test", { filter: { status: "ready" }, limit: 10, before: null }),
    ).toMatchObject({
      rows: [{ taskId: stub.id.toString(), webhookState: "pending" }],
    });
    slow.release();
    await handler;
    expect(await ledgerOf(tenant)).toMatchObject([{ status: "ready", webhook_state: "delivered" }]);
  });

  it("is in the ledger after its first attempt, and updated after the last", async () => {
    scriptReceivers({ [RECEIVER_URL]: [plain(500), ok] });
    const stub = await solvedTask();
    await ringOnTime(stub);
    expect(await ledgerOf(tenant)).toMatchObject([{ status: "ready", webhook_state: "pending" }]);
    await ringOnTime(stub);
    expect(await ledgerOf(tenant)).toMatchObject([{ status: "ready", webhook_state: "delivered" }]);
  });

  it("reports its outcome once more if the tenant does not answer at first", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    await tenant.setEndpoint(OPERATOR, "test", RECEIVER_URL);
    const received = scriptReceivers({ [RECEIVER_URL]: [ok] });
    const stub = await sandboxTask("sandbox-instant");
    let asked = 0;
    await interceptOutcomeReport(stub, (real, outcomeReport, mayWait) => {
      asked += 1;
      return asked === 1
        ? Promise.reject(new Error("an error of the test"))
        : real.reportOutcome(outcomeReport, mayWait);
    });
    await runUntil(stub, START + 60_000);
    expect(asked).toBe(2);
    expect(received).toHaveLength(1);
    expect(await ledgerOf(tenant)).toMatchObject([{ status: "ready", webhook_state: "delivered" }]);
  });

  it("has the webhook state of the task in the ledger at every step of a redelivery", async () => {
    scriptReceivers({ [RECEIVER_URL]: [ok, plain(500), ok] });
    const stub = await solvedTask();
    await ringOnTime(stub);
    await runInDurableObject<TaskObject, unknown>(stub, (object) => object.redeliver(TEST));
    expect(await ledgerOf(tenant)).toMatchObject([{ webhook_state: "pending" }]);
    await ringOnTime(stub);
    expect(await ledgerOf(tenant)).toMatchObject([{ webhook_state: "pending" }]);
    await ringOnTime(stub);
    expect(await ledgerOf(tenant)).toMatchObject([{ webhook_state: "delivered" }]);
  });

  it("has no pending attempt in the ledger when it is purged before its attempts are over", async () => {
    scriptReceivers({ [RECEIVER_URL]: [plain(500)] });
    const stub = await sandboxTask("sandbox-instant", { webhookUrl: RECEIVER_URL, retentionMs: 20_000 });
    await runUntil(stub, START + 60_000);
    expect(await storedText(stub)).toBe("[]");
    expect(await ledgerOf(tenant)).toMatchObject([{ status: "ready", webhook_state: "exhausted" }]);
  });

  it("sends a redelivery that is requested during the purge before it is purged", async () => {
    const received = scriptReceivers({ [RECEIVER_URL]: [plain(500), plain(500), plain(500), plain(500), ok] });
    const stub = await sandboxTask("sandbox-instant", { webhookUrl: RECEIVER_URL, retentionMs: 15_000 });
    let asked = false;
    let redelivered = false;
    const environment = withTenantMethods((real) => ({
      recordDeliveryState: async (note: DeliveryState) => {
        asked ||= note.webhookState === "exhausted";
        while (note.webhookState === "exhausted" && !redelivered)
          await new Promise((resolve) => setTimeout(resolve, 1));
        await real.recordDeliveryState(note);
      },
    }));
    await setEnvironment(stub, environment);
    await runUntil(stub, START + 14_000);
    const handler = ringOnTime(stub);
    await eventually(() => asked);
    await runInDurableObject<TaskObject, unknown>(stub, (object) => object.redeliver(TEST));
    redelivered = true;
    await handler;
    expect(received).toHaveLength(5);
    expect(await storedText(stub)).toBe("[]");
  });

  it("stores its first webhook attempt before the ledger has the outcome, so a crash does not repeat it", async () => {
    const received = scriptReceivers({ [RECEIVER_URL]: [ok] });
    const stub = await solvedTask();
    let reached = false;
    await interceptOutcomeReport(stub, (real, outcomeReport, mayWait) => {
      if (mayWait) return real.reportOutcome(outcomeReport, mayWait);
      reached = true;
      return new Promise<never>(() => {});
    });
    const scheduled = (await alarmOf(stub)) ?? Number.NaN;
    const handler = ringOnTime(stub).catch(() => null);
    await eventually(() => reached);
    expect(await stored(stub)).toMatchObject({ settled: false, delivery: { state: "delivered", attempts: 1 } });
    await crash(stub);
    await handler;
    await ringAgain(again(stub), scheduled);
    expect(received).toHaveLength(1);
    expect(await ledgerOf(tenant)).toMatchObject([{ status: "ready", webhook_state: "delivered" }]);
    expect(await view(again(stub), TEST)).toMatchObject({ status: "ready", settled: true });
  });
});
