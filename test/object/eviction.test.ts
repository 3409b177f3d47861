// Evictions: whenever an object loses its memory, the task ends the same way and upstream requests are not repeated.

import { describe, expect, it } from "vitest";
import type { TaskStub } from "../support/objects.ts";
import { acceptTask, POLL_MS, storedText, TIMEOUT_MS, view } from "../support/objects.ts";
import { createTenant, ledgerOf, tenantObject } from "../support/tenants.ts";
import { alarmOf, evict, pass, ring, ringOnTime, runUntil, START, useFrozenTime } from "../support/time.ts";
import type { Outside } from "../support/upstream.ts";
import { created, lost, plain, processing, RECEIVER_URL, ready, scriptOutside, TOKEN } from "../support/upstream.ts";

useFrozenTime(createTenant);

/** The alarms of a task that is solved at its third poll: each is a step, and `SUBMITTED` is when createTask is answered. */
const STEPS = [
  "admission and submission",
  "first poll",
  "second poll",
  "third poll, ready",
  "expiry",
  "purge",
] as const;
const SUBMITTED = START + 1;
const UNSOLVED = SUBMITTED + 2 * POLL_MS;

/** What is visible of a task outside its object. */
async function outcomeOf(stub: TaskStub, outside: Outside) {
  const rows = await ledgerOf(tenantObject());
  return {
    creates: outside.creates.map(({ at }) => at - START),
    polls: outside.polls.map(({ at }) => at - START),
    webhooks: outside.webhooks.map(({ at, body }) => ({ at: at - START, body: statusOf(body) })),
    rows: rows.map(({ task_id: id, ...row }) => ({ ...row, own: id === stub.id.toString() })),
    left: await storedText(stub),
  };
}

function statusOf(body: unknown): unknown {
  return typeof body === "object" && body !== null && "type" in body ? body.type : body;
}

/** Runs every step of a task. Evicts the objects before the steps in `evicted`. */
async function runTask(evicted: (step: number) => boolean, webhookUrl: string | null, alsoTenant = false) {
  const outside = scriptOutside({
    create: [created()],
    poll: [processing, processing, ready],
    receive: [plain(204, null)],
  });
  const stub = await acceptTask({ webhookUrl });
  let expiresAt = Number.NaN;
  for (const [step, name] of STEPS.entries()) {
    if (evicted(step)) {
      await evict(stub);
      if (alsoTenant) await evict(tenantObject());
    }
    await ringOnTime(stub);
    if (name === "third poll, ready") {
      const record = await view(stub);
      expect(record).toMatchObject({ status: "ready", submissions: 1, solution: { gRecaptchaResponse: TOKEN } });
      expiresAt = record.solutionExpiresAt ?? Number.NaN;
    }
    if (name === "expiry") expect(await storedText(stub)).not.toContain(TOKEN);
  }
  return { outcome: await outcomeOf(stub, outside), expiresAt };
}

const EXPECTED = {
  creates: [1],
  polls: [3_001, 6_001, 9_001],
  rows: [
    { mode: "live", status: "ready", admitted: 1, finished_at: SUBMITTED + 9_000, solve_ms: 9_000, error_code: null },
  ],
  left: "[]",
};

describe("a task without an eviction", () => {
  it("gives the results that the other runs are compared with", async () => {
    const { outcome, expiresAt } = await runTask(() => false, RECEIVER_URL);
    expect(outcome).toMatchObject({ ...EXPECTED, webhooks: [{ at: 9_001, body: "task.ready" }] });
    expect(outcome.rows).toMatchObject([{ webhook_state: "delivered", own: true }]);
    expect(expiresAt).toBe(UNSOLVED + 120_000);
  });
});

describe("an eviction", () => {
  const evictions = [
    ...STEPS.slice(1).map((name, index) => ({
      name: `before the ${name}`,
      evicted: (step: number) => step === index + 1,
    })),
    { name: "before every step but the first", evicted: (step: number) => step > 0 },
  ];

  it.each(evictions)("changes nothing that is visible outside the object: $name", async ({ evicted }) => {
    const { outcome, expiresAt } = await runTask(evicted, RECEIVER_URL);
    expect(outcome).toMatchObject({ ...EXPECTED, webhooks: [{ at: 9_001, body: "task.ready" }] });
    expect(expiresAt).toBeLessThanOrEqual(UNSOLVED + 120_000);
  });

  it("leaves an unknown outcome if it comes before the first step, and the task is submitted 5 s later", async () => {
    const outside = scriptOutside({ create: [created()], poll: [processing] });
    const stub = await acceptTask();
    await evict(stub);
    const restartedAt = await ringOnTime(stub);
    expect(outside.creates).toHaveLength(0);
    expect(await view(stub)).toMatchObject({ status: "queued", submissions: 1, hiddenSubmissions: 1 });
    await runUntil(stub, restartedAt + 5_000);
    expect(outside.creates.map(({ at }) => at - restartedAt)).toEqual([5_000]);
    expect(await view(stub)).toMatchObject({ status: "processing", submissions: 2 });
  });

  it("changes nothing if it takes the tenant's object too", async () => {
    const { outcome } = await runTask((step) => step > 0, RECEIVER_URL, true);
    expect(outcome).toMatchObject({ ...EXPECTED, webhooks: [{ at: 9_001, body: "task.ready" }] });
  });
});

describe("an object that is loaded again after its alarm time", () => {
  it("waits one more interval instead of polling too early after a poll that was not persisted", async () => {
    const outside = scriptOutside({ create: [created()], poll: [processing] });
    const stub = await acceptTask();
    await runUntil(stub, SUBMITTED + POLL_MS);
    await evict(stub);
    pass(POLL_MS + 1_000);
    await ring(stub);
    expect(outside.polls).toHaveLength(1);
    expect(await alarmOf(stub)).toBe(Date.now() + POLL_MS);
  });

  it("keeps the backoff after an upstream failure", async () => {
    const outside = scriptOutside({ create: [created()], poll: [lost, lost, lost, ready] });
    const stub = await acceptTask();
    for (let step = 0; step < 5; step += 1) {
      if (step > 0) await evict(stub);
      await ringOnTime(stub);
    }
    expect(outside.polls.map(({ at }) => at - SUBMITTED)).toEqual([3_000, 6_000, 12_000, 24_000]);
  });

  it("keeps the backoff after a rejected submission and does not count it", async () => {
    const outside = scriptOutside({ create: [plain(503), plain(503), created()] });
    const stub = await acceptTask();
    for (let step = 0; step < 3; step += 1) {
      if (step > 0) await evict(stub);
      await ringOnTime(stub);
    }
    expect(outside.creates.map(({ at }) => at - SUBMITTED)).toEqual([0, 3_000, 9_000]);
    expect(await view(stub)).toMatchObject({ status: "processing", submissions: 1 });
  });

  it("fails the task at its deadline", async () => {
    scriptOutside({ create: [created()], poll: [processing] });
    const stub = await acceptTask();
    await runUntil(stub, START + 20_000);
    await evict(stub);
    pass(TIMEOUT_MS);
    await ring(stub);
    expect(await view(stub)).toMatchObject({ status: "failed", error: { code: "timeout" } });
  });
});
