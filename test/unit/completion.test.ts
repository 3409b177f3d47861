// What follows a final status: the outcome report, the delivery cycles of the webhook, and the end of the solution.

import { describe, expect, it } from "vitest";
import {
  followEndpoint,
  markReported,
  postponeAttempt,
  postponeAttemptUntil,
  postponeReport,
  recordAttempt,
  restartDelivery,
} from "../../src/tasks/completion.ts";
import type { TaskRecord } from "../../src/tasks/record.ts";
import { claimSolution, expireSolution } from "../../src/tasks/solution.ts";
import type { Delivery } from "../../src/webhooks/delivery.ts";
import type { DeliveryOutcome } from "../../src/webhooks/outcome.ts";
import {
  aDelivery,
  anAttempt,
  aRecord,
  at,
  attemptFailed,
  canceledRecord,
  DELIVERED,
  ENDPOINT,
  failedRecord,
  GONE,
  HOOK,
  processing,
  readyRecord,
  SETTLED,
} from "../support/records.ts";

const delivering = (overrides: Partial<Delivery> = {}, record: Partial<TaskRecord> = {}): TaskRecord =>
  readyRecord({ ...SETTLED, delivery: aDelivery(overrides), ...record });

/** An attempt that left at `sentMs` and was answered 40 ms later. */
const attempt = (record: TaskRecord, outcome: DeliveryOutcome, sentMs: number, jitter = 0): TaskRecord =>
  recordAttempt(record, { sentAt: at(sentMs), outcome, jitter }, at(sentMs + 40));

describe("the outcome report", () => {
  it("is recorded once, and gives a task without a URL the tenant's endpoint, due since it was final", () => {
    const reported = markReported(readyRecord(), ENDPOINT, at(15_000));
    expect(reported).toMatchObject({ settled: true, settleAt: null });
    expect(reported.delivery).toStrictEqual({
      url: ENDPOINT,
      source: "tenant",
      state: "pending",
      attempts: 0,
      roundAttempts: 0,
      roundAt: at(10_000),
      lastStatus: null,
      nextAttemptAt: at(10_000),
      log: [],
    });
    expect(markReported(reported, null, at(16_000))).toBe(reported);
  });

  it("does not change a task's own URL", () => {
    expect(markReported(readyRecord({ delivery: aDelivery() }), ENDPOINT, at(15_000)).delivery?.url).toBe(HOOK);
  });

  it("creates no delivery if neither the task nor the tenant has a URL", () => {
    expect(markReported(failedRecord(), null, at(15_000))).toMatchObject({ settled: true, delivery: null });
  });

  it.each([aRecord(), processing()])("ignores a task that is $status", (record) => {
    expect(markReported(record, ENDPOINT, at(15_000))).toBe(record);
  });

  it("is repeated after pauses that double from 1 s to 10 min if it fails", () => {
    let record = readyRecord();
    const pauses: number[] = [];
    for (let now = at(10_000); pauses.length < 13; now = record.settleAt ?? 0) {
      record = postponeReport(record, now);
      pauses.push((record.settleAt ?? 0) - now);
    }
    expect(pauses.map((ms) => ms / 1_000)).toEqual([1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
    expect(record.settled).toBe(false);
  });
});

describe("a webhook attempt", () => {
  it("ends the delivery cycle if it succeeds", () => {
    const record = attempt(delivering(), DELIVERED, 10_005);
    expect(record.delivery).toMatchObject({ state: "delivered", attempts: 1, lastStatus: 204, nextAttemptAt: null });
    expect(record.delivery?.log).toStrictEqual([{ at: at(10_005), status: 204, durationMs: 40, error: null }]);
  });

  it("is followed by the next slot of the schedule if it fails", () => {
    let record = delivering();
    for (const [index, seconds] of [2, 5, 10, 20, 40, 70, 300, 1_800, 7_200, 21_600, 43_200].entries()) {
      record = attempt(record, attemptFailed(503), (record.delivery?.nextAttemptAt ?? 0) - at(0));
      expect(record.delivery).toMatchObject({
        state: "pending",
        attempts: index + 1,
        lastStatus: 503,
        nextAttemptAt: at(10_000 + seconds * 1_000),
      });
    }
    record = attempt(record, attemptFailed(503), 43_210_000);
    expect(record.delivery).toMatchObject({ state: "exhausted", attempts: 12, nextAttemptAt: null });
  });

  it("is recorded without a status and with its error if there is no answer", () => {
    const record = attempt(delivering({ lastStatus: 503 }), attemptFailed(null), 10_000);
    expect(record.delivery).toMatchObject({ lastStatus: null, log: [{ status: null, error: "network" }] });
  });

  it("applies its jitter to the next attempt", () => {
    expect(attempt(delivering(), attemptFailed(), 10_000, 1).delivery?.nextAttemptAt).toBe(at(12_200));
    expect(attempt(delivering(), attemptFailed(), 10_000, -1).delivery?.nextAttemptAt).toBe(at(12_000));
  });

  it.each([
    ["60 s while the solution is available", delivering(), 80_000],
    ["1 h once it was claimed", delivering({}, { solution: null, solutionState: "claimed" }), 7_210_000],
    ["1 h once it has expired", delivering({}, { solution: null, solutionState: "expired" }), 7_210_000],
    ["1 h for a failed task", failedRecord({ ...SETTLED, delivery: aDelivery() }), 7_210_000],
  ])("is followed by the next slot after Retry-After, which counts for at most %s", (_name, record, nextMs) => {
    const next = attempt(record, attemptFailed(429, 86_400_000), 10_000);
    expect(next.delivery?.nextAttemptAt).toBe(at(nextMs));
  });

  it("ends the attempts if it is answered with 410", () => {
    const record = attempt(delivering(), GONE, 10_000);
    expect(record.delivery).toMatchObject({ state: "exhausted", attempts: 1, lastStatus: 410, nextAttemptAt: null });
  });

  it("is kept among the last 20", () => {
    const log = Array.from({ length: 20 }, (_value, index) => anAttempt({ at: at(index) }));
    const kept = attempt(delivering({ log, attempts: 20 }), attemptFailed(), 10_000).delivery;
    expect(kept?.attempts).toBe(21);
    expect(kept?.log.map((entry) => entry.at)).toEqual([...log.slice(1).map((entry) => entry.at), at(10_000)]);
  });

  it.each<[string, DeliveryOutcome]>([
    ["was delivered", DELIVERED],
    ["failed", attemptFailed(500)],
    ["was answered with 410", GONE],
  ])("is kept and does not end the new delivery cycle if it was sent before a redelivery and %s", (_name, outcome) => {
    const restarted = restartDelivery(delivering(), ENDPOINT, at(12_000));
    const record = attempt(restarted, outcome, 11_990);
    expect(record.delivery).toMatchObject({
      state: "pending",
      roundAttempts: 0,
      attempts: 1,
      nextAttemptAt: at(12_000),
    });
    expect(record.delivery?.log).toHaveLength(1);
  });

  it.each(["delivered", "exhausted"] as const)("is only recorded if the delivery cycle was %s meanwhile", (state) => {
    const record = attempt(delivering({ state, attempts: 1, nextAttemptAt: null }), attemptFailed(), 13_000);
    expect(record.delivery).toMatchObject({ state, attempts: 2, nextAttemptAt: null });
  });

  it("changes nothing of a task without a webhook", () => {
    const record = readyRecord(SETTLED);
    expect(attempt(record, DELIVERED, 10_000)).toBe(record);
  });

  it("does not change the outcome", () => {
    const { status, solution, finishedAt } = delivering();
    expect(attempt(delivering(), DELIVERED, 10_005)).toMatchObject({ status, solution, finishedAt });
  });

  it("is postponed by pauses that double, and not counted, if it cannot be made", () => {
    let record = delivering();
    const postponed: number[] = [];
    for (let now = at(10_000); postponed.length < 5; now = record.delivery?.postponedUntil ?? 0) {
      record = postponeAttempt(record, now);
      postponed.push((record.delivery?.postponedUntil ?? 0) - at(10_000));
    }
    expect(postponed).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
    expect(record.delivery).toMatchObject({ state: "pending", attempts: 0, nextAttemptAt: at(10_000) });
    const attempted = attempt(record, attemptFailed(), 26_000);
    expect(attempted.delivery).not.toHaveProperty("postponedUntil");
    expect(attempted.delivery?.nextAttemptAt).toBe(at(50_000));
  });

  it("is not postponed if it is due later", () => {
    const record = delivering({ nextAttemptAt: at(900_000) });
    expect(postponeAttemptUntil(record, at(10_000))).toBe(record);
  });

  it("is replaced by a redelivery if it was postponed", () => {
    const { delivery } = restartDelivery(delivering({ postponedUntil: at(99_000) }), ENDPOINT, at(12_000));
    expect(delivery).toMatchObject({ nextAttemptAt: at(12_000) });
    expect(delivery).not.toHaveProperty("postponedUntil");
  });

  it.each([readyRecord(SETTLED), delivering({ state: "delivered", nextAttemptAt: null })])(
    "cannot be postponed if none is due",
    (record) => {
      expect(postponeAttempt(record, at(10_000))).toBe(record);
    },
  );
});

describe("a redelivery", () => {
  it.each(["pending", "delivered", "exhausted"] as const)(
    "starts a new delivery cycle after one that is %s",
    (state) => {
      const log = [anAttempt()];
      const before = delivering({ state, attempts: 5, roundAttempts: 5, lastStatus: 503, nextAttemptAt: null, log });
      expect(restartDelivery(before, null, at(50_000)).delivery).toStrictEqual({
        url: HOOK,
        source: "task",
        state: "pending",
        attempts: 5,
        roundAttempts: 0,
        roundAt: at(50_000),
        lastStatus: 503,
        nextAttemptAt: at(50_000),
        log,
      });
    },
  );

  it("has a schedule that begins with the request", () => {
    const restarted = restartDelivery(delivering({ roundAttempts: 12, state: "exhausted" }), null, at(50_000));
    expect(attempt(restarted, attemptFailed(), 50_000).delivery?.nextAttemptAt).toBe(at(52_000));
  });

  it("goes to the task's own URL, whatever the tenant's endpoint is", () => {
    expect(restartDelivery(delivering(), ENDPOINT, at(50_000)).delivery?.url).toBe(HOOK);
  });

  it("follows the tenant's endpoint, where that was the target", () => {
    const before = delivering({ url: "https://tenant.example/old", source: "tenant" });
    expect(restartDelivery(before, ENDPOINT, at(50_000)).delivery?.url).toBe(ENDPOINT);
  });

  it("goes to an endpoint that the tenant has set since the outcome report", () => {
    const { delivery } = restartDelivery(canceledRecord(SETTLED), ENDPOINT, at(50_000));
    expect(delivery).toMatchObject({ url: ENDPOINT, source: "tenant", state: "pending", nextAttemptAt: at(50_000) });
  });

  it.each([canceledRecord(SETTLED), delivering({ source: "tenant", state: "exhausted", nextAttemptAt: null })])(
    "is rejected for a $status task that has no target",
    (record) => {
      expect(restartDelivery(record, null, at(50_000))).toBe(record);
    },
  );

  it.each([aRecord(), processing({ delivery: aDelivery({ roundAt: null, nextAttemptAt: null }) })])(
    "ignores a task that is $status",
    (record) => {
      expect(restartDelivery(record, ENDPOINT, at(50_000))).toBe(record);
    },
  );
});

describe("a tenant's endpoint that is changed between two attempts", () => {
  const toTenant = delivering({ source: "tenant", url: "https://tenant.example/old", attempts: 3, roundAttempts: 3 });

  it("gets the next attempt, by the same schedule", () => {
    const { delivery } = followEndpoint(toTenant, ENDPOINT);
    expect(delivery).toStrictEqual({ ...toTenant.delivery, url: ENDPOINT });
  });

  it("ends the attempts where it is deleted", () => {
    expect(followEndpoint(toTenant, null).delivery).toMatchObject({
      state: "exhausted",
      attempts: 3,
      nextAttemptAt: null,
    });
  });

  it.each([
    ["a task with its own URL", delivering(), null],
    ["the same endpoint", toTenant, "https://tenant.example/old"],
    ["a task without a webhook", readyRecord(SETTLED), ENDPOINT],
  ])("changes nothing: %s", (_name, record, endpoint) => {
    expect(followEndpoint(record, endpoint)).toBe(record);
  });
});

describe("the solution's end", () => {
  it("is its expiry or its claim, whichever comes first", () => {
    const expired = expireSolution(readyRecord(), at(125_000));
    expect(expired).toMatchObject({ solution: null, solutionState: "expired" });
    expect(claimSolution(expired, at(125_001))).toBe(expired);
    const claimed = claimSolution(readyRecord(), at(124_999));
    expect(claimed).toMatchObject({ solution: null, solutionState: "claimed" });
    expect(expireSolution(claimed, at(125_000))).toBe(claimed);
  });

  it("keeps the times of the erased solution", () => {
    for (const record of [expireSolution(readyRecord(), at(125_000)), claimSolution(readyRecord(), at(20_000))]) {
      expect(record).toMatchObject({ solutionExpiresAt: at(125_000), solutionBestBefore: at(65_000) });
    }
  });
});
