// What each kind of task costs: rows, alarms, requests and active time, counted in the running objects.

import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import type { TaskCounts } from "../../bench/metering/cost.ts";
import { costOf } from "../../bench/metering/cost.ts";
import { BUDGETS } from "../support/budgets.ts";
import { acceptTask, freshTaskObject } from "../support/objects.ts";
import { countTask, startMeter } from "../support/task-costs.ts";
import { createTenant } from "../support/tenants.ts";
import { evict, pass, ringOnTime, useFrozenTime } from "../support/time.ts";
import { created, processing, scriptOutside } from "../support/upstream.ts";

useFrozenTime();

/** Sums of decimals are not exact. */
const EPSILON = 1e-9;

describe("the cost of a task", () => {
  const ends = [
    { kind: "polled", status: "ready", polls: 4, webhooks: 0 },
    { kind: "webhook", status: "ready", polls: 4, webhooks: 1 },
    { kind: "waited", status: "ready", polls: 4, webhooks: 0 },
    { kind: "failed", status: "failed", polls: 0, webhooks: 0 },
    { kind: "alone", status: "ready", polls: 4, webhooks: 1 },
  ] as const;

  it.each(ends)("stays within the budget until its purge: $kind", async ({ kind, status, ...requests }) => {
    const { counts, statuses, left, polls, webhooks } = await countTask(kind);
    expect({ status: statuses.at(-1), polls, webhooks, left }).toEqual({ status, ...requests, left: "[]" });
    const { most, mostCost } = BUDGETS[kind];
    const names = Object.keys(most) as (keyof TaskCounts)[];
    const exceeded = names.filter((name) => counts[name] > most[name] + EPSILON);
    expect(exceeded.map((name) => `${name}: ${counts[name]} of ${most[name]}`)).toEqual([]);
    expect(costOf(counts).total).toBeLessThanOrEqual(mostCost);
    // A long poll is billed for as long as it lasts.
    if (kind === "waited") expect(counts.activeS).toBeGreaterThan(12);
  });

  it("has a budget for every kind of task", () => {
    expect(ends.map(({ kind }) => kind).sort()).toEqual(Object.keys(BUDGETS).sort());
  });
});

describe("the cost of a change of settings", () => {
  it("is at most 6 rows and one alarm, which has nothing left to publish", async () => {
    const tenant = await createTenant();
    await ringOnTime(tenant);
    const meter = startMeter();
    try {
      await tenant.patch({ name: "Acme & Sons" });
      await ringOnTime(tenant);
      const { objects, kvPuts } = meter.read();
      const { rowsWritten = 0, alarms = 0 } = objects[tenant.id.toString()] ?? {};
      expect(rowsWritten).toBeLessThanOrEqual(6);
      expect({ alarms, kvPuts }).toEqual({ alarms: 1, kvPuts: 1 });
    } finally {
      meter.stop();
    }
  });
});

describe("the meter", () => {
  it("counts every kind of write once, in the object that writes", async () => {
    const meter = startMeter();
    const [stub, other] = [freshTaskObject(), freshTaskObject()];
    try {
      await Promise.all([stub.wake(stub.id.toString()), other.wake(other.id.toString())]);
      await runInDurableObject(stub, async (_object, { storage }) => {
        storage.kv.put("a", 1);
        storage.kv.delete("a");
        storage.kv.delete("nothing");
        await storage.put({ b: 1, c: 2 });
        await storage.delete(["b", "c"]);
        await storage.setAlarm(Date.now() + 1_000);
        storage.sql.exec("CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT");
      });
      const { objects } = meter.read();
      const before = objects[stub.id.toString()]?.rowsWritten ?? 0;
      await runInDurableObject(stub, async (_object, { storage }) => {
        storage.sql.exec("INSERT INTO t VALUES (1), (2), (3)");
        storage.sql.exec("UPDATE t SET n = n + 10 WHERE n > 1 RETURNING n").toArray();
        storage.kv.put("d", 1);
        await storage.deleteAll();
      });
      const after = meter.read().objects;
      // Two single keys, two and two together, an alarm, and what SQLite writes for a table.
      expect(before).toBe(1 + 1 + 2 + 2 + 1 + 2);
      expect((after[stub.id.toString()]?.rowsWritten ?? 0) - before).toBe(3 + 2 + 1 + 1);
      expect(after[other.id.toString()]).toEqual({ role: "task", rowsWritten: 0, alarms: 0, calls: 1 });
    } finally {
      meter.stop();
    }
  });

  it("counts every write, because loading a tenant's object writes nothing", async () => {
    const tenant = await createTenant();
    scriptOutside({ create: [created()], poll: [processing] });
    await ringOnTime(await acceptTask());
    pass(60_000);
    await evict(tenant);
    const rows: number[] = [];
    // The constructor runs before any call, so statements are watched on the prototype.
    const exec = await runInDurableObject(freshTaskObject(), (_object, { storage }) => {
      const prototype = Object.getPrototypeOf(storage.sql);
      const original: (...parameters: unknown[]) => { rowsWritten: number } = prototype.exec;
      return vi.spyOn(prototype, "exec").mockImplementation(function (this: unknown, ...parameters: unknown[]) {
        const cursor = original.apply(this, parameters);
        rows.push(cursor.rowsWritten);
        return cursor;
      });
    });
    expect(await tenant.describe()).not.toBeNull();
    exec.mockRestore();
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.reduce((sum, count) => sum + count, 0)).toBe(0);
  });
});

it("costOf() adds up rows, requests and active time", () => {
  const counts = { rowsWritten: 2, alarms: 3, calls: 1, outgoing: 0, workerRequests: 10, kvPuts: 0, activeS: 2 };
  const cost = costOf(counts);
  expect(cost.rows).toBeCloseTo(2);
  expect(cost.objectRequests).toBeCloseTo(0.6);
  expect(cost.activeTime).toBeCloseTo(3.2);
  expect(cost.total).toBeCloseTo(5.8);
  expect(cost.withWorkerRequests).toBeCloseTo(8.8);
});
