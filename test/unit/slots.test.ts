// Slots: at most as many leases as the limit, in the order of creation, with an expiry.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type SlotRequest, Slots } from "../../src/tenants/slots.ts";

/** A lease ends this long (ms) after its task's deadline. */
const GRACE_MS = 12_000;

const request = (taskId: string, createdAt = 0, deadlineAt = 100_000): SlotRequest => ({
  taskId,
  createdAt,
  deadlineAt,
});
const ids = (requests: readonly SlotRequest[]): string[] => requests.map(({ taskId }) => taskId);

/** Slots that these tasks asked for, in this order. */
function asked(limit: number, ...requests: SlotRequest[]): Slots {
  const slots = new Slots();
  for (const each of requests) slots.ask(each, limit);
  return slots;
}

describe("Slots", () => {
  it("gives slots up to the limit, and lets the next task wait", () => {
    const slots = new Slots();
    expect(["a", "b", "c"].map((id) => slots.ask(request(id), 2))).toEqual(["leased", "leased", "waiting"]);
    expect(slots.counts).toEqual({ leased: 2, waiting: 1 });
    expect(["a", "b", "c", "d"].map((id) => slots.stateOf(id))).toEqual(["leased", "leased", "waiting", "unknown"]);
  });

  it("gives no slot under a limit of 0", () => {
    expect(new Slots().ask(request("a"), 0)).toBe("waiting");
  });

  it("gives free slots in the order of creation, not in the order of asking", () => {
    const slots = asked(1, request("a"), request("late", 30), request("early", 10), request("middle", 20));
    slots.release("a");
    expect(slots.ask(request("late", 30), 1)).toBe("waiting");
    expect(ids(slots.grantFree(1))).toEqual(["early"]);
    slots.release("early");
    expect(slots.ask(request("middle", 20), 1)).toBe("leased");
  });

  it("keeps leases over a lowered limit, and grants none until they are under it", () => {
    const slots = asked(3, request("a"), request("b"), request("c"), request("d"));
    expect(slots.grantFree(1)).toEqual([]);
    expect(slots.ask(request("d"), 1)).toBe("waiting");
    slots.release("a");
    slots.release("b");
    expect(slots.grantFree(1)).toEqual([]);
    slots.release("c");
    expect(ids(slots.grantFree(1))).toEqual(["d"]);
  });

  it("ends leases and queue places 12 s after the deadline, and frees the slot", () => {
    const slots = asked(1, request("a", 0, 50_000), request("b", 1, 40_000), request("c", 2, 90_000));
    expect(slots.expireLeases(40_000 + GRACE_MS - 1)).toEqual([]);
    expect(ids(slots.expireLeases(40_000 + GRACE_MS))).toEqual(["b"]);
    expect(ids(slots.expireLeases(50_000 + GRACE_MS))).toEqual(["a"]);
    expect(slots.stateOf("a")).toBe("unknown");
    expect(ids(slots.grantFree(1))).toEqual(["c"]);
  });

  it("returns when the next lease or queue place ends", () => {
    const slots = asked(1, request("a", 0, 50_000), request("b", 1, 40_000));
    expect(new Slots().nextLeaseExpiryAt()).toBeNull();
    expect(slots.nextLeaseExpiryAt()).toBe(40_000 + GRACE_MS);
    slots.release("b");
    expect(slots.nextLeaseExpiryAt()).toBe(50_000 + GRACE_MS);
  });

  it("restores leases and queue places from storage", () => {
    const slots = new Slots();
    slots.restore(request("a"), true);
    slots.restore(request("b", 1), false);
    expect(slots.ask(request("c", 2), 1)).toBe("waiting");
    expect(ids(slots.all()).sort()).toEqual(["a", "b", "c"]);
    slots.release("a");
    expect(ids(slots.grantFree(1))).toEqual(["b"]);
  });

  it("keeps the order of a long queue after most of its tasks were released", () => {
    const waiting = Array.from({ length: 400 }, (_, n) => request(`t${n}`, (n * 7) % 400, 10_000 + ((n * 11) % 400)));
    const slots = asked(0, ...waiting);
    const kept = waiting.filter((_, n) => n % 10 === 0);
    for (const { taskId } of waiting.filter((_, n) => n % 10 !== 0)) slots.release(taskId);
    expect(slots.counts).toEqual({ leased: 0, waiting: 40 });
    const byDeadline = kept.toSorted((a, b) => a.deadlineAt - b.deadlineAt);
    expect(ids(slots.expireLeases((byDeadline[9]?.deadlineAt ?? 0) + GRACE_MS))).toEqual(ids(byDeadline.slice(0, 10)));
    const byCreation = byDeadline.slice(10).toSorted((a, b) => a.createdAt - b.createdAt);
    expect(ids(slots.grantFree(400))).toEqual(ids(byCreation));
  });
});

type Step =
  | { readonly tag: "ask" | "release"; readonly task: number }
  | { readonly tag: "grant" }
  | { readonly tag: "expireLeases"; readonly now: number };

/** Twelve tasks, three in each millisecond, with unordered deadlines. */
const TASKS = Array.from({ length: 12 }, (_value, index) =>
  request(`t${index}`, Math.floor(index / 3), 10_000 + ((index * 7) % 12) * 1_000),
);
const taskOf = (index: number): SlotRequest => TASKS[index] ?? request("none");
const byAge = (a: number, b: number) =>
  taskOf(a).createdAt - taskOf(b).createdAt || (taskOf(a).taskId < taskOf(b).taskId ? -1 : 1);

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { arbitrary: fc.record({ tag: fc.constant("ask" as const), task: fc.nat(11) }), weight: 4 },
    { arbitrary: fc.record({ tag: fc.constant("release" as const), task: fc.nat(11) }), weight: 2 },
    fc.record({ tag: fc.constant("grant" as const) }),
    fc.record({ tag: fc.constant("expireLeases" as const), now: fc.integer({ min: 20_000, max: 34_000 }) }),
  ),
  { maxLength: 60 },
);

describe("Slots after any sequence of calls", () => {
  it("agree with a model: never over the limit, oldest first, no task lost", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), steps, (limit, script) => {
        const slots = new Slots();
        const leased = new Set<number>();
        const waiting = new Set<number>();
        const grantTo = (task: number) => {
          waiting.delete(task);
          leased.add(task);
        };
        const first = () => [...waiting].sort(byAge).slice(0, limit - leased.size);

        for (const step of script) {
          switch (step.tag) {
            case "ask": {
              if (!leased.has(step.task)) waiting.add(step.task);
              if (first().includes(step.task)) grantTo(step.task);
              const expected = leased.has(step.task) ? "leased" : "waiting";
              expect(slots.ask(taskOf(step.task), limit)).toBe(expected);
              break;
            }
            case "release": {
              const had = leased.delete(step.task) || waiting.delete(step.task);
              expect(slots.release(taskOf(step.task).taskId)).toBe(had);
              break;
            }
            case "grant": {
              const granted = first();
              for (const task of granted) grantTo(task);
              expect(ids(slots.grantFree(limit))).toEqual(granted.map((task) => taskOf(task).taskId));
              break;
            }
            case "expireLeases": {
              const over = [...leased, ...waiting].filter((task) => taskOf(task).deadlineAt + GRACE_MS <= step.now);
              for (const task of over) {
                leased.delete(task);
                waiting.delete(task);
              }
              expect(ids(slots.expireLeases(step.now)).sort()).toEqual(over.map((task) => taskOf(task).taskId).sort());
            }
          }
          expect(slots.counts).toEqual({ leased: leased.size, waiting: waiting.size });
          expect(slots.counts.leased).toBeLessThanOrEqual(limit);
        }
      }),
      { numRuns: 500 },
    );
  });
});
