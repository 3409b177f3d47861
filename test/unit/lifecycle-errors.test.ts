// The lifecycle after interruptions: an exception, a lost alarm, a cancellation during a request.

import { describe, expect, it } from "vitest";
import { followEndpoint } from "../../src/tasks/completion.ts";
import type { TaskEvent } from "../../src/tasks/events.ts";
import { presentTimeline } from "../../src/tasks/present.ts";
import { recover } from "../../src/tasks/recover.ts";
import { nextWakeAt } from "../../src/tasks/timers.ts";
import {
  AT,
  aDelivery,
  admitted,
  applied,
  at,
  CREATED,
  failedRecord,
  INTERVAL_MS,
  polled,
  processing,
  RETENTION_MS,
  readyRecord,
  SETTLED,
  STORED_SOLUTION,
  submitted,
  submitting,
  UNKNOWN_OUTCOME,
} from "../support/records.ts";

const stepFailed = (limit = 10): TaskEvent => ({ tag: "step_failed", limit });

describe("an unexpected exception", () => {
  it("postpones the next step by 1, 2 s, and fails the task with internal at the limit", () => {
    const once = applied(admitted(), [100, stepFailed(3)]);
    expect(once).toMatchObject({ status: "queued", strikes: 1, stepAt: at(1_100) });
    const twice = applied(once, [1_100, stepFailed(3)]);
    expect(twice).toMatchObject({ status: "queued", strikes: 2, stepAt: at(3_100) });
    const thrice = applied(twice, [3_100, stepFailed(3)]);
    expect(thrice).toMatchObject({ status: "failed", strikes: 0, error: { code: "internal" } });
  });

  it("does not advance a later step", () => {
    expect(applied(processing({ stepAt: at(30_000) }), [4_000, stepFailed(3)]).stepAt).toBe(at(30_000));
  });

  it("is counted only if it is consecutive: a successful step resets the count", () => {
    const reset = applied(admitted({ strikes: 2 }), [100, { tag: "step_succeeded" }]);
    expect(reset.strikes).toBe(0);
    expect(applied(reset, [100, { tag: "step_succeeded" }])).toBe(reset);
    expect(applied(reset, [100, stepFailed(3)])).toMatchObject({ status: "queued", strikes: 1 });
  });

  it("postpones the outcome report of a final task, and does not change the outcome", () => {
    const record = applied(readyRecord({ strikes: 9 }), [10_000, stepFailed(3)]);
    const pauseMs = 60_000 * 2 ** 5;
    expect(record).toMatchObject({ status: "ready", strikes: 10, settleAt: at(10_000 + pauseMs) });
    expect(record.solution).toEqual(STORED_SOLUTION);
  });

  it("postpones the webhook after the outcome report, and uses no attempt", () => {
    const settled = readyRecord({ ...SETTLED, delivery: aDelivery({ nextAttemptAt: at(10_000) }) });
    const record = applied(settled, [10_000, stepFailed(3)]);
    expect(record).toMatchObject({ settled: true, settleAt: null });
    expect(record.delivery).toMatchObject({ state: "pending", attempts: 0, postponedUntil: at(11_000) });
  });

  it("leaves the outcome of createTask unknown", () => {
    expect(applied(submitting(), [100, stepFailed()])).toMatchObject({
      intentAt: null,
      submissions: 1,
      hiddenSubmissions: 1,
      stepAt: at(5_100),
    });
  });

  it("does not move the next poll within the poll interval", () => {
    expect(applied(processing(), [3_200, stepFailed()]).stepAt).toBeGreaterThanOrEqual(at(3_200 + INTERVAL_MS));
  });

  it("postpones a purge", () => {
    const now = 10_000 + RETENTION_MS;
    const record = applied(failedRecord(SETTLED), [now, stepFailed()]);
    expect(nextWakeAt(record, at(now))).toBeGreaterThanOrEqual(at(now + 1_000));
  });

  it("does not keep a solution past its expiry", () => {
    const record = applied(
      readyRecord(SETTLED),
      [20_000, stepFailed()],
      [20_001, stepFailed()],
      [20_002, stepFailed()],
    );
    expect(nextWakeAt(record, at(20_002))).toBeLessThanOrEqual(record.solutionExpiresAt ?? 0);
  });
});

describe("the operator's account", () => {
  it("is not named in the timeline", () => {
    const account = { tag: "account", code: "ERROR_ZERO_BALANCE" } as const;
    const create = applied(submitting(), [100, submitted(account, AT)]);
    const poll = applied(processing(), [3_200, polled(account, at(3_100))]);
    for (const record of [create, poll]) {
      expect(JSON.stringify(presentTimeline(record))).not.toMatch(/account|BALANCE/);
    }
  });
});

describe("a lost alarm", () => {
  it("is distinguished from an alarm that was set after a poll, in later recoveries", () => {
    const polledAt = applied(processing(), [6_200, polled({ tag: "processing" }, at(6_100))]);
    const rearmed = applied(polledAt, [60_000, { tag: "rearmed" }]);
    const wakeAt = nextWakeAt(rearmed, at(60_000));
    expect(recover(rearmed, wakeAt, at(61_000), 10_000).unsolvedAt).toBe(at(6_100));
  });

  it("makes a task poll one interval later, because a poll may have been sent", () => {
    expect(recover(processing(), null, at(60_000), 10_000).stepAt).toBe(at(63_000));
  });
});

describe("the outcome of a submission", () => {
  it.each([CREATED, UNKNOWN_OUTCOME])("is ignored once the task is processing", (outcome) => {
    const record = processing();
    expect(applied(record, [5_000, submitted(outcome, at(4_000))])).toBe(record);
    expect(applied(record, [1, { tag: "submitting" }])).toBe(record);
  });

  it.each([CREATED, UNKNOWN_OUTCOME])("is counted after a cancellation", (outcome) => {
    const record = applied(submitting(), [10, { tag: "cancel" }], [20, submitted(outcome, AT)]);
    expect(record).toMatchObject({ status: "canceled", submissions: 1, intentAt: null, solution: null });
  });

  it("is counted once if it is lost after a cancellation", () => {
    const interrupted = { tag: "interrupted" } as const;
    const record = applied(submitting(), [10, { tag: "cancel" }], [20, interrupted], [30, interrupted]);
    expect(record).toMatchObject({ status: "canceled", submissions: 1 });
  });
});

describe("a delivered webhook", () => {
  it("stays delivered when the endpoint is deleted", () => {
    const delivery = aDelivery({ source: "tenant", state: "delivered", nextAttemptAt: null });
    expect(followEndpoint(readyRecord({ ...SETTLED, delivery }), null).delivery?.state).toBe("delivered");
  });
});
