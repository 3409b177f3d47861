// When the client asks again: the rules, as pure functions.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { failureKindOf, parseRetryAfter, pauseAfter } from "../../src/client/retry.ts";

const MINUTE = 60_000;
const facts = (overrides: object = {}) => ({ attempt: 0, remainingMs: MINUTE, random: 0.5, ...overrides });

describe("a fault", () => {
  it.each([
    ["429 did nothing", 429, "rate_limited", null, "rejected"],
    ["a month's quota did nothing either", 429, "quota_exceeded", 86_400_000, "rejected"],
    ["500 may have done it", 500, "internal", null, "uncertain"],
    ["a proxy's 502 may have done it", 502, null, null, "uncertain"],
    ["503 with Retry-After may have done it", 503, null, 1_000, "uncertain"],
    ["a proxy's 408 may have done it", 408, null, null, "uncertain"],
    ["an operator's omission stays", 503, "upstream_not_configured", null, "final"],
    ["a bad configuration stays", 500, "configuration", null, "final"],
    ["an omission that names a time is asked again", 503, "upstream_not_configured", 1_000, "uncertain"],
    ["401 stays", 401, "unauthenticated", null, "final"],
    ["409 stays", 409, "task_finished", null, "final"],
    ["a 2xx that is not a gateway's may have done it", 200, null, null, "uncertain"],
  ] as const)("%s", (_rule, status, code, retryAfterMs, kind) => {
    expect(failureKindOf(status, code, retryAfterMs)).toBe(kind);
  });
});

describe("the pause before the next attempt", () => {
  it("grows from a quarter of a second to five", () => {
    const pauses = [0, 1, 2, 3, 4, 5, 6, 60].map((attempt) =>
      pauseAfter({ kind: "uncertain", retryAfterMs: null }, true, facts({ attempt, random: 1 })),
    );
    expect(pauses).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000]);
  });

  it("is Retry-After where there is one, and never shorter", () => {
    fc.assert(
      fc.property(fc.nat(50_000), fc.double({ min: 0, max: 1, noNaN: true }), (retryAfterMs, random) => {
        const ms = pauseAfter({ kind: "rejected", retryAfterMs }, false, facts({ random }));
        expect(ms).toBeGreaterThanOrEqual(Math.max(retryAfterMs, 100));
        expect(ms).toBeLessThanOrEqual(Math.max(retryAfterMs * 1.1, 250));
      }),
    );
  });

  it("grows where Retry-After is 0 or past", () => {
    const pauses = [0, 1, 2, 3, 4, 5, 60].map((attempt) =>
      pauseAfter({ kind: "rejected", retryAfterMs: 0 }, true, facts({ attempt, random: 1 })),
    );
    expect(pauses).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
  });

  it("leaves one more attempt its time, whoever chose it", () => {
    const any = fc.record({
      attempt: fc.nat(40),
      remainingMs: fc.integer({ min: -10, max: MINUTE }),
      random: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(any, fc.option(fc.nat(2 * MINUTE)), (given, retryAfterMs) => {
        const ms = pauseAfter({ kind: "uncertain", retryAfterMs }, true, given);
        if (ms === null) return;
        expect(given.remainingMs - ms).toBeGreaterThanOrEqual(1_000);
        expect(ms).toBeGreaterThanOrEqual(100);
      }),
    );
  });

  it("is shortened to no less than Retry-After where time is short", () => {
    const given = facts({ remainingMs: 11_600, random: 1 });
    expect(pauseAfter({ kind: "rejected", retryAfterMs: 10_000 }, true, given)).toBe(10_100);
    expect(pauseAfter({ kind: "rejected", retryAfterMs: 10_200 }, true, given)).toBeNull();
  });

  it("is none where Retry-After lies behind the deadline", () => {
    expect(pauseAfter({ kind: "rejected", retryAfterMs: MINUTE }, true, facts())).toBeNull();
  });

  it.each([
    ["what was judged", "final", true],
    ["what may have been done and must not be done twice", "uncertain", false],
  ] as const)("is none for %s", (_what, kind, idempotent) => {
    expect(pauseAfter({ kind, retryAfterMs: 1_000 }, idempotent, facts())).toBeNull();
  });

  it("is there for what was turned away, though it must not be done twice", () => {
    expect(pauseAfter({ kind: "rejected", retryAfterMs: 1_000 }, false, facts())).toBe(1_050);
  });
});

describe("Retry-After", () => {
  const NOW = Date.UTC(2026, 10, 23, 9, 30);

  it.each([
    ["7", 7_000],
    [" 0 ", 0],
    ["Mon, 23 Nov 2026 09:30:10 GMT", 10_000],
    ["Mon, 23 Nov 2026 09:29:00 GMT", 0],
    ["1.5", null],
    ["-1", null],
    ["soon", null],
    ["9".repeat(400), 2 ** 31 * 1_000],
    ["Fri, 31 Dec 9999 23:59:59 GMT", 2 ** 31 * 1_000],
    ["", null],
    [null, null],
  ])("%s", (value, ms) => {
    expect(parseRetryAfter(value, NOW)).toBe(ms);
  });
});
