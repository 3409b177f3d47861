// Admission rejects every task of a suspended tenant, and live tasks over the monthly quota.

import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import type { TenantRecord } from "../../src/tenants/settings.ts";
import { rowsReadBy } from "../support/ledger.ts";
import { acceptTask, threeTasks, twoTasks, view } from "../support/objects.ts";
import type { TenantStub } from "../support/tenants.ts";
import { admit, anOutcome, aRequest, createTenant, ledgerOf, limited, publishedSnapshot } from "../support/tenants.ts";
import { alarmOf, eventually, evict, pass, ring, ringOnTime, runUntil, START, useFrozenTime } from "../support/time.ts";
import { created, processing, ready, scriptOutside } from "../support/upstream.ts";

useFrozenTime();

const exhaustedMonth = async () => (await publishedSnapshot())?.exhaustedMonth;

describe("admission of a suspended tenant", () => {
  it("fails a task at once with tenant_suspended", async () => {
    const outside = scriptOutside();
    const stub = await createTenant();
    const task = await acceptTask();
    await stub.patch({ suspended: true });
    await ring(task);
    expect(await view(task)).toMatchObject({ status: "failed", error: { code: "tenant_suspended" }, submissions: 0 });
    expect(await ledgerOf(stub)).toMatchObject([{ status: "failed", error_code: "tenant_suspended", admitted: 0 }]);
    expect(outside.count).toBe(0);
  });

  it("leaves a submitted task running", async () => {
    scriptOutside({ create: [created()], poll: [processing, ready] });
    const stub = await createTenant();
    const task = await acceptTask();
    await ring(task);
    await stub.patch({ suspended: true });
    await runUntil(task, START + 10_000);
    expect(await view(task)).toMatchObject({ status: "ready" });
  });

  it("wakes the waiting tasks on suspension, and fails them", async () => {
    scriptOutside({ create: [created()] });
    const stub = await createTenant(limited(1));
    const [running, waiting] = await twoTasks();
    await ring(running);
    await ring(waiting);
    await stub.patch({ suspended: true });
    await eventually(async () => (await alarmOf(waiting)) === Date.now() + 1);
    await ringOnTime(waiting);
    expect(await view(waiting)).toMatchObject({ status: "failed", error: { code: "tenant_suspended" } });
    expect(await view(running)).toMatchObject({ status: "processing" });
  });
});

/** The beginning of June 2035, and the time (ms) from the start of a test until then. */
const JUNE = Date.UTC(2035, 5, 1);
const UNTIL_JUNE = JUNE - START;

/** Changes the stored month of the published snapshot, as after a crash or an older version. */
async function notePublished(stub: TenantStub, exhausted: string | null): Promise<void> {
  await runInDurableObject(stub, (_object, { storage }) => {
    const record = storage.kv.get<TenantRecord>("tenant");
    if (record === undefined) throw new Error("the tenant has no record");
    storage.kv.put("tenant", { ...record, publishedExhaustedMonth: exhausted });
  });
  await evict(stub);
}

describe("the monthly quota", () => {
  it("admits live tasks up to the quota, fails the next with quota_exceeded, and does not count test tasks", async () => {
    const outside = scriptOutside({ create: [created()] });
    const stub = await createTenant(limited(100, 2));
    expect(await admit(stub, aRequest(0, "test"))).toEqual({ tag: "admitted" });
    const [first, second, third] = await threeTasks();
    for (const task of [first, second, third]) await ring(task);
    expect(outside.creates).toHaveLength(2);
    expect(await view(third)).toMatchObject({ status: "failed", error: { code: "quota_exceeded" }, submissions: 0 });
    expect(await admit(stub, aRequest(9, "test"))).toEqual({ tag: "admitted" });
  });

  it("counts a waiting task when it gets its slot, so that the queue cannot exceed the quota", async () => {
    const stub = await createTenant(limited(1, 2));
    const [first, second, third] = [aRequest(0), aRequest(1), aRequest(2)];
    expect(await admit(stub, first)).toEqual({ tag: "admitted" });
    expect(await admit(stub, second)).toEqual({ tag: "waiting" });
    expect(await admit(stub, third)).toEqual({ tag: "waiting" });
    await stub.reportOutcome(anOutcome(first));
    expect(await admit(stub, second)).toEqual({ tag: "admitted" });
    await stub.reportOutcome(anOutcome(second));
    expect(await admit(stub, third)).toEqual({ tag: "rejected", code: "quota_exceeded" });
  });

  it.each(["in memory", "after an eviction"])(
    "counts a task in the month in which it gets its slot, not in the month of its creation: %s",
    async (where) => {
      const stub = await createTenant(limited(1, 2));
      const [running, second, third] = [-3, -2, -1].map((age) => aRequest(UNTIL_JUNE + age));
      if (running === undefined || second === undefined || third === undefined) throw new Error("three requests");
      vi.setSystemTime(JUNE - 1);
      expect(await admit(stub, running)).toEqual({ tag: "admitted" });
      expect(await admit(stub, second)).toEqual({ tag: "waiting" });
      expect(await admit(stub, third)).toEqual({ tag: "waiting" });
      vi.setSystemTime(JUNE);
      for (const task of [running, second]) await stub.reportOutcome(anOutcome(task));
      if (where === "after an eviction") await evict(stub);
      expect(await admit(stub, third)).toEqual({ tag: "admitted" });
      await stub.reportOutcome(anOutcome(third));
      expect(await admit(stub, aRequest(UNTIL_JUNE + 1))).toEqual({ tag: "rejected", code: "quota_exceeded" });
    },
  );

  it("survives an eviction long after the last admission, and starts again with the next month", async () => {
    const stub = await createTenant(limited(100, 2));
    for (const task of [aRequest(0), aRequest(1)]) {
      await admit(stub, task);
      await stub.reportOutcome(anOutcome(task));
    }
    // Rejected tasks are in the ledger too, newer than the last task that was counted.
    pass(86_400_000);
    const rejected = aRequest(86_400_000);
    expect(await admit(stub, rejected)).toEqual({ tag: "rejected", code: "quota_exceeded" });
    await stub.reportOutcome({ ...anOutcome(rejected), status: "failed", errorCode: "quota_exceeded", solveMs: null });
    await evict(stub);
    expect(await admit(stub, aRequest(86_400_001))).toEqual({ tag: "rejected", code: "quota_exceeded" });
    vi.setSystemTime(JUNE);
    expect(await admit(stub, aRequest(UNTIL_JUNE))).toEqual({ tag: "admitted" });
  });

  it("counts a task once, however often it asks, also after evictions", async () => {
    const stub = await createTenant(limited(100, 2));
    for (let time = 0; time < 3; time += 1) {
      expect(await admit(stub, aRequest(time, "test"))).toEqual({ tag: "admitted" });
      await evict(stub);
    }
    const first = aRequest(0);
    for (let time = 0; time < 3; time += 1) {
      expect(await admit(stub, first)).toEqual({ tag: "admitted" });
      await evict(stub);
    }
    expect(await admit(stub, aRequest(1))).toEqual({ tag: "admitted" });
    expect(await admit(stub, aRequest(2))).toEqual({ tag: "rejected", code: "quota_exceeded" });
  });

  it("counts the rows of older versions, which have no count of their own", async () => {
    const stub = await createTenant(limited(100, 3));
    for (const task of [aRequest(0), aRequest(1)]) await admit(stub, task);
    await runInDurableObject(stub, (_object, { storage }) => {
      storage.sql.exec("UPDATE tasks SET month_count = NULL");
    });
    await evict(stub);
    expect(await admit(stub, aRequest(2))).toEqual({ tag: "admitted" });
    await evict(stub);
    expect(await admit(stub, aRequest(3))).toEqual({ tag: "rejected", code: "quota_exceeded" });
  });

  it("finds its count after an eviction without reading the whole month", async () => {
    const stub = await createTenant(limited(100, 1_001));
    await runInDurableObject(stub, (_object, { storage }) => {
      storage.sql.exec(
        `WITH RECURSIVE made (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM made WHERE n < 999)
         INSERT INTO tasks (sequence, task_id, mode, website, status, admitted, created_at, deadline_at, finished_at)
         SELECT (? + n) * 4096, printf('%064x', n), 'live', 'antcpt.com', 'ready', 1, ? + n, ? + n, ? + n FROM made`,
        ...[START, START, START, START].map((at) => at - 86_400_000),
      );
    });
    await evict(stub);
    // The first admission stores the count of the older version's rows with its own row.
    expect(await admit(stub, aRequest(0))).toEqual({ tag: "admitted" });
    await evict(stub);
    expect(await rowsReadBy(() => stub.describe())).toBeLessThan(50);
    expect(await admit(stub, aRequest(1))).toEqual({ tag: "rejected", code: "quota_exceeded" });
  });
});

describe("the published snapshot's exhausted month", () => {
  it("is published by the object's alarm when the quota is used up, and withdrawn when the limit is raised", async () => {
    const stub = await createTenant(limited(100, 1));
    await admit(stub, aRequest(0));
    expect(await exhaustedMonth()).toBeNull();
    await ringOnTime(stub);
    expect(await exhaustedMonth()).toBe("2035-05");
    await stub.patch({ limits: { monthlyTasks: 2 } });
    expect(await exhaustedMonth()).toBeNull();
  });

  it("is published again when a raised limit is used up too", async () => {
    const stub = await createTenant(limited(100, 1));
    await admit(stub, aRequest(0));
    await ringOnTime(stub);
    await stub.patch({ limits: { monthlyTasks: 2 } });
    await admit(stub, aRequest(1));
    await ringOnTime(stub);
    expect(await exhaustedMonth()).toBe("2035-05");
  });

  it("is withdrawn by the alarm when the month changes, after an eviction too", async () => {
    const stub = await createTenant(limited(100, 1));
    const task = aRequest(0);
    await admit(stub, task);
    await stub.reportOutcome(anOutcome(task));
    await ringOnTime(stub);
    expect(await exhaustedMonth()).toBe("2035-05");
    await evict(stub);
    while (Date.now() < JUNE) await ringOnTime(stub);
    expect(Date.now()).toBe(JUNE);
    expect(await exhaustedMonth()).toBeNull();
  });

  it("is corrected when the object loads and finds that it published something else", async () => {
    const stub = await createTenant(limited(100, 1));
    await admit(stub, aRequest(0));
    await notePublished(stub, null);
    await stub.describe();
    await ringOnTime(stub);
    expect(await exhaustedMonth()).toBe("2035-05");

    await stub.patch({ limits: { monthlyTasks: 5 } });
    await notePublished(stub, "2035-05");
    const before = (await publishedSnapshot())?.revision ?? 0;
    await stub.describe();
    await ringOnTime(stub);
    expect(await exhaustedMonth()).toBeNull();
    expect((await publishedSnapshot())?.revision).toBeGreaterThan(before);
  });

  it("is not published again by a load that finds it correct", async () => {
    const stub = await createTenant(limited(100, 1));
    await admit(stub, aRequest(0));
    await ringOnTime(stub);
    const before = await publishedSnapshot();
    await evict(stub);
    await admit(stub, aRequest(1));
    pass(1_000);
    await ring(stub);
    expect(await publishedSnapshot()).toEqual(before);
  });
});
