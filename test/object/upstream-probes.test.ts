// Probes of refused upstream accounts: one a minute, by a task, until an answer shows that the account works.

import { describe, expect, it, vi } from "vitest";
import {
  acceptMany,
  acceptPatient,
  accountsObject,
  holdsOf,
  MINUTE_MS,
  noBalance,
  ringAll,
  SPREAD_MS,
  stateOfAccount,
} from "../support/accounts.ts";
import { LIVE, view } from "../support/objects.ts";
import { createTenant } from "../support/tenants.ts";
import { alarmOf, eventually, evict, pass, ring, useFrozenTime } from "../support/time.ts";
import { created, errorAnswer, held, lost, plain, processing, scriptOutside } from "../support/upstream.ts";

useFrozenTime(async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  await createTenant();
});

/** Waits until the first account is marked as working again, which happens beside the task. */
const firstWorks = () => eventually(async () => (await stateOfAccount("first"))?.state === "ok");

describe("a probe", () => {
  it("goes to the refused account once a minute, while the others go on with the next account", async () => {
    const outside = scriptOutside({ create: [noBalance], second: { create: [created()], poll: [processing] } });
    await ring(await acceptPatient());
    for (let minute = 1; minute <= 3; minute += 1) {
      pass(MINUTE_MS);
      await ringAll(await acceptMany(5));
      expect(outside.creates).toHaveLength(1 + minute);
    }
    expect(outside.second.creates).toHaveLength(16);
  });

  it("makes every new task use the preferred account if the upstream accepts it", async () => {
    const outside = scriptOutside({
      create: [noBalance, created("a-1")],
      poll: [processing],
      second: { create: [created()], poll: [processing] },
    });
    await ring(await acceptPatient());
    pass(MINUTE_MS);
    const tasks = await acceptMany(3);
    await ringAll(tasks.slice(0, 1));
    await firstWorks();
    await ringAll(tasks.slice(1));
    expect([outside.creates.length, outside.second.creates.length]).toEqual([4, 1]);
  });

  it("shows that the account works if it is rejected for its own request", async () => {
    const code = "ERROR_RECAPTCHA_INVALID_SITEKEY";
    scriptOutside({ create: [noBalance, errorAnswer(code)], second: { create: [created()] } });
    await ring(await acceptPatient());
    pass(MINUTE_MS);
    const probe = await acceptPatient();
    await ring(probe);
    expect(await view(probe)).toMatchObject({ status: "failed", error: { upstreamCode: code } });
    await firstWorks();
  });

  it.each([
    ["its outcome is unknown", lost],
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
    await firstWorks();
  });

  it("costs each later task one request, and loses none, if it succeeds although the account is refused", async () => {
    const outside = scriptOutside({
      create: [noBalance, created("a-false"), noBalance],
      second: { create: [created()], poll: [processing] },
    });
    await ring(await acceptPatient());
    pass(MINUTE_MS);
    await ring(await acceptPatient());
    await firstWorks();
    pass(1_000);
    const tasks = await acceptMany(4);
    await ringAll(tasks);
    expect(await stateOfAccount("first")).toMatchObject({ state: "refused" });
    expect([outside.creates.length, outside.second.creates.length]).toEqual([3, 5]);
    for (const task of tasks) expect(await view(task)).toMatchObject({ status: "processing", submissions: 1 });
  });

  it("leaves the account refused for another minute if its task is canceled", async () => {
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
    const tasks = await acceptMany(1);
    await ringAll(tasks);
    pass(MINUTE_MS + SPREAD_MS);
    await ringAll(tasks);
    await firstWorks();
    const next = await acceptMany(3);
    await ringAll(next);
    expect([outside.creates.length, outside.second.creates.length]).toEqual([5, 2]);
    for (const task of next) expect(await view(task)).toMatchObject({ status: "processing", submissions: 1 });
    pass(MINUTE_MS + SPREAD_MS);
    await ringAll(await acceptMany(2));
    await eventually(async () => (await stateOfAccount("second"))?.state === "ok");
    expect([outside.creates.length, outside.second.creates.length]).toEqual([6, 3]);
  });
});

describe("a task while no account works", () => {
  it("is held with its reason until the next probe is due", async () => {
    const outside = scriptOutside({ create: [noBalance], second: { create: [noBalance] } });
    const task = await acceptPatient();
    await ring(task);
    expect(await view(task)).toMatchObject({ status: "queued", stage: "admission", submissions: 0 });
    expect(await holdsOf(task)).toEqual([{ at: Date.now(), type: "held", detail: "upstream_unavailable" }]);
    const at = (await alarmOf(task)) ?? Number.NaN;
    expect(at - Date.now()).toBeGreaterThanOrEqual(MINUTE_MS);
    expect(at - Date.now()).toBeLessThan(MINUTE_MS + SPREAD_MS);
    const next = await acceptPatient();
    await ring(next);
    expect([outside.creates.length, outside.second.creates.length]).toEqual([1, 1]);
  });

  it("probes each account once a minute, however many tasks wait", async () => {
    const outside = scriptOutside({ create: [noBalance], second: { create: [noBalance] } });
    const tasks = await acceptMany(6);
    await ringAll(tasks);
    for (let minute = 1; minute <= 3; minute += 1) {
      pass(MINUTE_MS + SPREAD_MS);
      await ringAll(tasks);
      expect([outside.creates.length, outside.second.creates.length]).toEqual([1 + minute, 1 + minute]);
    }
  });

  it("goes on within seconds of a successful probe", async () => {
    const slow = held(created("a-1"));
    const outside = scriptOutside({
      create: [noBalance, slow.answer, created("a-2")],
      second: { create: [noBalance] },
    });
    const [probe, ...others] = await acceptMany(5);
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
    await firstWorks();
    pass(10_000);
    await ringAll(others);
    for (const task of others) expect(await view(task)).toMatchObject({ status: "processing", submissions: 1 });
    expect(outside.creates).toHaveLength(6);
  });
});

describe("an eviction", () => {
  it("of the accounts' object during a probe grants no second probe, and the answer counts", async () => {
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
    await firstWorks();
  });
});
