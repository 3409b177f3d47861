// Admission: slots are leases, the queue keeps its order, and the ledger writes each outcome once.

import { describe, expect, it } from "vitest";
import type { TaskStub } from "../support/objects.ts";
import { acceptTask, LIVE, TIMEOUT_MS, threeTasks, twoTasks, view } from "../support/objects.ts";
import type { TenantStub } from "../support/tenants.ts";
import { admit, anOutcome, aRequest, createTenant, ledgerOf, limited, tenantObject } from "../support/tenants.ts";
import {
  alarmOf,
  eventually,
  evict,
  loseAlarm,
  pass,
  ring,
  ringOnTime,
  runUntil,
  START,
  useFrozenTime,
} from "../support/time.ts";
import { created, processing, ready, scriptOutside } from "../support/upstream.ts";

/** A lease ends this long (ms) after its task's deadline. */
const GRACE_MS = 12_000;

useFrozenTime();

/** A tenant with one slot. The alarm of its creation has rung. */
async function createQuietTenant(): Promise<TenantStub> {
  const stub = await createTenant(limited(1));
  await ring(stub);
  return stub;
}

const stageOf = async (task: TaskStub) => {
  const { status, stage } = await view(task);
  return status === "queued" ? stage : status;
};

describe("the slots of a tenant", () => {
  it("go to as many tasks of each mode as the limit allows, and the next tasks wait", async () => {
    const stub = await createTenant(limited(2));
    for (const mode of ["live", "test"] as const) {
      expect(await admit(stub, aRequest(0, mode))).toEqual({ tag: "admitted" });
      expect(await admit(stub, aRequest(1, mode))).toEqual({ tag: "admitted" });
      expect(await admit(stub, aRequest(2, mode))).toEqual({ tag: "waiting" });
    }
  });

  it("go to the task that was accepted first when they become free, and wake it", async () => {
    scriptOutside({ create: [created()], poll: [ready] });
    await createTenant(limited(1));
    const [running, older, younger] = await threeTasks();
    for (const task of [running, younger, older]) await ring(task);
    expect([await stageOf(running), await stageOf(older), await stageOf(younger)]).toEqual([
      "processing",
      "waiting",
      "waiting",
    ]);
    await runUntil(running, START + 3_002);
    await eventually(async () => (await alarmOf(older)) === Date.now() + 1);
    await ringOnTime(older);
    expect([await stageOf(running), await stageOf(older), await stageOf(younger)]).toEqual([
      "ready",
      "processing",
      "waiting",
    ]);
  });

  it("are requested again by a waiting task whose wake-up was lost", async () => {
    scriptOutside({ create: [created()] });
    const stub = await createTenant(limited(1));
    const other = aRequest(0);
    await admit(stub, other);
    const task = await acceptTask();
    await ring(task);
    expect(await alarmOf(task)).toBe(START + 30_000);
    await ringOnTime(task);
    expect(await stageOf(task)).toBe("waiting");
    await stub.reportOutcome(anOutcome(other));
    await ringOnTime(task);
    expect(await stageOf(task)).toBe("processing");
  });

  it("go to waiting tasks when the limit is raised", async () => {
    scriptOutside({ create: [created()] });
    const stub = await createTenant(limited(1));
    const [running, waiting] = await twoTasks();
    await ring(running);
    await ring(waiting);
    await stub.patch({ limits: { maxInFlight: 2 } });
    await eventually(async () => (await alarmOf(waiting)) === Date.now() + 1);
    await ringOnTime(waiting);
    expect(await stageOf(waiting)).toBe("processing");
  });

  it("become free when a task is canceled, and a canceled waiting task leaves the queue", async () => {
    scriptOutside({ create: [created()] });
    await createTenant(limited(1));
    const [running, canceled, last] = await threeTasks();
    for (const task of [running, canceled, last]) await ring(task);
    await canceled.cancel(LIVE);
    await ringOnTime(canceled);
    await running.cancel(LIVE);
    await ringOnTime(running);
    await eventually(async () => (await alarmOf(last)) === Date.now() + 1);
    await ringOnTime(last);
    expect(await stageOf(last)).toBe("processing");
  });

  it("survive an eviction, and so do places in the queue", async () => {
    const stub = await createTenant(limited(1));
    const [running, waiting, late] = [aRequest(0), aRequest(1), aRequest(2)];
    await admit(stub, running);
    await admit(stub, waiting);
    await evict(stub);
    expect(await admit(stub, late)).toEqual({ tag: "waiting" });
    expect(await admit(stub, running)).toEqual({ tag: "admitted" });
    await evict(stub);
    await stub.reportOutcome(anOutcome(running));
    expect(await admit(stub, late)).toEqual({ tag: "waiting" });
    expect(await admit(stub, waiting)).toEqual({ tag: "admitted" });
  });
});

describe("a lease that expires without an outcome", () => {
  it("frees the slot, and wakes the task whose alarm was lost", async () => {
    scriptOutside({ create: [created()], poll: [processing] });
    const stub = await createQuietTenant();
    const task = await acceptTask();
    await ring(task);
    await loseAlarm(task);
    expect(await alarmOf(stub)).toBe(START + TIMEOUT_MS + GRACE_MS);
    await ringOnTime(stub);
    await eventually(async () => (await alarmOf(task)) !== null);
    expect(await admit(stub, aRequest(TIMEOUT_MS))).toEqual({ tag: "admitted" });
    await ringOnTime(task);
    expect(await view(task)).toMatchObject({ status: "failed", error: { code: "timeout" } });
    expect(await ledgerOf(stub)).toMatchObject([{ status: "failed", error_code: "timeout" }, { finished_at: null }]);
  });

  it("admits the next task", async () => {
    scriptOutside({ create: [created()], poll: [processing] });
    const stub = await createQuietTenant();
    await admit(stub, aRequest(0));
    pass(60_000);
    const waiting = await acceptTask();
    await ring(waiting);
    expect(await stageOf(waiting)).toBe("waiting");
    await ringOnTime(stub);
    expect(Date.now()).toBe(START + TIMEOUT_MS + GRACE_MS);
    await eventually(async () => (await alarmOf(waiting)) === Date.now() + 1);
    await ringOnTime(waiting);
    expect(await stageOf(waiting)).toBe("processing");
  });

  it("is found after an eviction", async () => {
    const stub = await createQuietTenant();
    await admit(stub, aRequest(0));
    await evict(stub);
    await ringOnTime(stub);
    expect(await admit(stub, aRequest(TIMEOUT_MS))).toEqual({ tag: "admitted" });
  });
});

describe("an outcome report to the tenant's object", () => {
  it("is written once, however often it is repeated", async () => {
    const stub = await createTenant(limited(1));
    const request = aRequest(0);
    await admit(stub, request);
    pass(5_000);
    const outcome = anOutcome(request);
    await stub.reportOutcome(outcome);
    await evict(stub);
    pass(5_000);
    await Promise.all(
      Array.from({ length: 20 }, () => stub.reportOutcome({ ...outcome, status: "failed", solveMs: null })),
    );
    expect(await ledgerOf(stub)).toEqual([
      {
        task_id: request.taskId,
        mode: "live",
        status: "ready",
        admitted: 1,
        finished_at: START + 5_000,
        solve_ms: 5_000,
        error_code: null,
        webhook_state: null,
      },
    ]);
  });

  it("is written for a task that never asked for admission", async () => {
    const stub = await createTenant();
    await stub.reportOutcome({ ...anOutcome(aRequest(0)), status: "canceled", solveMs: null });
    expect(await ledgerOf(stub)).toMatchObject([{ status: "canceled", admitted: 0 }]);
  });

  it("never contains a solution", async () => {
    scriptOutside({ create: [ready] });
    await createTenant();
    const task = await acceptTask();
    await ringOnTime(task);
    expect(await ledgerOf(tenantObject())).toMatchObject([{ status: "ready" }]);
    expect(JSON.stringify(await ledgerOf(tenantObject()))).not.toContain("03AFcWeA");
  });
});
