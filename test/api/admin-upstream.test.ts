// GET /admin/upstream: the configured accounts, their states and their tasks.

import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { acceptPatient, accountsObject, FIRST, SECOND, TWO_ACCOUNTS } from "../support/accounts.ts";
import { ADMIN_TOKEN, callWith } from "../support/gateway.ts";
import { createTenant } from "../support/tenants.ts";
import { eventually, freezeTime, pass, releaseTime, ring } from "../support/time.ts";
import { created, errorAnswer, scriptOutside } from "../support/upstream.ts";

/** The isolate's copy of the account states expires by time, so each test has its own day. */
let day = 0;

beforeEach(async () => {
  freezeTime();
  await createTenant();
  day += 1;
  pass(day * 86_400_000);
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(async () => {
  releaseTime();
  vi.restoreAllMocks();
  await reset();
});

const time = (ms: number) => new Date(ms).toISOString();
const upstream = async <T = unknown>(changes: object = TWO_ACCOUNTS) => {
  const answer = await callWith({ ...changes }, "GET", "/admin/upstream", { key: ADMIN_TOKEN });
  expect(answer.status).toBe(200);
  return answer.json<T>();
};

const unused = { code: null, since: null, nextProbeAt: null, lastSuccessAt: null, tasksLastHour: 0 };

describe("GET /admin/upstream", () => {
  it("lists the accounts in order of preference, without their keys", async () => {
    const answer = await upstream();
    expect(answer).toEqual({
      accounts: [
        { name: "first", url: FIRST.url, state: "ok", ...unused },
        { name: "second", url: SECOND.url, state: "ok", ...unused },
      ],
      history: [],
    });
    expect(JSON.stringify(answer)).not.toContain("key-of");
  });

  it("returns the single pair of settings as the account default, and no account without settings", async () => {
    expect(await upstream({})).toMatchObject({ accounts: [{ name: "default", url: "http://upstream.test" }] });
    expect(await upstream({ UPSTREAM_CLIENT_KEY: undefined })).toEqual({ accounts: [], history: [] });
  });

  it("returns the state refused until a probe succeeds, and then the time of the recovery", async () => {
    const rejection = { account: "first", code: "ERROR_ZERO_BALANCE", ageMs: 0, probe: null };
    const refusedAt = Date.now();
    await accountsObject().reportRefused(rejection);
    expect(await upstream()).toMatchObject({
      accounts: [
        { state: "refused", code: "ERROR_ZERO_BALANCE", since: time(refusedAt), nextProbeAt: time(refusedAt + 60_000) },
        { state: "ok" },
      ],
    });
    pass(60_000);
    const { probe } = await accountsObject().requestProbe("first");
    if (probe === null) throw new Error("no probe");
    pass(500);
    await accountsObject().reportWorking(probe);
    expect(await upstream()).toMatchObject({
      accounts: [{ state: "ok", code: null, since: time(Date.now()), nextProbeAt: null }, {}],
    });
  });

  it("returns the changes of state newest first, also of an account that is not configured any more", async () => {
    const refusedAt = Date.now();
    await accountsObject().reportRefused({ account: "first", code: "ERROR_ZERO_BALANCE", ageMs: 0, probe: null });
    pass(60_000);
    const { probe } = await accountsObject().requestProbe("first");
    if (probe === null) throw new Error("no probe");
    await accountsObject().reportWorking(probe);
    await accountsObject().reportRefused({ account: "removed", code: "ERROR_IP_BLOCKED", ageMs: 0, probe: null });
    const { history } = await upstream<{ history: unknown }>();
    expect(history).toEqual([
      { account: "removed", state: "refused", code: "ERROR_IP_BLOCKED", at: time(Date.now()) },
      { account: "first", state: "ok", code: null, at: time(Date.now()) },
      { account: "first", state: "refused", code: "ERROR_ZERO_BALANCE", at: time(refusedAt) },
    ]);
  });

  it("returns the number of tasks that each account accepted, and the time of the last one", async () => {
    scriptOutside({
      create: [created(), created(), errorAnswer("ERROR_ZERO_BALANCE")],
      second: { create: [created()] },
    });
    for (let task = 0; task < 4; task += 1) {
      await ring(await acceptPatient());
      pass(100);
    }
    const at = Date.now();
    await eventually(async () => JSON.stringify(await upstream()).includes('"tasksLastHour":2'));
    expect(await upstream()).toMatchObject({
      accounts: [
        { tasksLastHour: 2, lastSuccessAt: time(at - 300) },
        { tasksLastHour: 2, lastSuccessAt: time(at - 100) },
      ],
    });
  });
});
