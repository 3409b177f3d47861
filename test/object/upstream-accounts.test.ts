// Live tasks with two upstream accounts: which account gets a task when one is refused, pinned, or no longer configured.

import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { presentTask, presentTimeline } from "../../src/tasks/present.ts";
import {
  acceptMany,
  acceptPatient,
  FIRST,
  holdsOf,
  MINUTE_MS,
  noBalance,
  publishedStates,
  ringAll,
  SECOND,
  SPREAD_MS,
  stateOfAccount,
  TWO_ACCOUNTS,
} from "../support/accounts.ts";
import type { TaskStub } from "../support/objects.ts";
import { acceptTask, again, LIVE, setEnvironment, view } from "../support/objects.ts";
import { createTenant, tenantObject, withTenantMethods } from "../support/tenants.ts";
import { eventually, evict, pass, ring, ringOnTime, useFrozenTime } from "../support/time.ts";
import { created, errorAnswer, processing, ready, scriptOutside } from "../support/upstream.ts";

useFrozenTime(async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  await createTenant();
});

const keyOf = ({ body }: { readonly body: unknown }) => (body as { clientKey: string }).clientKey;

describe("an account that the upstream refuses", () => {
  it("passes its task on to the next account in the same alarm", async () => {
    const outside = scriptOutside({
      create: [noBalance],
      second: { create: [created("b-1")], poll: [processing] },
    });
    const task = await acceptPatient();
    await ring(task);
    expect(await view(task)).toMatchObject({ status: "processing", submissions: 1, upstreamAccount: "second" });
    expect(outside.creates.map(keyOf)).toEqual([FIRST.clientKey]);
    expect(outside.second.creates.map(keyOf)).toEqual([SECOND.clientKey]);
    const first = { state: "refused", code: "ERROR_ZERO_BALANCE", probeAt: Date.now() + MINUTE_MS };
    expect(await stateOfAccount("first")).toMatchObject(first);
    await eventually(async () => (await publishedStates())?.accounts[0]?.state === "refused");
  });

  it("gets no new task, and its polled tasks stay with it", async () => {
    const outside = scriptOutside({
      create: [created("a-1"), noBalance],
      poll: [processing],
      second: { create: [created("b-1")], poll: [processing] },
    });
    const [polled, refusedTask, next] = await acceptMany(3);
    if (polled === undefined || refusedTask === undefined || next === undefined) throw new Error("three tasks");
    await ringAll([polled, refusedTask, next]);
    expect([outside.creates.length, outside.second.creates.length]).toEqual([2, 2]);
    await ringOnTime(polled);
    await ringOnTime(next);
    expect(outside.polls.map(({ body }) => body)).toEqual([{ clientKey: FIRST.clientKey, taskId: "a-1" }]);
    expect(outside.second.polls.map(({ body }) => body)).toEqual([{ clientKey: SECOND.clientKey, taskId: "b-1" }]);
  });

  it("is marked by a poll too, and the polled task goes on with backoff", async () => {
    const outside = scriptOutside({
      create: [created("a-1")],
      poll: [errorAnswer("ERROR_IP_BANNED"), ready],
      second: { create: [created("b-1")] },
    });
    const [polled, next] = [await acceptPatient(), await acceptPatient()];
    await ring(polled);
    await ringOnTime(polled);
    expect(await view(polled)).toMatchObject({ status: "processing", faults: 1 });
    await ring(next);
    expect([outside.creates.length, outside.second.creates.length]).toEqual([1, 1]);
    await ringOnTime(polled);
    expect(await view(polled)).toMatchObject({ status: "ready" });
  });

  it("stays refused while polls of its earlier tasks are answered, because they also work without a balance", async () => {
    const outside = scriptOutside({
      create: [created("a-1"), noBalance],
      poll: [processing],
      second: { create: [created("b-1")] },
    });
    const [polled, refusedTask] = [await acceptPatient(), await acceptPatient()];
    await ring(polled);
    await ring(refusedTask);
    await ringOnTime(polled);
    await ringOnTime(polled);
    expect(outside.polls).toHaveLength(2);
    expect(await stateOfAccount("first")).toMatchObject({ state: "refused", code: "ERROR_ZERO_BALANCE" });
    await ring(await acceptPatient());
    expect([outside.creates.length, outside.second.creates.length]).toEqual([2, 2]);
  });

  it("is not visible to tenants, and neither is its code", async () => {
    scriptOutside({ create: [noBalance], second: { create: [noBalance] } });
    const task = await acceptPatient({ timeoutMs: 30_000 });
    await ring(task);
    await ringOnTime(task);
    const record = await view(task);
    const shown = presentTask(record);
    expect(shown).toMatchObject({ status: "failed", error: { code: "upstream_unavailable" }, submissions: 0 });
    expect(JSON.stringify([shown, presentTimeline(record)])).not.toMatch(/ZERO_BALANCE|first|second/);
  });

  it("has no effect on tasks of the sandbox", async () => {
    scriptOutside({ create: [noBalance], second: { create: [noBalance] } });
    await ring(await acceptPatient());
    const owner = { ...LIVE, mode: "test" } as const;
    const test = await acceptPatient(owner);
    await ring(test);
    expect(await view(test, owner)).toMatchObject({ status: "processing" });
  });
});

describe("a pinned task", () => {
  /** A task whose tenant is pinned to an account, as admission says. */
  async function acceptPinned(account: string): Promise<TaskStub> {
    const outcome = { tag: "admitted", upstreamAccount: account } as const;
    const admit = async () => ({ outcome, webhook: null });
    const { UPSTREAM_ACCOUNTS } = TWO_ACCOUNTS;
    return acceptPatient({}, { ...withTenantMethods(() => ({ admit })), UPSTREAM_ACCOUNTS });
  }

  it("uses its own account and no other", async () => {
    const outside = scriptOutside({ create: [created()], second: { create: [created("b-1")] } });
    const task = await acceptPinned("second");
    await ring(task);
    expect(await view(task)).toMatchObject({ status: "processing", upstreamAccount: "second" });
    expect(outside.creates).toHaveLength(0);
  });

  it("waits for its account while the other works, and probes it", async () => {
    const outside = scriptOutside({ create: [created()], second: { create: [noBalance, created("b-1")] } });
    const task = await acceptPinned("second");
    await ring(task);
    expect(await view(task)).toMatchObject({ status: "queued" });
    pass(MINUTE_MS + SPREAD_MS);
    await ring(task);
    expect(await view(task)).toMatchObject({ status: "processing", upstreamAccount: "second" });
    expect(outside.creates).toHaveLength(0);
    await eventually(async () => (await stateOfAccount("second"))?.state === "ok");
  });

  it("uses the account that its tenant is pinned to while the task is held", async () => {
    const outside = scriptOutside({ create: [noBalance], second: { create: [created("b-1")] } });
    await tenantObject().patch({ upstreamAccount: "first" });
    const task = await acceptPatient();
    await ring(task);
    expect(presentTask(await view(task))).toMatchObject({ status: "queued", waitingFor: "upstream" });
    await tenantObject().patch({ upstreamAccount: "second" });
    pass(MINUTE_MS + SPREAD_MS);
    await ring(task);
    const { status, upstreamAccount, events } = await view(task);
    expect({ status, upstreamAccount }).toEqual({ status: "processing", upstreamAccount: "second" });
    expect(events.filter(({ type }) => type === "admitted")).toHaveLength(1);
    expect(outside.creates).toHaveLength(1);
  });

  it("is rejected if its tenant is suspended while the task is held", async () => {
    scriptOutside({ create: [noBalance, created()] });
    await tenantObject().patch({ upstreamAccount: "first" });
    const task = await acceptPatient();
    await ring(task);
    await tenantObject().patch({ suspended: true });
    pass(MINUTE_MS + SPREAD_MS);
    await ring(task);
    expect(await view(task)).toMatchObject({ status: "failed", error: { code: "tenant_suspended" }, submissions: 0 });
  });

  it("is held where its account is not configured, and fails at its deadline", async () => {
    const outside = scriptOutside();
    const task = await acceptPinned("gone");
    await ring(task);
    expect(await view(task)).toMatchObject({ status: "queued", stage: "admission" });
    expect(await holdsOf(task)).toMatchObject([{ detail: "upstream_not_configured" }]);
    pass(300_000);
    await ring(task);
    expect(await view(task)).toMatchObject({
      status: "failed",
      submissions: 0,
      error: { code: "upstream_unavailable" },
    });
    expect(outside.count).toBe(0);
  });
});

describe("a task whose account is no longer configured", () => {
  const ONLY_SECOND = { ...env, UPSTREAM_ACCOUNTS: JSON.stringify([SECOND]) };

  it("is polled at no other account, and goes on when the account is back", async () => {
    const outside = scriptOutside({ create: [created("a-1")], poll: [ready], second: { poll: [ready] } });
    const task = await acceptPatient();
    await ring(task);
    await setEnvironment(task, ONLY_SECOND);
    await ringOnTime(task);
    expect(await view(task)).toMatchObject({ status: "processing", faults: 1 });
    expect(outside.second.polls).toHaveLength(0);
    await setEnvironment(task, TWO_ACCOUNTS);
    await ringOnTime(task);
    expect(await view(task)).toMatchObject({ status: "ready" });
  });

  it("fails as unavailable at its deadline", async () => {
    scriptOutside({ create: [created("a-1")] });
    const task = await acceptPatient({ timeoutMs: 20_000 });
    await ring(task);
    await setEnvironment(task, ONLY_SECOND);
    await ringOnTime(task);
    pass(20_000);
    await ring(task);
    expect(await view(task)).toMatchObject({ status: "failed", error: { code: "upstream_unavailable" } });
  });
});

describe("the single pair of settings", () => {
  it("is the account default, and a task of a version without accounts is polled there", async () => {
    const outside = scriptOutside({ create: [created("a-1")], poll: [ready] });
    const task = await acceptTask();
    await ring(task);
    expect(await view(task)).toMatchObject({ upstreamAccount: "default" });
    await evict(task);
    await ringOnTime(again(task));
    expect(outside.polls).toHaveLength(1);
  });
});
