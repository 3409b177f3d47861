/** Live tasks with two upstream accounts: refused, recovered, both refused, pinned, and accounts that are gone. */

import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import {
  acceptPatient,
  accountsObject,
  FIRST,
  publishedStates,
  SECOND,
  stateOfAccount,
  TWO_ACCOUNTS,
} from "../support/accounts.ts";
import type { TaskStub } from "../support/objects.ts";
import { acceptTask, again, LIVE, setEnvironment, view } from "../support/objects.ts";
import { createTenant } from "../support/tenants.ts";
import { alarmOf, eventually, evict, pass, ring, ringOnTime, useFrozenTime } from "../support/time.ts";
import { created, held, lost, plain, processing, ready, refused, scriptOutside } from "../support/upstream.ts";

const MINUTE_MS = 60_000;
/** Held tasks come back spread over this (ms). */
const SPREAD_MS = 5_000;

/** The memory of an isolate is keyed by nothing but time: each test has a day of its own. */
let day = 0;

useFrozenTime(async () => {
  day += 1;
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  await createTenant();
  pass(day * 86_400_000);
});

const ACCOUNT_CODES = ["ERROR_KEY_DOES_NOT_EXIST", "ERROR_ZERO_BALANCE", "ERROR_IP_BANNED", "ERROR_KEY_TEMP_BLOCKED"];
const noBalance = refused("ERROR_ZERO_BALANCE");

async function ringAll(tasks: readonly TaskStub[]): Promise<void> {
  for (const task of tasks) await ring(task);
}

const accept = (count: number) => Promise.all(Array.from({ length: count }, () => acceptPatient()));
const keyOf = ({ body }: { readonly body: unknown }) => (body as { clientKey: string }).clientKey;
const holdsOf = (task: TaskStub) => view(task).then(({ events }) => events.filter(({ type }) => type === "held"));

describe("an account that the upstream refuses", () => {
  it.each(ACCOUNT_CODES)("passes its task on to the next account in the same alarm: %s", async (code) => {
    const outside = scriptOutside({
      create: [refused(code)],
      second: { create: [created("b-1")], poll: [processing] },
    });
    const task = await acceptPatient();
    await ring(task);
    expect(await view(task)).toMatchObject({ status: "processing", submissions: 1, upstreamAccount: "second" });
    expect(outside.creates.map(keyOf)).toEqual([FIRST.clientKey]);
    expect(outside.second.creates.map(keyOf)).toEqual([SECOND.clientKey]);
    expect(await stateOfAccount("first")).toMatchObject({ state: "refused", code, probeAt: Date.now() + MINUTE_MS });
    await eventually(async () => (await publishedStates())?.accounts[0]?.state === "refused");
  });

  it("gets no new task, and its polled tasks stay with it", async () => {
    const outside = scriptOutside({
      create: [created("a-1"), noBalance],
      poll: [processing],
      second: { create: [created("b-1")], poll: [processing] },
    });
    const [polled, refusedTask, next] = await accept(3);
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
      poll: [refused("ERROR_IP_BANNED"), ready],
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

  it("is never named to tenants, and neither is its code", async () => {
    scriptOutside({ create: [noBalance], second: { create: [noBalance] } });
    const task = await acceptPatient({ timeoutMs: 30_000 });
    await ring(task);
    await ringOnTime(task);
    const { upstreamAccount: _, ...shown } = await view(task);
    expect(shown).toMatchObject({ status: "failed", error: { code: "upstream_unavailable" }, submissions: 0 });
    expect(JSON.stringify(shown)).not.toMatch(/ZERO_BALANCE|first|second/);
  });

  it("does not concern tasks of the sandbox", async () => {
    scriptOutside({ create: [noBalance], second: { create: [noBalance] } });
    await ring(await acceptPatient());
    const owner = { ...LIVE, mode: "test" } as const;
    const test = await acceptPatient(owner);
    await ring(test);
    expect(await view(test, owner)).toMatchObject({ status: "processing" });
  });
});

describe("a probe", () => {
  it("goes to the refused account once a minute, while the others go on with the next account", async () => {
    const outside = scriptOutside({ create: [noBalance], second: { create: [created()], poll: [processing] } });
    await ring(await acceptPatient());
    for (let minute = 1; minute <= 3; minute += 1) {
      pass(MINUTE_MS);
      await ringAll(await accept(5));
      expect(outside.creates).toHaveLength(1 + minute);
    }
    expect(outside.second.creates).toHaveLength(16);
  });

  it("that the upstream accepts brings every new task back to the preferred account", async () => {
    const outside = scriptOutside({
      create: [noBalance, created("a-1")],
      poll: [processing],
      second: { create: [created()], poll: [processing] },
    });
    await ring(await acceptPatient());
    pass(MINUTE_MS);
    const tasks = await accept(3);
    await ringAll(tasks.slice(0, 1));
    await eventually(async () => (await stateOfAccount("first"))?.state === "ok");
    await ringAll(tasks.slice(1));
    expect([outside.creates.length, outside.second.creates.length]).toEqual([4, 1]);
  });

  it.each(["ERROR_RECAPTCHA_INVALID_SITEKEY", "ERROR_CAPTCHA_UNSOLVABLE", "ERROR_NEW_AND_STRANGE"])(
    "that is rejected for its own request shows that the account works: %s",
    async (code) => {
      scriptOutside({ create: [noBalance, refused(code)], second: { create: [created()] } });
      await ring(await acceptPatient());
      pass(MINUTE_MS);
      const probe = await acceptPatient();
      await ring(probe);
      expect(await view(probe)).toMatchObject({ status: "failed", error: { upstreamCode: code } });
      await eventually(async () => (await stateOfAccount("first"))?.state === "ok");
    },
  );

  it.each([
    ["its connection is lost", lost],
    ["its answer is unreadable", plain(200, "<html>")],
    ["the upstream is overloaded", plain(503)],
    ["the error has no code", () => Response.json({ errorId: 1, errorDescription: "no balance" })],
  ])("leaves the account refused when %s, and the next one comes a minute later", async (_name, answer) => {
    const outside = scriptOutside({ create: [noBalance, answer, created()], second: { create: [created()] } });
    await ring(await acceptPatient());
    pass(MINUTE_MS);
    await ring(await acceptPatient());
    expect(await stateOfAccount("first")).toMatchObject({ state: "refused", probeAt: Date.now() + MINUTE_MS });
    pass(MINUTE_MS - 1);
    await ring(await acceptPatient());
    expect(outside.creates).toHaveLength(2);
    pass(1);
    await ring(await acceptPatient());
    expect(outside.creates).toHaveLength(3);
    await eventually(async () => (await stateOfAccount("first"))?.state === "ok");
  });

  it("that lies costs each later task one request, and loses none", async () => {
    const outside = scriptOutside({
      create: [noBalance, created("a-lie"), noBalance],
      second: { create: [created()], poll: [processing] },
    });
    await ring(await acceptPatient());
    pass(MINUTE_MS);
    await ring(await acceptPatient());
    await eventually(async () => (await stateOfAccount("first"))?.state === "ok");
    pass(1_000);
    const tasks = await accept(4);
    await ringAll(tasks);
    expect(await stateOfAccount("first")).toMatchObject({ state: "refused" });
    expect([outside.creates.length, outside.second.creates.length]).toEqual([3, 5]);
    for (const task of tasks) expect(await view(task)).toMatchObject({ status: "processing", submissions: 1 });
  });

  it("of a task that is canceled meanwhile leaves the account refused for another minute", async () => {
    const slow = held(created("a-1"));
    scriptOutside({ create: [noBalance, slow.answer], second: { create: [created()] } });
    await ring(await acceptPatient());
    pass(MINUTE_MS);
    const probe = await acceptPatient();
    const ringing = ring(probe);
    await slow.asked();
    await probe.cancel(LIVE);
    slow.release();
    await ringing;
    expect(await stateOfAccount("first")).toMatchObject({ state: "refused", probeAt: Date.now() + MINUTE_MS });
  });
});

describe("a refused account behind one that works", () => {
  it("is probed once a minute by a task that then goes on with the account that works", async () => {
    const outside = scriptOutside({
      create: [noBalance, created("a-1")],
      poll: [processing],
      second: { create: [noBalance, noBalance, created("b-1")], poll: [processing] },
    });
    const tasks = await accept(1);
    await ringAll(tasks);
    pass(MINUTE_MS + SPREAD_MS);
    await ringAll(tasks);
    await eventually(async () => (await stateOfAccount("first"))?.state === "ok");
    const next = await accept(3);
    await ringAll(next);
    expect([outside.creates.length, outside.second.creates.length]).toEqual([5, 2]);
    for (const task of next) expect(await view(task)).toMatchObject({ status: "processing", submissions: 1 });
    pass(MINUTE_MS + SPREAD_MS);
    await ringAll(await accept(2));
    await eventually(async () => (await stateOfAccount("second"))?.state === "ok");
    expect([outside.creates.length, outside.second.creates.length]).toEqual([6, 3]);
  });
});

describe("with no account left", () => {
  it("a task is held with its reason until the next probe is due", async () => {
    const outside = scriptOutside({ create: [noBalance], second: { create: [noBalance] } });
    const task = await acceptPatient();
    await ring(task);
    expect(await view(task)).toMatchObject({ status: "queued", stage: "submission", submissions: 0 });
    expect(await holdsOf(task)).toEqual([{ at: Date.now(), type: "held", detail: "upstream_unavailable" }]);
    const at = (await alarmOf(task)) ?? Number.NaN;
    expect(at - Date.now()).toBeGreaterThanOrEqual(MINUTE_MS);
    expect(at - Date.now()).toBeLessThan(MINUTE_MS + SPREAD_MS);
    const next = await acceptPatient();
    await ring(next);
    expect([outside.creates.length, outside.second.creates.length]).toEqual([1, 1]);
  });

  it("one task a minute probes each account, however many wait", async () => {
    const outside = scriptOutside({ create: [noBalance], second: { create: [noBalance] } });
    const tasks = await accept(6);
    await ringAll(tasks);
    for (let minute = 1; minute <= 3; minute += 1) {
      pass(MINUTE_MS + SPREAD_MS);
      await ringAll(tasks);
      expect([outside.creates.length, outside.second.creates.length]).toEqual([1 + minute, 1 + minute]);
    }
  });

  it("every task goes on within seconds of the probe that shows that an account works", async () => {
    const slow = held(created("a-1"));
    const outside = scriptOutside({
      create: [noBalance, slow.answer, created("a-2")],
      second: { create: [noBalance] },
    });
    const [probe, ...others] = await accept(5);
    if (probe === undefined) throw new Error("five tasks");
    await ringAll([probe, ...others]);
    pass(MINUTE_MS + SPREAD_MS);
    const probing = ring(probe);
    await slow.asked();
    // The second account is due as well: one of the others probes it.
    await ringAll(others);
    expect(outside.creates).toHaveLength(2);
    slow.release();
    await probing;
    await eventually(async () => (await stateOfAccount("first"))?.state === "ok");
    pass(10_000);
    await ringAll(others);
    for (const task of others) expect(await view(task)).toMatchObject({ status: "processing", submissions: 1 });
    expect(outside.creates).toHaveLength(6);
  });

  it("a task whose deadline passes fails as unavailable, without a submission", async () => {
    scriptOutside({ create: [noBalance], second: { create: [noBalance] } });
    await ring(await acceptPatient());
    const task = await acceptPatient({ timeoutMs: 20_000 });
    await ring(task);
    await ringOnTime(task);
    expect(await view(task)).toMatchObject({
      status: "failed",
      submissions: 0,
      error: { code: "upstream_unavailable" },
    });
  });
});

describe("a pinned task", () => {
  /** A task whose tenant is pinned to an account, as admission says. */
  async function acceptPinned(account: string): Promise<TaskStub> {
    const outcome = { tag: "admitted", upstreamAccount: account } as const;
    const admit = async () => ({ outcome, webhook: null });
    const tenants = {
      idFromName: (name: string) => env.TENANTS.idFromName(name),
      get: (id: DurableObjectId) =>
        new Proxy(env.TENANTS.get(id), { get: (stub, key) => (key === "admit" ? admit : Reflect.get(stub, key)) }),
    };
    return acceptPatient({}, { ...TWO_ACCOUNTS, TENANTS: tenants });
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

  it("is held where its account is not configured, and fails at its deadline", async () => {
    const outside = scriptOutside();
    const task = await acceptPinned("gone");
    await ring(task);
    expect(await view(task)).toMatchObject({ status: "queued", stage: "submission" });
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

  it("is asked of no other account, and goes on when the account is back", async () => {
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

describe("an eviction", () => {
  it("of the accounts' object in any state changes nothing", async () => {
    const outside = scriptOutside({
      create: [noBalance, noBalance, created("a-1")],
      second: { create: [created()], poll: [processing] },
    });
    // Refused.
    await ring(await acceptPatient());
    await evict(accountsObject());
    pass(3_000);
    await ring(await acceptPatient());
    expect([outside.creates.length, outside.second.creates.length]).toEqual([1, 2]);
    // Probed and refused again.
    pass(MINUTE_MS);
    await ring(await acceptPatient());
    await evict(accountsObject());
    pass(3_000);
    await ring(await acceptPatient());
    expect([outside.creates.length, outside.second.creates.length]).toEqual([2, 4]);
    // Probed and working.
    pass(MINUTE_MS);
    await ring(await acceptPatient());
    await eventually(async () => (await stateOfAccount("first"))?.state === "ok");
    await evict(accountsObject());
    pass(3_000);
    await ring(await acceptPatient());
    expect([outside.creates.length, outside.second.creates.length]).toEqual([4, 4]);
  });

  it("of the accounts' object while a probe is under way grants no second probe, and takes the answer", async () => {
    const slow = held(created("a-1"));
    const outside = scriptOutside({ create: [noBalance, slow.answer], second: { create: [created()] } });
    await ring(await acceptPatient());
    pass(MINUTE_MS);
    const probing = ring(await acceptPatient());
    await slow.asked();
    await evict(accountsObject());
    await ring(await acceptPatient());
    expect(outside.creates).toHaveLength(2);
    slow.release();
    await probing;
    await eventually(async () => (await stateOfAccount("first"))?.state === "ok");
  });
});
