// The rules of retries, as pure functions.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { failureKindOf, pauseAfter } from "../../src/client/retry.ts";

const MINUTE = 60_000;
const circumstances = (overrides: object = {}) => ({ attempt: 0, remainingMs: MINUTE, random: 0.5, ...overrides });

describe("failureKindOf", () => {
  it.each([
    ["a rate limit was not executed", 429, "rate_limited", null, "rejected"],
    ["an exhausted quota was not executed", 429, "quota_exceeded", 86_400_000, "rejected"],
    ["500 may have been executed", 500, "internal", null, "uncertain"],
    ["a proxy's 502 may have been executed", 502, null, null, "uncertain"],
    ["503 with Retry-After may have been executed", 503, null, 1_000, "uncertain"],
    ["a proxy's 408 may have been executed", 408, null, null, "uncertain"],
    ["a missing upstream key is final", 503, "upstream_not_configured", null, "final"],
    ["a bad configuration is final", 500, "configuration", null, "final"],
    ["a missing upstream key with Retry-After is retried", 503, "upstream_not_configured", 1_000, "uncertain"],
    ["401 is final", 401, "unauthenticated", null, "final"],
    ["409 is final", 409, "task_finished", null, "final"],
    ["a 2xx that is not a gateway's may have been executed", 200, null, null, "uncertain"],
  ] as const)("%s", (_rule, status, code, retryAfterMs, kind) => {
    expect(failureKindOf(status, code, retryAfterMs)).toBe(kind);
  });
});

describe("pauseAfter", () => {
  it("grows from 250 ms to 5 s", () => {
    const pauses = [0, 1, 2, 3, 4, 5, 6, 60].map((attempt) =>
      pauseAfter({ kind: "uncertain", retryAfterMs: null }, true, circumstances({ attempt, random: 1 })),
    );
    expect(pauses).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000]);
  });

  it("is Retry-After or up to 10 % longer, and never shorter", () => {
    fc.assert(
      fc.property(fc.nat(50_000), fc.double({ min: 0, max: 1, noNaN: true }), (retryAfterMs, random) => {
        const ms = pauseAfter({ kind: "rejected", retryAfterMs }, false, circumstances({ random }));
        expect(ms).toBeGreaterThanOrEqual(Math.max(retryAfterMs, 100));
        expect(ms).toBeLessThanOrEqual(Math.max(retryAfterMs * 1.1, 250));
      }),
    );
  });

  it("grows even if Retry-After is 0", () => {
    const pauses = [0, 1, 2, 3, 4, 5, 60].map((attempt) =>
      pauseAfter({ kind: "rejected", retryAfterMs: 0 }, true, circumstances({ attempt, random: 1 })),
    );
    expect(pauses).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
  });

  it("leaves at least 1 s for the next attempt", () => {
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

  it("is shortened near the deadline, but not below Retry-After", () => {
    const given = circumstances({ remainingMs: 11_600, random: 1 });
    expect(pauseAfter({ kind: "rejected", retryAfterMs: 10_000 }, true, given)).toBe(10_100);
    expect(pauseAfter({ kind: "rejected", retryAfterMs: 10_200 }, true, given)).toBeNull();
  });

  it("is null if Retry-After is beyond the deadline", () => {
    expect(pauseAfter({ kind: "rejected", retryAfterMs: MINUTE }, true, circumstances())).toBeNull();
  });

  it.each([
    ["a final failure", "final", true],
    ["an uncertain failure of a call that is not idempotent", "uncertain", false],
  ] as const)("is null for %s", (_what, kind, idempotent) => {
    expect(pauseAfter({ kind, retryAfterMs: 1_000 }, idempotent, circumstances())).toBeNull();
  });

  it("is not null for a rejected call that is not idempotent", () => {
    expect(pauseAfter({ kind: "rejected", retryAfterMs: 1_000 }, false, circumstances())).toBe(1_050);
  });
});
