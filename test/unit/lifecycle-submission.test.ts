// The lifecycle of a task from its first createTask to the answer: intents, unknown outcomes, rejections, holds.

import { describe, expect, it } from "vitest";
import { isVolatile } from "../../src/tasks/durability.ts";
import type { TaskEvent } from "../../src/tasks/events.ts";
import type { TaskRecord } from "../../src/tasks/record.ts";
import type { CreateOutcome } from "../../src/upstream/protocol.ts";
import {
  AT,
  admission,
  admitted,
  applied,
  aRecord,
  at,
  CREATED,
  held,
  processing,
  SOLUTION,
  STORED_SOLUTION,
  submitted,
  submitting,
  UNKNOWN_OUTCOME,
} from "../support/records.ts";

const last = (record: TaskRecord) => record.events.at(-1);

describe("submission", () => {
  it("stores an intent for a task that was held or waited", () => {
    const record = applied(admitted(), [50, { tag: "submitting" }]);
    expect(record).toMatchObject({ status: "queued", intentAt: at(50), sending: true });
    expect(isVolatile(admitted(), { tag: "submitting" })).toBe(false);
  });

  it("uses the intent of the accepted record, without a write, for a task that is admitted at once", () => {
    const accepted = applied(aRecord(), [10, admission({ tag: "admitted" })]);
    expect(isVolatile(aRecord(), admission({ tag: "admitted" }))).toBe(true);
    expect(isVolatile(accepted, { tag: "submitting" })).toBe(true);
    expect(applied(accepted, [20, { tag: "submitting" }])).toMatchObject({ intentAt: AT, sending: true });
  });

  it.each<[string, TaskEvent]>([
    ["has to wait for a slot", admission({ tag: "waiting" })],
    ["cannot reach its tenant's object", admission({ tag: "unavailable" })],
    ["is rejected", admission({ tag: "rejected", code: "quota_exceeded" })],
    ["is held", { tag: "held", reason: "upstream_unavailable", until: at(60_000) }],
    ["is canceled", { tag: "cancel" }],
    ["fails in a step", { tag: "step_failed", limit: 10 }],
  ])("removes the intent of a task that %s before it is sent", (_name, event) => {
    const record = applied(aRecord(), [10, event]);
    expect(record).toMatchObject({ intentAt: null, submissions: 0 });
    expect(isVolatile(aRecord(), event)).toBe(false);
  });

  it("is repeated 5 s later if the object of an accepted task was lost, because it may have been sent", () => {
    const record = applied(aRecord(), [2_000, { tag: "interrupted" }]);
    expect(record).toMatchObject({ intentAt: null, submissions: 1, hiddenSubmissions: 1, stepAt: at(7_000) });
  });

  it("makes a created task processing, counts once, and schedules the first poll 3 s after the answer", () => {
    const record = applied(submitting({ faults: 2, lastExchangeFailed: true }), [400, submitted(CREATED, at(100))]);
    expect(record).toMatchObject({
      status: "processing",
      intentAt: null,
      submissions: 1,
      hiddenSubmissions: 0,
      upstreamTaskId: '"upstream-1"',
      submittedAt: at(400),
      unsolvedAt: at(100),
      stepAt: at(3_400),
      faults: 0,
      lastExchangeFailed: false,
    });
    expect(last(record)).toStrictEqual({ at: at(400), type: "submitted", durationMs: 300 });
  });

  it("schedules the first poll 3 s after the answer with any poll interval", () => {
    for (const pollIntervalMs of [1_000, 60_000]) {
      expect(applied(submitting({ pollIntervalMs }), [400, submitted(CREATED, AT)]).stepAt).toBe(at(3_400));
    }
  });

  it("finishes a task that is ready at once, with a lifetime counted from the time at which the request was sent", () => {
    const outcome: CreateOutcome = { tag: "ready", taskId: null, solution: SOLUTION };
    const record = applied(submitting(), [400, submitted(outcome, at(100))]);
    expect(record).toMatchObject({
      status: "ready",
      submissions: 1,
      polls: 0,
      upstreamTaskId: null,
      submittedAt: at(400),
      finishedAt: at(400),
      solution: STORED_SOLUTION,
      solutionState: "available",
      solutionExpiresAt: at(120_100),
      solutionBestBefore: at(60_100),
      settleAt: at(400),
    });
    expect(record.events.map(({ type }) => type)).toEqual(["accepted", "submitted", "ready"]);
  });

  it("counts an unknown outcome, and sends the task again 5 s later", () => {
    const record = applied(submitting(), [10_000, submitted(UNKNOWN_OUTCOME, AT)]);
    expect(record).toMatchObject({
      status: "queued",
      stage: "submission",
      intentAt: null,
      submissions: 1,
      hiddenSubmissions: 1,
      stepAt: at(15_000),
    });
    expect(last(record)).toMatchObject({ type: "submission_hidden", durationMs: 10_000, detail: "timeout" });
  });

  it("fails the task after a second unknown outcome, with both submissions counted", () => {
    const record = applied(
      submitting(),
      [100, submitted(UNKNOWN_OUTCOME, AT)],
      [5_100, { tag: "submitting" }],
      [5_200, submitted(UNKNOWN_OUTCOME, at(5_100))],
    );
    expect(record).toMatchObject({ status: "failed", submissions: 2, error: { code: "upstream_unavailable" } });
  });

  it.each([
    ["waits for a slot", aRecord({ stage: "waiting", intentAt: null })],
    ["was not sent yet", admitted()],
    ["has its answer", processing()],
  ])("ignores an interruption of a task that %s", (_name, record) => {
    expect(applied(record, [2_000, { tag: "interrupted" }])).toBe(record);
  });

  it("counts two submissions of a task that is created after one unknown outcome", () => {
    const unknown = applied(submitting(), [100, submitted(UNKNOWN_OUTCOME, AT)]);
    const record = applied(unknown, [5_100, { tag: "submitting" }], [5_200, submitted(CREATED, at(5_100))]);
    expect(record).toMatchObject({ status: "processing", submissions: 2, unsolvedAt: at(5_100) });
  });

  it.each([
    ["rejected", "ERROR_INVALID_TASK_DATA", "upstream_rejected", 0],
    ["rejected", "ERROR_UNHEARD_OF", "upstream_rejected", 0],
    // The upstream has tried to solve it, and may have charged for it.
    ["unsolvable", "ERROR_CAPTCHA_UNSOLVABLE", "unsolvable", 1],
  ] as const)(
    "fails a task that is %s with %s as %s, with the upstream's code",
    (kind, code, expected, submissions) => {
      const outcome: CreateOutcome = { tag: "failed", kind, code, description: "in its own words" };
      const record = applied(submitting(), [100, submitted(outcome, AT)]);
      expect(record).toMatchObject({ status: "failed", error: { code: expected, upstreamCode: code }, submissions });
      expect(record.submittedAt).toBe(submissions === 0 ? null : at(100));
      expect(record.error?.message).toContain("in its own words");
    },
  );

  it("fails a task without a code if the upstream sent none", () => {
    const outcome: CreateOutcome = { tag: "failed", kind: "rejected", code: "", description: "" };
    expect(applied(submitting(), [100, submitted(outcome, AT)]).error).not.toHaveProperty("upstreamCode");
  });

  it("is not counted if the account is refused, and another account is requested at once", () => {
    const outcome: CreateOutcome = { tag: "account", code: "ERROR_ZERO_BALANCE" };
    const record = applied(submitting(), [100, submitted(outcome, at(50), "first")]);
    expect(record).toMatchObject({ status: "queued", intentAt: null, submissions: 0, faults: 0, stepAt: at(100) });
    expect(record.accountRetryAt).toEqual({ first: at(3_100) });
    expect(last(record)).toMatchObject({ type: "submission_refused", detail: "upstream_unavailable", durationMs: 50 });
  });

  it.each<[string, CreateOutcome]>([
    ["a transient error", { tag: "transient", reason: "ERROR_NO_SLOT_AVAILABLE", retryAfterMs: null }],
    ["an account code of the sandbox, which has one account", { tag: "account", code: "ERROR_ZERO_BALANCE" }],
  ])("is retried after 3, 6, 12, 15, 15 s, and not counted, after %s", (_name, outcome) => {
    let record = admitted();
    for (const pauseMs of [3_000, 6_000, 12_000, 15_000, 15_000]) {
      record = applied(record, [50, { tag: "submitting" }], [100, submitted(outcome, at(50))]);
      expect(record).toMatchObject({ status: "queued", intentAt: null, submissions: 0, stepAt: at(100 + pauseMs) });
      expect(last(record)).toMatchObject({ type: "submission_refused", durationMs: 50 });
    }
  });

  it("is retried after Retry-After if that is longer than the pause", () => {
    const outcome: CreateOutcome = { tag: "transient", reason: "http_429", retryAfterMs: 40_000 };
    expect(applied(submitting(), [100, submitted(outcome, AT)]).stepAt).toBe(at(40_100));
  });

  it("waits until the given time if it is held, asks for admission again, and is not counted", () => {
    const record = applied(admitted(), [50, held(15_050)]);
    expect(record).toMatchObject({ status: "queued", stage: "admission", submissions: 0, stepAt: at(15_050) });
    expect(last(record)).toStrictEqual({ at: at(50), type: "held", detail: "upstream_unavailable" });
  });
});
