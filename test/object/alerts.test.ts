// Operator alerts: signed, repeated until the receiver accepts them, limited in number, and never in the way of a task.

import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import type { Alert } from "../../src/alerts/alerts.ts";
import { raiseAlert } from "../../src/alerts/raise.ts";
import { sendingAlerts, sentAlerts, storedAlerts, WITH_ALERTS } from "../support/alerts.ts";
import { setEnvironment } from "../support/objects.ts";
import { alarmOf, evict, hastenTimers, pass, ringOnTime, START, useFrozenTime } from "../support/time.ts";
import type { Answer } from "../support/upstream.ts";
import { lost, plain, scriptOutside } from "../support/upstream.ts";

useFrozenTime();

const taken = plain(204, null);
const data = { account: "first", code: "ERROR_ZERO_BALANCE" };
const REFUSED: Alert = { type: "upstream.refused", data };
const RECOVERED: Alert = { type: "upstream.recovered", data };
const quotaOf = (tenantId: string): Alert => ({
  type: "tenant.quota_reached",
  data: { tenantId, month: "2035-05", quota: 5 },
});

async function raise(...alerts: readonly Alert[]): Promise<void> {
  for (const alert of alerts) await (await sendingAlerts()).raise(alert);
}

/** Rings every alarm of the object on time for `ms`, losing its memory before each. */
async function runFor(ms: number): Promise<void> {
  const until = Date.now() + ms;
  for (;;) {
    const at = await alarmOf(await sendingAlerts());
    if (at === null || at > until) break;
    await evict(await sendingAlerts());
    await ringOnTime(await sendingAlerts());
  }
  vi.setSystemTime(until);
}

describe("an alert", () => {
  it("is sent at once as a signed webhook, and leaves nothing in storage after ten minutes", async () => {
    const outside = scriptOutside({ alert: [taken] });
    await raise(REFUSED);
    await runFor(1_000);
    const [request] = outside.alerts;
    expect(request?.body).toEqual({ type: "upstream.refused", timestamp: new Date(START).toISOString(), data });
    expect(sentAlerts(outside)).toMatchObject([{ ...REFUSED, id: expect.stringMatching(/^alert_[0-9a-f-]{36}$/) }]);
    await runFor(600_000);
    expect(await storedAlerts()).toEqual([]);
    expect(await alarmOf(await sendingAlerts())).toBeNull();
    expect(outside.alerts).toHaveLength(1);
  });
});

describe("a receiver", () => {
  const FAILURES: readonly (readonly [string, Answer])[] = [
    ["is down", lost],
    ["answers 503", plain(503)],
    ["answers 410", plain(410)],
  ];

  /** Lets the receiver fail for `ms`, then take everything. Returns the types of what it took, and how often it was asked before. */
  async function failFor(ms: number, failure: Answer): Promise<{ types: string[]; attempts: number }> {
    let down = true;
    const outside = scriptOutside({ alert: [(request) => (down ? failure(request) : taken(request))] });
    await raise(REFUSED, quotaOf("acme"));
    await runFor(60_000);
    await raise(RECOVERED);
    await runFor(ms);
    const attempts = outside.alerts.length;
    down = false;
    await runFor(900_000);
    const ids = sentAlerts(outside)
      .filter(({ type }) => type === "upstream.refused")
      .map(({ id }) => id);
    expect(new Set(ids).size).toBe(1);
    return {
      types: sentAlerts(outside)
        .slice(attempts)
        .map(({ type }) => type),
      attempts,
    };
  }
  const ALL = ["upstream.refused", "tenant.quota_reached", "upstream.recovered"];

  it.each(FAILURES)("gets each alert later, in order, once and under one id, if it %s", async (_name, failure) => {
    expect((await failFor(600_000, failure)).types).toEqual(ALL);
    await runFor(3_600_000);
    expect(await storedAlerts()).toEqual([]);
  });

  it("gets an attempt every 15 minutes if it is down for a day, and each alert when it is back", async () => {
    const { types, attempts } = await failFor(86_400_000, plain(503));
    expect(types).toEqual(ALL);
    expect(attempts).toBeLessThan(110);
  });

  it("is given up after ten seconds if it hangs, and alerts are accepted meanwhile", async () => {
    const asked = hastenTimers(5_000);
    const aborted: Answer = () => new Promise((_, reject) => setTimeout(() => reject(new Error("aborted")), 10_000));
    const outside = scriptOutside({ alert: [aborted] });
    await raise(REFUSED);
    const ringing = ringOnTime(await sendingAlerts());
    await raise(quotaOf("acme"));
    await ringing;
    expect(asked).toContain(10_000);
    expect(outside.alerts).toHaveLength(1);
    expect((await storedAlerts()).filter((key) => key.startsWith("outgoing:"))).toHaveLength(2);
  });

  it("gets the others if it rejects one alert", async () => {
    const outside = scriptOutside({
      alert: [({ body }) => new Response(null, { status: JSON.stringify(body).includes("poison") ? 422 : 204 })],
    });
    await raise(quotaOf("poison"), quotaOf("acme"), REFUSED);
    await runFor(1_000);
    expect(outside.alerts).toHaveLength(3);
    expect((await storedAlerts()).filter((key) => key.startsWith("outgoing:"))).toHaveLength(1);
  });

  it("gets an alert for three days at most", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    scriptOutside({ alert: [plain(503)] });
    await raise(REFUSED);
    await runFor(60_000);
    pass(3 * 86_400_000);
    await ringOnTime(await sendingAlerts());
    expect(await storedAlerts()).toEqual(["backoff"]);
  });

  it("gets a pause if it asks for one, up to 15 minutes", async () => {
    const outside = scriptOutside({ alert: [plain(429, null, { "retry-after": "86400" })] });
    await raise(REFUSED);
    await runFor(900_000);
    expect(outside.alerts).toHaveLength(1);
    await runFor(1_000);
    expect(outside.alerts).toHaveLength(2);
  });
});

describe("storage", () => {
  it("has a limited number of subjects per kind", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const outside = scriptOutside({ alert: [plain(503)] });
    const stub = await sendingAlerts();
    for (let tenant = 0; tenant < 300; tenant += 1) await stub.raise(quotaOf(`t-${tenant}`));
    await stub.raise(REFUSED);
    const keys = await storedAlerts();
    expect(keys.filter((key) => key.startsWith("channel:"))).toHaveLength(201);
    expect(keys.filter((key) => key.startsWith("outgoing:"))).toHaveLength(201);
    expect(outside.alerts).toHaveLength(0);
  });
});

describe("raising an alert", () => {
  it("only logs it where no receiver is configured, at error or warn", async () => {
    const error = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    raiseAlert(env, REFUSED);
    raiseAlert(env, RECOVERED);
    expect(JSON.parse(error.mock.calls.flat().join(""))).toMatchObject({ event: "alert", type: "upstream.refused" });
    expect(JSON.parse(warn.mock.calls.flat().join(""))).toMatchObject({ event: "alert", type: "upstream.recovered" });
    expect(await storedAlerts()).toEqual([]);
  });

  it("does not throw if the object fails", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const ALERTS = new Proxy(env.ALERTS, {
      get: () => {
        throw new Error("the object is away");
      },
    });
    raiseAlert({ ...WITH_ALERTS, ALERTS }, REFUSED);
    await vi.waitFor(() => expect(warn.mock.calls.flat().join("")).toContain("alert_unsent"));
  });

  it("drops pending alerts when the receiver is no longer configured", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    scriptOutside({ alert: [plain(503)] });
    await raise(REFUSED);
    const stub = await sendingAlerts();
    await setEnvironment(stub, env);
    pass(1_000);
    await ringOnTime(stub);
    expect((await storedAlerts()).filter((key) => key.startsWith("outgoing:"))).toEqual([]);
  });
});
