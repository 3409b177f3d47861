// The states of upstream accounts: when a probe is granted, what makes an account refused or ok, and which reports are too old to count.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AccountStates, Probe } from "../../src/upstream/account-states.ts";
import {
  accountStatesSchema,
  grantProbe,
  isRefused,
  markOk,
  markRefused,
  NO_STATES,
  newest,
  PROBE_INTERVAL_MS,
  retryAt,
  stateOf,
  withChanges,
} from "../../src/upstream/account-states.ts";

const AT = Date.UTC(2026, 10, 23, 9, 30);
const NAME = "first";

/** A refusal, by the answer to a request that was sent at `sentAt`. */
const refusal = (sentAt: number, probe: Probe | null = null, code = "ERROR_ZERO_BALANCE") => ({
  account: NAME,
  code,
  sentAt,
  probe,
});
const refused = markRefused(NO_STATES, refusal(AT), AT);

/** The states after the probe that was due at `now` is granted, and the probe. */
function granted(states: AccountStates, now: number) {
  const result = grantProbe(states, NAME, now);
  if (result === null) throw new Error("no probe is due");
  return result;
}

describe("a refused account", () => {
  it("keeps its code and the time of its refusal, and may be probed after a minute", () => {
    expect(stateOf(refused, NAME)).toEqual({
      name: NAME,
      state: "refused",
      code: "ERROR_ZERO_BALANCE",
      since: AT,
      probeAt: AT + 60_000,
      probeSentAt: null,
    });
  });

  it("does not change when another task is refused", () => {
    expect(markRefused(refused, refusal(AT + 5_000, null, "ERROR_IP_BANNED"), AT + 5_000)).toBe(refused);
  });

  it("grants no probe before its time, and one to one caller after it", () => {
    expect(grantProbe(refused, NAME, AT + 59_999)).toBeNull();
    const { states, probe } = granted(refused, AT + 60_000);
    expect(probe).toEqual({ account: NAME, since: AT });
    expect(grantProbe(states, NAME, AT + 60_000)).toBeNull();
    expect(grantProbe(states, NAME, AT + 119_999)).toBeNull();
    expect(grantProbe(states, NAME, AT + 120_000)).not.toBeNull();
  });

  it("stays refused when its probe is refused, with the newer code", () => {
    const { states, probe } = granted(refused, AT + 60_000);
    const after = markRefused(states, refusal(AT + 60_000, probe, "ERROR_IP_BANNED"), AT + 61_000);
    expect(stateOf(after, NAME)).toMatchObject({
      state: "refused",
      code: "ERROR_IP_BANNED",
      since: AT,
      probeAt: AT + 120_000,
      probeSentAt: null,
    });
  });

  it("is ok after a successful probe, and has no probe due then", () => {
    const { states, probe } = granted(refused, AT + 60_000);
    const after = markOk(states, probe, AT + 61_000);
    expect(stateOf(after, NAME)).toEqual({
      name: NAME,
      state: "ok",
      code: null,
      since: AT + 61_000,
      probeAt: null,
      probeSentAt: null,
    });
    expect(grantProbe(after, NAME, AT + 600_000)).toBeNull();
  });

  it("does not become ok by the probe of an earlier refusal", () => {
    const first = granted(refused, AT + 60_000);
    const second = granted(first.states, AT + 120_000);
    const recovered = markOk(second.states, second.probe, AT + 121_000);
    const again = markRefused(recovered, refusal(AT + 122_000), AT + 122_000);
    expect(markOk(again, first.probe, AT + 123_000)).toBe(again);
    expect(markOk(again, second.probe, AT + 123_000)).toBe(again);
  });
});

describe("an account that works again", () => {
  const { states, probe } = granted(refused, AT + 60_000);
  const recovered = markOk(states, probe, AT + 61_000);

  it("is not refused by an answer to a request that was sent before", () => {
    expect(markRefused(recovered, refusal(AT + 60_999), AT + 65_000)).toBe(recovered);
  });

  it("is refused again by an answer to a later request", () => {
    const after = markRefused(recovered, refusal(AT + 62_000), AT + 65_000);
    expect(stateOf(after, NAME)).toMatchObject({ state: "refused", since: AT + 65_000, probeAt: AT + 125_000 });
  });
});

describe("a task that waits for a refused account", () => {
  const { states, probe } = granted(refused, AT + 60_000);
  const account = (from: AccountStates) => stateOf(from, NAME) ?? expect.fail("no such account");

  it("asks again when the next probe is due", () => {
    expect(retryAt(account(refused), AT + 5_000)).toBe(AT + 60_000);
    const after = markRefused(states, refusal(AT + 60_000, probe), AT + 61_000);
    expect(retryAt(account(after), AT + 61_000)).toBe(AT + 120_000);
  });

  it("asks again soon while a probe is in flight, and later when its answer is lost", () => {
    expect(retryAt(account(states), AT + 61_000)).toBe(AT + 64_000);
    expect(retryAt(account(states), AT + 75_000)).toBe(AT + 120_000);
  });
});

describe("copies of the states", () => {
  it("are compared by revision, which rises even after the storage is lost", () => {
    const lost = markRefused(NO_STATES, refusal(AT + 90_000), AT + 90_000);
    expect(newest(refused, lost)).toBe(lost);
    expect(newest(lost, refused)).toBe(lost);
    expect(newest(NO_STATES, refused)).toBe(refused);
  });

  it("survive being written as JSON, whatever an account is called", () => {
    const strange = markRefused(refused, { ...refusal(AT), account: "__proto__" }, AT);
    expect(accountStatesSchema.parse(JSON.parse(JSON.stringify(strange)))).toEqual(strange);
    expect(isRefused(strange, "__proto__")).toBe(true);
    expect(isRefused(strange, "constructor")).toBe(false);
  });
});

describe("any order of reports", () => {
  const event = fc.record({
    wait: fc.nat(90_000),
    what: fc.constantFrom("refused", "ask", "works", "probe refused", "lost"),
    age: fc.nat(12_000),
  });

  it("grants one probe a minute at most, and only the probe of the present refusal ends it", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        let states = NO_STATES;
        let now = AT;
        const probes: Probe[] = [];
        let lastGrantAt = Number.NEGATIVE_INFINITY;
        for (const { wait, what, age } of events) {
          now += wait;
          const before = states;
          const latest = probes.at(-1) ?? { account: NAME, since: 0 };
          const oldest = probes[0] ?? latest;
          if (what === "refused") states = markRefused(states, refusal(now - age), now);
          if (what === "probe refused") states = markRefused(states, refusal(now - age, latest), now);
          if (what === "lost") states = markOk(states, oldest, now);
          if (what === "works") states = markOk(states, latest, now);
          if (what === "ask") {
            const result = grantProbe(states, NAME, now);
            if (result !== null) {
              expect(isRefused(before, NAME)).toBe(true);
              expect(now - lastGrantAt).toBeGreaterThanOrEqual(PROBE_INTERVAL_MS);
              lastGrantAt = now;
              probes.push(result.probe);
              states = result.states;
            }
          }
          if (states !== before) expect(states.revision).toBeGreaterThan(before.revision);
          if (isRefused(before, NAME) && !isRefused(states, NAME)) {
            expect([latest, oldest].map(({ since }) => since)).toContain(stateOf(before, NAME)?.since);
          }
        }
      }),
    );
  });
});

describe("the history of state changes", () => {
  it("has a refusal and a recovery, but no probe and no repeated refusal", () => {
    const opened = withChanges([], NO_STATES, refused);
    const { states, probe } = granted(refused, AT + PROBE_INTERVAL_MS);
    expect(withChanges(opened, refused, states)).toEqual(opened);
    const again = markRefused(states, refusal(AT, probe, "ERROR_IP_BLOCKED"), AT + PROBE_INTERVAL_MS);
    expect(withChanges(opened, states, again)).toEqual(opened);
    const recoveredAt = AT + 2 * PROBE_INTERVAL_MS;
    expect(withChanges(opened, again, markOk(again, probe, recoveredAt))).toEqual([
      { account: NAME, state: "ok", code: null, at: recoveredAt },
      { account: NAME, state: "refused", code: "ERROR_ZERO_BALANCE", at: AT },
    ]);
  });

  it("keeps the last 20 changes", () => {
    const older = Array.from({ length: 20 }, (_, index) => ({
      account: NAME,
      state: "ok" as const,
      code: null,
      at: index,
    }));
    const history = withChanges(older, NO_STATES, refused);
    expect(history).toHaveLength(20);
    expect([history[0]?.at, history.at(-1)?.at]).toEqual([AT, 18]);
  });
});
