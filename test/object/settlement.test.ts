/** Rules of the settlement: the slot is free at once, and the ledger's one entry tells the outcome and its first webhook attempt. */

import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Settlement } from "../../src/tenants/ledger.ts";
import { again, setEnvironment, view } from "../support/objects.ts";
import { crash, sandboxTask, scriptReceivers, TEST } from "../support/receivers.ts";
import type { TenantStub } from "../support/tenants.ts";
import { createTenant, ledgerOf, limited } from "../support/tenants.ts";
import { alarmOf, eventually, freezeTime, pass, releaseTime, ringAgain, ringOnTime, START } from "../support/time.ts";
import { held, plain, RECEIVER_URL } from "../support/upstream.ts";

const ok = plain(204, null);

let tenant: TenantStub;

beforeEach(async () => {
  freezeTime();
  tenant = await createTenant(limited(1));
});
afterEach(async () => {
  releaseTime();
  await reset();
});

const solvedTask = () => sandboxTask("sandbox-instant", { webhookUrl: RECEIVER_URL });

describe("a task that is final", () => {
  it("gives its slot back before its receiver has answered", async () => {
    const slow = held(ok);
    scriptReceivers({ [RECEIVER_URL]: [slow.answer] });
    const first = await solvedTask();
    pass(1);
    const second = await sandboxTask("sandbox-never");
    const handler = ringOnTime(first);
    await slow.asked();
    expect(await ledgerOf(tenant)).toMatchObject([{ finished_at: null, webhook_state: null }]);
    await ringOnTime(second);
    expect(await view(second, TEST)).toMatchObject({ status: "processing" });
    slow.release();
    await handler;
    expect((await ledgerOf(tenant))[0]).toMatchObject({ status: "ready", webhook_state: "delivered" });
  });

  it("is found by whoever reads while its receiver is still at it, and its webhook's end is noted after", async () => {
    const slow = held(ok);
    scriptReceivers({ [RECEIVER_URL]: [slow.answer] });
    const stub = await solvedTask();
    const handler = ringOnTime(stub);
    await slow.asked();
    const day = new Date(START).toISOString().slice(0, 10);
    expect(await tenant.usage("test", day, day)).toMatchObject([{ submitted: 1, ready: 1 }]);
    expect(await tenant.listTasks("test", "ready", 10, null)).toMatchObject({
      rows: [{ taskId: stub.id.toString(), webhookState: "pending" }],
    });
    slow.release();
    await handler;
    expect(await ledgerOf(tenant)).toMatchObject([{ status: "ready", webhook_state: "delivered" }]);
  });

  it("is in the ledger after its first attempt, whatever came of it, and the last attempt's end is noted", async () => {
    scriptReceivers({ [RECEIVER_URL]: [plain(500), ok] });
    const stub = await solvedTask();
    await ringOnTime(stub);
    expect(await ledgerOf(tenant)).toMatchObject([{ status: "ready", webhook_state: "pending" }]);
    await ringOnTime(stub);
    expect(await ledgerOf(tenant)).toMatchObject([{ status: "ready", webhook_state: "delivered" }]);
  });

  it("whose life ends between the attempt and the entry is told of again, under the same id, and entered once", async () => {
    const received = scriptReceivers({ [RECEIVER_URL]: [ok] });
    const stub = await solvedTask();
    let reached = false;
    const get = (id: DurableObjectId) => {
      const real = env.TENANTS.get(id);
      return {
        admit: (request: Parameters<typeof real.admit>[0]) => real.admit(request),
        settle: (settlement: Settlement, mayWait: boolean) => {
          if (mayWait) return real.settle(settlement, mayWait);
          reached = true;
          return new Promise<never>(() => {});
        },
      };
    };
    const idFromName = (name: string) => env.TENANTS.idFromName(name);
    await setEnvironment(stub, { ...env, TENANTS: { idFromName, get } });
    const scheduled = (await alarmOf(stub)) ?? Number.NaN;
    const handler = ringOnTime(stub).catch(() => null);
    await eventually(() => reached);
    await crash(stub);
    await handler;
    await ringAgain(again(stub), scheduled);
    expect(received.map(({ headers }) => headers.get("webhook-id"))).toEqual(
      Array(2).fill(`msg_${stub.id.toString()}`),
    );
    expect(await ledgerOf(tenant)).toMatchObject([{ status: "ready", webhook_state: "delivered" }]);
    expect(await view(again(stub), TEST)).toMatchObject({ status: "ready", settled: true });
  });
});
