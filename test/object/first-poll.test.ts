// When the first poll of a task is sent: after 3 s, or as the tenant's solve times suggest, unless the operator switches that off.

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import type { TenantObject } from "../../src/tenants/object.ts";
import type { TaskStub } from "../support/objects.ts";
import { acceptTask, POLL_MS, stored, view } from "../support/objects.ts";
import type { TenantStub } from "../support/tenants.ts";
import { anOutcome, aRequest, createTenant } from "../support/tenants.ts";
import { evict, ringOnTime, runUntil, START, useFrozenTime } from "../support/time.ts";
import type { Answer } from "../support/upstream.ts";
import { created, processing, ready, scriptOutside } from "../support/upstream.ts";

const SUBMITTED = START + 1;

let tenant: TenantStub;

useFrozenTime(async () => {
  tenant = await createTenant();
  // No task explores, and the first poll comes exactly at the chosen delay.
  vi.spyOn(Math, "random").mockReturnValue(0.55);
});

/** Reports `count` tasks that were solved between two times (ms) after createTask's answer. */
async function learn(count: number, unsolvedMs: number, solveMs: number, mode: "live" | "test" = "live") {
  for (let index = 0; index < count; index += 1) {
    const request = aRequest(index, mode);
    await tenant.reportOutcome({ ...anOutcome(request), unsolvedMs, solveMs });
  }
}

/** When each poll of a new task is sent, in ms after createTask's answer. */
async function pollsOf(answers: readonly Answer[], overrides: Parameters<typeof acceptTask>[0] = {}) {
  const outside = scriptOutside({ create: [created()], poll: [...answers] });
  const submittedAt = Date.now() + 1;
  const stub = await acceptTask(overrides);
  await runUntil(stub, submittedAt + 100_000);
  return outside.polls.map(({ at }) => at - submittedAt);
}

describe("the first poll", () => {
  it("is sent when the tenant's solutions are usually ready, and later polls keep the poll interval", async () => {
    await learn(64, 8_500, 9_000);
    const times = await pollsOf([processing, processing, ready]);
    const [first = 0] = times;
    expect(first).toBeGreaterThan(2 * POLL_MS);
    expect(first).toBeLessThan(9_500);
    expect(times).toEqual([first, first + POLL_MS, first + 2 * POLL_MS]);
  });

  it("is chosen from the ledger after the tenant's object was evicted", async () => {
    await learn(64, 8_500, 9_000);
    await evict(tenant);
    const [first = 0] = await pollsOf([ready]);
    expect(first).toBeGreaterThan(2 * POLL_MS);
  });

  it("keeps its time when the task's object is evicted before it", async () => {
    await learn(64, 8_500, 9_000);
    const outside = scriptOutside({ create: [created()], poll: [ready] });
    const stub = await acceptTask();
    await ringOnTime(stub);
    const { firstPollMs = 0, stepAt = 0 } = (await stored(stub)) ?? {};
    expect(stepAt).toBe(SUBMITTED + firstPollMs);
    await evict(stub);
    await ringOnTime(stub);
    expect(outside.polls.map(({ at }) => at)).toEqual([stepAt]);
    expect(await view(stub)).toMatchObject({ status: "ready", polls: 1 });
  });

  it("is chosen from solve times of the same mode only", async () => {
    await learn(64, 8_500, 9_000, "test");
    expect(await pollsOf([ready])).toEqual([3_000]);
  });

  it("is chosen also from tasks that ended since the ledger was read", async () => {
    await learn(20, 8_500, 9_000);
    expect(await pollsOf([processing, processing, ready])).toEqual([3_000, 6_000, 9_000]);
    for (let index = 100; index < 164; index += 1) {
      await tenant.reportOutcome({ ...anOutcome(aRequest(index)), unsolvedMs: 8_500, solveMs: 9_000 });
    }
    const [first = 0] = await pollsOf([ready]);
    expect(first).toBeGreaterThan(2 * POLL_MS);
  });

  it.each([
    { timeoutMs: 10_000, first: 3_000, last: 9_000 },
    { timeoutMs: 16_000, first: 6_000, last: 15_000 },
    { timeoutMs: 40_000, first: 12_000, last: 39_000 },
  ])(
    "is one of 3, 6, 9 … s when the deadline is $timeoutMs ms away, so that the last poll is not lost",
    async (near) => {
      await learn(64, 11_500, 12_000);
      const times = await pollsOf([processing], { timeoutMs: near.timeoutMs });
      expect([times[0], times.at(-1)]).toEqual([near.first, near.last]);
    },
  );

  it("is sent after 3 s with ADAPTIVE_FIRST_POLL=false", async () => {
    await learn(64, 8_500, 9_000);
    await runInDurableObject<TenantObject, void>(tenant, (object) => {
      Object.defineProperty(object, "env", { value: { ...env, ADAPTIVE_FIRST_POLL: "false" } });
    });
    expect(await pollsOf([ready])).toEqual([3_000]);
  });
});

describe("the ledger entry of a solved task", () => {
  const solveTimes = (stub: TenantStub) =>
    runInDurableObject(stub, (_object, state) =>
      state.storage.sql.exec("SELECT unsolved_ms, solve_ms FROM tasks ORDER BY sequence").toArray(),
    );
  const end = async (stub: TaskStub) => {
    await runUntil(stub, START + 60_000);
    return solveTimes(tenant);
  };

  it("has the times of its last two polls as bounds of the solve time", async () => {
    scriptOutside({ create: [created()], poll: [processing, processing, ready] });
    expect(await end(await acceptTask())).toEqual([{ unsolved_ms: 6_000, solve_ms: 9_000 }]);
  });

  it("has 0 as the lower bound if the first poll finds the solution", async () => {
    scriptOutside({ create: [created()], poll: [ready] });
    expect(await end(await acceptTask())).toEqual([{ unsolved_ms: 0, solve_ms: 3_000 }]);
  });
});
