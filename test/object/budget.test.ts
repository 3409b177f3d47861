/** Rules of the bill: how many rows, alarms, requests and seconds each kind of task takes, counted in the running objects. */

import { reset, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { TaskCounts } from "../../bench/cost.ts";
import { costOf } from "../../bench/cost.ts";
import { countLife, startMeter } from "../support/counting.ts";
import type { CountedKind } from "../support/counting-budgets.ts";
import { BUDGETS } from "../support/counting-budgets.ts";
import { acceptTask, freshTaskObject } from "../support/objects.ts";
import { createTenant } from "../support/tenants.ts";
import { evict, freezeTime, pass, releaseTime, ringOnTime } from "../support/time.ts";
import { created, processing, scriptOutside } from "../support/upstream.ts";

beforeEach(() => freezeTime());
afterEach(async () => {
  releaseTime();
  await reset();
});

const KINDS = Object.keys(BUDGETS) as CountedKind[];

/** Sums of a few decimals, as binary fractions are. */
const EPSILON = 1e-9;

describe("a task takes no more than its budget", () => {
  it.each(KINDS)("%s", async (kind) => {
    const { counts } = await countLife(kind);
    const { most, mostCost } = BUDGETS[kind];
    const names = Object.keys(most) as (keyof TaskCounts)[];
    const exceeded = names.filter((name) => counts[name] > most[name] + EPSILON);
    expect(exceeded.map((name) => `${name}: ${counts[name]} of ${most[name]}`)).toEqual([]);
    expect(costOf(counts).total).toBeLessThanOrEqual(mostCost);
  });

  it("and with a webhook no more than 18 rows and $23 a million, as the contract has it", () => {
    const { most, mostCost } = BUDGETS.webhook;
    expect(most.rowsWritten).toBeLessThanOrEqual(18);
    expect(mostCost).toBeLessThanOrEqual(23);
  });
});

describe("what is counted is a whole life", () => {
  const ends = [
    { kind: "polled", task: { status: "ready", polls: 4, webhook: null } },
    { kind: "waited", task: { status: "ready", polls: 4, webhook: null } },
    { kind: "webhook", webhooks: 1 },
    { kind: "alone", webhooks: 1 },
    { kind: "failed", webhooks: 0 },
  ] as const;

  it.each(ends)("$kind", async ({ kind, ...end }) => {
    const life = await countLife(kind);
    expect(life.left).toBe("[]");
    expect(life.statuses.at(-1)).toBe(kind === "failed" ? "failed" : "ready");
    if ("task" in end) expect(life.task).toMatchObject(end.task);
    else expect(life.webhooks).toBe(end.webhooks);
    expect(life.polls).toBe(kind === "failed" ? 0 : 4);
  });

  it("a held caller is paid for as long as it is held", async () => {
    const { counts } = await countLife("waited");
    expect(counts.activeS).toBeGreaterThan(12);
  });
});

describe("the meter", () => {
  it("counts each kind of write once, in the object that writes", async () => {
    const meter = startMeter();
    const [stub, other] = [freshTaskObject(), freshTaskObject()];
    try {
      await Promise.all([stub.wake(), other.wake()]);
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
      // Two keys one by one, two and two together, an alarm, and what SQLite writes for a table.
      expect(before).toBe(1 + 1 + 2 + 2 + 1 + 2);
      expect((after[stub.id.toString()]?.rowsWritten ?? 0) - before).toBe(3 + 2 + 1 + 1);
      expect(after[other.id.toString()]).toEqual({ rowsWritten: 0, alarms: 0, calls: 1 });
    } finally {
      meter.stop();
    }
  });

  it("misses no write of a tenant's object that comes back to memory: there is none", async () => {
    const tenant = await createTenant();
    scriptOutside({ create: [created()], poll: [processing] });
    await ringOnTime(await acceptTask());
    pass(60_000);
    await evict(tenant);
    const rows: number[] = [];
    // The constructor runs before any call, so its statements are watched at the class of all cursors.
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

it("a bill is its rows, its requests and its active time", () => {
  const counts = { rowsWritten: 2, alarms: 3, calls: 1, outgoing: 0, workerRequests: 10, kvPuts: 0, activeS: 2 };
  const cost = costOf(counts);
  expect(cost.rows).toBeCloseTo(2);
  expect(cost.objectRequests).toBeCloseTo(0.6);
  expect(cost.activeTime).toBeCloseTo(3.2);
  expect(cost.total).toBeCloseTo(5.8);
  expect(cost.withWorkerRequests).toBeCloseTo(8.8);
});
