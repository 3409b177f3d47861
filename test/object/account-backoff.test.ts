// The pause before a task is sent again to an account that rejected it, whatever the account states say.

import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { presentTask } from "../../src/tasks/present.ts";
import { NO_STATES } from "../../src/upstream/account-states.ts";
import { acceptPatient, FIRST, MINUTE_MS, noBalance, TWO_ACCOUNTS } from "../support/accounts.ts";
import { ACCOUNT_CODES } from "../support/interpret.ts";
import { LIVE, TIMEOUT_MS, view } from "../support/objects.ts";
import { sandboxTask, TEST } from "../support/receivers.ts";
import { createTenant, withTenantMethods } from "../support/tenants.ts";
import { ringOnTime, runUntil, START, useFrozenTime } from "../support/time.ts";
import { created, processing, scriptOutside } from "../support/upstream.ts";

useFrozenTime(async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  await createTenant();
});

/** Held tasks are spread over this time (ms). */
const SPREAD_MS = 5_000;

/** An UpstreamObject that reports every account as `ok`, whatever was reported to it. */
const ALWAYS_OK = {
  UPSTREAM: {
    idFromName: (name: string) => name,
    get: () => ({
      states: async () => NO_STATES,
      reportRefused: async () => NO_STATES,
      requestProbe: async () => ({ probe: null, states: NO_STATES }),
    }),
  },
};

/** An UpstreamObject that cannot be reached. */
const UNREACHABLE = {
  UPSTREAM: {
    idFromName: (name: string) => name,
    get: () => {
      throw new Error("the object cannot be reached");
    },
  },
};

const pausesOf = (requests: readonly { readonly at: number }[]) =>
  requests.slice(1).map(({ at }, index) => at - (requests[index]?.at ?? 0));

describe("a test task whose createTask returns an account code", () => {
  it.each(ACCOUNT_CODES)("waits for the upstream and is sent with backoff until its deadline: %s", async (code) => {
    const task = await sandboxTask(`sandbox-reject-${code}`);
    await ringOnTime(task);
    const { status, waitingFor, nextStepAt } = presentTask(await view(task, TEST));
    expect({ status, waitingFor }).toEqual({ status: "queued", waitingFor: "upstream" });
    expect(Date.parse(nextStepAt ?? "") - Date.now()).toBe(3_000);
    await runUntil(task, START + TIMEOUT_MS);
    const { events, ...record } = await view(task, TEST);
    expect(record).toMatchObject({ status: "failed", error: { code: "upstream_unavailable" }, submissions: 0 });
    const sends = events.filter(({ type }) => type === "submission_refused");
    expect(pausesOf(sends)).toEqual([3_000, 6_000, 12_000, ...Array(6).fill(15_000)]);
    expect(JSON.stringify({ events, error: record.error })).not.toContain(code);
  });
});

describe("a live task whose account rejects it", () => {
  it.each([
    ["the account states stay ok", ALWAYS_OK],
    ["the UpstreamObject cannot be reached", UNREACHABLE],
  ])("is sent to the account again only after the backoff if %s", async (_name, environment) => {
    const outside = scriptOutside({ create: [noBalance] });
    const task = await acceptPatient({}, { ...env, ...environment });
    await runUntil(task, START + 300_000);
    const pauses = pausesOf(outside.creates);
    expect(pauses.length).toBeGreaterThan(2);
    for (const [index, least] of [3_000, 6_000, 12_000].entries()) {
      expect(pauses[index]).toBeGreaterThanOrEqual(least);
    }
    for (const pause of pauses.slice(3)) expect(pause).toBeGreaterThanOrEqual(15_000);
    expect(await view(task)).toMatchObject({ status: "failed", error: { code: "upstream_unavailable" } });
  });

  it("goes on at once with each other account, and waits when all have rejected it", async () => {
    const outside = scriptOutside({ create: [noBalance], second: { create: [noBalance, created("b-1")] } });
    const task = await acceptPatient({}, { ...TWO_ACCOUNTS, ...ALWAYS_OK });
    const rung = await ringOnTime(task);
    expect([outside.creates.length, outside.second.creates.length]).toEqual([1, 1]);
    const record = await view(task);
    expect(presentTask(record)).toMatchObject({ status: "queued", waitingFor: "upstream", submissions: 0 });
    expect(record.stepAt).toBeGreaterThanOrEqual(rung + 3_000);
    expect(record.stepAt).toBeLessThan(rung + 3_000 + SPREAD_MS);
    await runUntil(task, START + MINUTE_MS);
    expect(await view(task)).toMatchObject({ status: "processing", upstreamAccount: "second" });
  });

  it("waits for the account that its tenant is pinned to", async () => {
    const outside = scriptOutside({ create: [noBalance, created("a-1")], poll: [processing] });
    const outcome = { tag: "admitted", upstreamAccount: FIRST.name } as const;
    const pinned = withTenantMethods(() => ({ admit: async () => ({ outcome, webhook: null }) }));
    const { UPSTREAM_ACCOUNTS } = TWO_ACCOUNTS;
    const task = await acceptPatient({}, { ...pinned, ...ALWAYS_OK, UPSTREAM_ACCOUNTS });
    await runUntil(task, START + MINUTE_MS);
    expect(pausesOf(outside.creates)[0]).toBeGreaterThanOrEqual(3_000);
    expect(outside.second.creates).toHaveLength(0);
    expect(await view(task, LIVE)).toMatchObject({ status: "processing", upstreamAccount: "first" });
  });
});
