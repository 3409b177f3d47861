// Usage by day: totals are stored once a day is over, corrected by late changes, and counted in steps between other calls.

import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import { OPERATOR } from "../../src/tenants/actor.ts";
import { dayAt, sequenceOfDay } from "../../src/tenants/sequence.ts";
import { fillLedger, rowsReadBy } from "../support/ledger.ts";
import type { TenantStub } from "../support/tenants.ts";
import { admit, anOutcome, aRequest, createTenant, ledgerOf } from "../support/tenants.ts";
import { evict, pass, ring, ringOnTime, START, useFrozenTime } from "../support/time.ts";

const DAY_MS = 86_400_000;
const TODAY = dayAt(START);
const MIDNIGHT = (TODAY + 1) * DAY_MS;

/** A day is over when its last task must be finished. */
const SETTLED_MS = 900_000;

useFrozenTime();

async function usage(stub: TenantStub, from: number, to = from, byKey = false) {
  const days = await stub.usage(OPERATOR, "live", { from, to, byKey });
  if (days === null) throw new Error("there is no tenant");
  return days;
}

/** The days whose totals are stored. */
function storedDays(stub: TenantStub): Promise<number[]> {
  return runInDurableObject(stub, (_object, { storage }) =>
    storage.sql
      .exec<{ day: number }>("SELECT day FROM usage_days ORDER BY day")
      .toArray()
      .map(({ day }) => day),
  );
}

/** A finished task that was created now. */
async function finishedTask(stub: TenantStub, overrides: object = {}) {
  const request = { ...aRequest(Date.now() - START), ...overrides };
  await stub.admit(request);
  await stub.reportOutcome(anOutcome(request));
  return request;
}

describe("the usage of a day that is over", () => {
  it("is counted once, stored, and read from there after an eviction", async () => {
    const stub = await createTenant();
    await fillLedger(stub, {
      count: 5_000,
      from: (TODAY - 2) * DAY_MS,
      stepMs: 10_000,
      columns: { status: "iif(n % 5 = 0, 'failed', 'ready')", errorCode: "iif(n % 5 = 0, 'timeout', NULL)" },
    });
    await stub.describe();
    let first: unknown;
    expect(await rowsReadBy(async () => (first = await usage(stub, TODAY - 2)))).toBeGreaterThan(4_999);
    expect(first).toEqual([
      {
        day: new Date((TODAY - 2) * DAY_MS).toISOString().slice(0, 10),
        submitted: 5_000,
        ready: 4_000,
        failed: { timeout: 1_000 },
        canceled: 0,
        solveMs: { p50: 6_499, p95: 8_749 },
      },
    ]);
    expect(await storedDays(stub)).toEqual([TODAY - 2]);
    await evict(stub);
    let second: unknown;
    expect(await rowsReadBy(async () => (second = await usage(stub, TODAY - 2)))).toBeLessThan(200);
    expect(second).toEqual(first);
  });

  it("is counted once for callers that ask at the same time", async () => {
    const stub = await createTenant();
    await fillLedger(stub, { count: 20_000, from: (TODAY - 1) * DAY_MS, stepMs: 4_000 });
    await stub.describe();
    const rows = await rowsReadBy(() => Promise.all([1, 2, 3].map(() => usage(stub, TODAY - 1))));
    expect(rows).toBeLessThan(21_000);
  });

  it("is counted again after an outcome that comes days late", async () => {
    const stub = await createTenant();
    const late = aRequest(0);
    await stub.admit(late);
    pass(2 * DAY_MS);
    expect(await usage(stub, TODAY)).toMatchObject([{ submitted: 1, ready: 0 }]);
    expect(await storedDays(stub)).toEqual([TODAY]);
    await stub.reportOutcome(anOutcome(late));
    expect(await usage(stub, TODAY)).toMatchObject([{ submitted: 1, ready: 1 }]);
    await evict(stub);
    const unknown = aRequest(1);
    await stub.reportOutcome({ ...anOutcome(unknown), status: "canceled", solveMs: null });
    expect(await usage(stub, TODAY)).toMatchObject([{ submitted: 2, ready: 1, canceled: 1 }]);
    expect(await storedDays(stub)).toEqual([TODAY]);
  });

  it("reads 30 days from few rows once they are stored, and writes nothing for days without tasks", async () => {
    const stub = await createTenant();
    await fillLedger(stub, { count: 3_000, from: (TODAY - 29) * DAY_MS, stepMs: 4 * 60_000 });
    const days = await usage(stub, TODAY - 29, TODAY);
    expect(days).toHaveLength(30);
    expect(days.reduce((sum, { submitted }) => sum + submitted, 0)).toBe(3_000);
    expect(await storedDays(stub)).toEqual(Array.from({ length: 9 }, (_, n) => TODAY - 29 + n));
    expect(await rowsReadBy(() => usage(stub, TODAY - 29, TODAY))).toBeLessThan(60);
  });
});

describe("the usage of a day that is not over", () => {
  it("reads old rows once, and then only the rows of tasks that may still change", async () => {
    const stub = await createTenant();
    await fillLedger(stub, { count: 10_000, from: START - 4 * 3_600_000, stepMs: 1_000 });
    expect(await usage(stub, TODAY)).toMatchObject([{ submitted: 10_000 }]);
    await finishedTask(stub);
    let again: unknown;
    expect(await rowsReadBy(async () => (again = await usage(stub, TODAY)))).toBeLessThan(20);
    expect(again).toMatchObject([{ submitted: 10_001, ready: 10_001 }]);
  });

  it("counts the day again after a late change of a row that it had counted", async () => {
    const stub = await createTenant();
    const late = aRequest(0);
    await stub.admit(late);
    pass(2 * SETTLED_MS);
    expect(await usage(stub, TODAY)).toMatchObject([{ submitted: 1, ready: 0 }]);
    await stub.reportOutcome(anOutcome(late));
    expect(await usage(stub, TODAY)).toMatchObject([{ submitted: 1, ready: 1 }]);
  });

  it("is not stored until its last task must be finished", async () => {
    const stub = await createTenant();
    vi.setSystemTime(MIDNIGHT - 1_000);
    const request = aRequest(MIDNIGHT - 1_000 - START);
    await stub.admit(request);
    vi.setSystemTime(MIDNIGHT + 10_000);
    expect(await usage(stub, TODAY, TODAY + 1)).toMatchObject([{ submitted: 1, ready: 0 }, { submitted: 0 }]);
    expect(await storedDays(stub)).toEqual([]);
    await stub.reportOutcome(anOutcome(request));
    expect(await usage(stub, TODAY, TODAY + 1)).toMatchObject([{ submitted: 1, ready: 1 }, { submitted: 0 }]);
    vi.setSystemTime(MIDNIGHT + SETTLED_MS - 1);
    await usage(stub, TODAY);
    expect(await storedDays(stub)).toEqual([]);
    vi.setSystemTime(MIDNIGHT + SETTLED_MS);
    expect(await usage(stub, TODAY)).toMatchObject([{ submitted: 1, ready: 1 }]);
    expect(await storedDays(stub)).toEqual([TODAY]);
  });
});

describe("counting a long day", () => {
  it("lets admissions run in between, and counts what they add", async () => {
    const stub = await createTenant();
    await fillLedger(stub, { count: 60_000, from: START - 11 * 3_600_000, stepMs: 600 });
    const order: string[] = [];
    const counting = usage(stub, TODAY).then((days) => {
      order.push("counted");
      return days;
    });
    const admissions = [0, 1, 2].map(async (age) => {
      await stub.admit(aRequest(age));
      order.push("admitted");
    });
    await Promise.all([counting, ...admissions]);
    expect(order).toEqual(["admitted", "admitted", "admitted", "counted"]);
    expect(await usage(stub, TODAY)).toMatchObject([{ submitted: 60_003 }]);
  });

  it("starts again when a row that it has counted changes meanwhile", async () => {
    const stub = await createTenant();
    const first = aRequest(0);
    await stub.admit(first);
    await fillLedger(stub, { count: 60_000, from: START + 1, stepMs: 600 });
    pass(DAY_MS);
    await stub.describe();
    const counting = usage(stub, TODAY);
    const reported = stub.reportOutcome({ ...anOutcome(first), status: "canceled", solveMs: null });
    await Promise.all([counting, reported]);
    expect(await usage(stub, TODAY)).toMatchObject([{ submitted: 60_001, canceled: 1 }]);
  });

  it("stops when the tenant is deleted, and leaves nothing for a new tenant with the same id", async () => {
    const stub = await createTenant();
    await fillLedger(stub, { count: 60_000, from: (TODAY - 1) * DAY_MS, stepMs: 1_000 });
    await stub.describe();
    const counting = stub.usage(OPERATOR, "live", { from: TODAY - 1, to: TODAY - 1, byKey: false });
    await stub.remove();
    await createTenant();
    expect(await counting).toBeNull();
    expect(await storedDays(stub)).toEqual([]);
    expect(await usage(stub, TODAY - 1)).toMatchObject([{ submitted: 0 }]);
  });
});

describe("pruning of the ledger", () => {
  it("deletes the rows of days that ended 30 days ago, and keeps their totals", async () => {
    const stub = await createTenant();
    await fillLedger(stub, { count: 5_000, from: (TODAY - 31) * DAY_MS, stepMs: 40_000 });
    await ring(stub);
    const kept = await ledgerOf(stub);
    expect(kept).toHaveLength(5_000 - 2_160);
    expect(await storedDays(stub)).toEqual([TODAY - 31]);
    expect(await usage(stub, TODAY - 31, TODAY - 29)).toMatchObject([
      { submitted: 2_160, ready: 2_160 },
      { submitted: 2_160 },
      { submitted: 680 },
    ]);
  });

  it("deletes totals after 400 days", async () => {
    const stub = await createTenant();
    await finishedTask(stub);
    pass(40 * DAY_MS);
    await ring(stub);
    expect(await ledgerOf(stub)).toEqual([]);
    expect(await usage(stub, TODAY)).toMatchObject([{ submitted: 1, ready: 1 }]);
    pass(361 * DAY_MS);
    await ring(stub);
    expect(await storedDays(stub)).toEqual([]);
  });

  it("keeps the rows that hold the count of the current month", async () => {
    vi.setSystemTime(Date.UTC(2035, 6, 1));
    const stub = await createTenant({ limits: { maxInFlight: 1, monthlyTasks: 1 } });
    await finishedTask(stub);
    vi.setSystemTime(Date.UTC(2035, 6, 31, 23));
    await ring(stub);
    await evict(stub);
    expect(await admit(stub, aRequest(Date.now() - START))).toEqual({ tag: "rejected", code: "quota_exceeded" });
    expect(sequenceOfDay(dayAt(Date.UTC(2035, 6, 1)))).toBeLessThanOrEqual(sequenceOfDay(dayAt(Date.now()) - 30));
  });
});

it("the usage of a tenant that does not exist is null", async () => {
  const stub = await createTenant();
  await ringOnTime(stub);
  await stub.remove();
  expect(await stub.usage(OPERATOR, "live", { from: TODAY, to: TODAY, byKey: false })).toBeNull();
});
