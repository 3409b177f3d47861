// When an operator alert is sent: at most one per kind and subject in ten minutes, and the last state at the end of that time.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Alert, Channel } from "../../src/alerts/alerts.ts";
import { channelOf, endState, pendingAt, purgeableAt, QUIET_MS, raise, release } from "../../src/alerts/alerts.ts";

const AT = Date.UTC(2026, 10, 23, 9, 30);
const MINUTE_MS = 60_000;

const data = { account: "first", code: "ERROR_ZERO_BALANCE" };
const REFUSED: Alert = { type: "upstream.refused", data };
const RECOVERED: Alert = { type: "upstream.recovered", data };
const EXHAUSTED: Alert = { type: "upstream.exhausted", data: { accounts: ["first"] } };
const failure = (taskId: string): Alert => ({
  type: "task.internal_error",
  data: { tenantId: "acme", mode: "live", taskId },
});

/** Raises alerts at these minutes and returns what was sent, as `[minute, alert]`, until nothing is pending. */
function sentBy(
  ...raised: readonly (readonly [minute: number, alert: Alert | "ended"])[]
): (readonly [number, Alert])[] {
  const out: (readonly [number, Alert])[] = [];
  let channel: Channel | undefined;
  const take = (minute: number, step: ReturnType<typeof raise>) => {
    channel = step.channel;
    if (step.due !== null) out.push([minute, step.due.alert]);
  };
  const advanceTo = (until: number) => {
    for (
      let at = channel && pendingAt(channel);
      channel && at != null && at <= until;
      at = channel && pendingAt(channel)
    ) {
      take((at - AT) / MINUTE_MS, release(channel, at));
    }
  };
  for (const [minute, alert] of raised) {
    const now = AT + minute * MINUTE_MS;
    advanceTo(now);
    if (alert !== "ended") take(minute, raise(channel, alert, now));
    else if (channel !== undefined) channel = endState(channel);
  }
  advanceTo(Number.POSITIVE_INFINITY);
  return out;
}

describe("alerts about one subject", () => {
  it("are sent at once when the last of their kind is ten minutes old", () => {
    expect(sentBy([0, REFUSED], [10, REFUSED])).toEqual([
      [0, REFUSED],
      [10, REFUSED],
    ]);
  });

  it("report a state that came back too soon at the end of the ten minutes", () => {
    expect(sentBy([0, REFUSED], [1, RECOVERED], [2, REFUSED])).toEqual([
      [0, REFUSED],
      [1, RECOVERED],
      [10, REFUSED],
    ]);
  });

  it("do not repeat the state that was reported last", () => {
    expect(sentBy([0, REFUSED], [1, RECOVERED], [2, REFUSED], [3, RECOVERED])).toEqual([
      [0, REFUSED],
      [1, RECOVERED],
    ]);
  });

  it("report the last of several events at the end of the ten minutes", () => {
    expect(sentBy([0, failure("a")], [1, failure("b")], [9, failure("c")], [12, failure("d")])).toEqual([
      [0, failure("a")],
      [10, failure("c")],
      [20, failure("d")],
    ]);
  });

  it("repeat that no account is left only while that is true", () => {
    expect(sentBy([0, EXHAUSTED], [1, "ended"], [2, EXHAUSTED])).toEqual([
      [0, EXHAUSTED],
      [10, EXHAUSTED],
    ]);
    expect(sentBy([0, EXHAUSTED], [1, "ended"], [2, EXHAUSTED], [3, "ended"])).toEqual([[0, EXHAUSTED]]);
  });

  it("are at least ten minutes apart, and end with the last state", () => {
    const events = fc.array(fc.tuple(fc.nat(240), fc.boolean()), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(events, (steps) => {
        const raised: [number, Alert][] = [];
        let minute = 0;
        for (const [wait, refused] of steps) {
          minute += wait / 60;
          raised.push([minute, refused ? REFUSED : RECOVERED]);
        }
        const out = sentBy(...raised);
        for (const alert of [REFUSED, RECOVERED]) {
          const minutes = out.filter(([, each]) => each === alert).map(([at]) => at);
          for (const [index, at] of minutes.slice(1).entries()) {
            expect(at - (minutes[index] ?? 0)).toBeGreaterThanOrEqual(10 - 1e-9);
          }
        }
        expect(out.at(-1)?.[1]).toBe(raised.at(-1)?.[1]);
      }),
    );
  });
});

describe("the channel of an alert", () => {
  it("is shared by the states of one account and by nothing else", () => {
    expect(channelOf(REFUSED)).toBe(channelOf(RECOVERED));
    const others: Alert[] = [
      REFUSED,
      { type: "upstream.refused", data: { ...data, account: "second" } },
      EXHAUSTED,
      { type: "tenant.quota_reached", data: { tenantId: "acme", month: "2026-11", quota: 5 } },
      { type: "endpoint.disabled", data: { tenantId: "acme", mode: "live", host: "hooks.example" } },
      { type: "endpoint.disabled", data: { tenantId: "acme", mode: "test", host: "hooks.example" } },
      failure("a"),
    ];
    expect(new Set(others.map(channelOf)).size).toBe(others.length);
  });

  it("can be deleted ten minutes after its last alert", () => {
    expect(purgeableAt(raise(undefined, REFUSED, AT).channel)).toBe(AT + QUIET_MS);
  });
});
