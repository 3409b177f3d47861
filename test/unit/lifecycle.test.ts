// A task up to createTask's answer and its deadline: admission, submission, holds, cancellation, failed steps. What follows
// createTask's answer is in lifecycle-polls.test.ts, and what holds for every sequence in lifecycle-properties.test.ts.

import { describe, expect, it } from "vitest";
import { isVolatile } from "../../src/tasks/durability.ts";
import type { AdmissionOutcome, TaskEvent } from "../../src/tasks/events.ts";
import type { TaskRecord } from "../../src/tasks/record.ts";
import type { CreateOutcome } from "../../src/upstream/protocol.ts";
import {
  AT,
  aDelivery,
  admitted,
  applied,
  aRecord,
  at,
  CREATED,
  canceledRecord,
  failedRecord,
  HIDDEN,
  processing,
  readyRecord,
  SOLUTION,
  STORED_SOLUTION,
  submitted,
  submitting,
} from "../support/records.ts";

const admission = (outcome: AdmissionOutcome): TaskEvent => ({ tag: "admission", outcome });
const held = (ms: number): TaskEvent => ({ tag: "held", reason: "upstream_unavailable", until: at(ms) });
const last = (record: TaskRecord) => record.events.at(-1);

describe("a fresh task", () => {
  it("is queued for admission at once, due by its deadline, with `accepted` as the timeline's first entry", () => {
    expect(aRecord()).toMatchObject({
      status: "queued",
      stage: "admission",
      stepAt: AT,
      createdAt: AT,
      deadlineAt: at(120_000),
      submissions: 0,
      polls: 0,
      solutionState: "none",
      settled: false,
      events: [{ at: AT, type: "accepted" }],
    });
  });
});

describe("admission", () => {
  it("an admitted task is to be submitted at once", () => {
    const record = applied(aRecord({ faults: 2 }), [40, admission({ tag: "admitted" })]);
    expect(record).toMatchObject({ status: "queued", stage: "submission", stepAt: at(40), faults: 0 });
    expect(last(record)).toStrictEqual({ at: at(40), type: "admitted", durationMs: 40 });
  });

  it("a task without a slot waits, asks again by itself every 30 s, and says so once", () => {
    const first = applied(aRecord(), [10, admission({ tag: "waiting" })]);
    expect(first).toMatchObject({ status: "queued", stage: "waiting", stepAt: at(30_010) });
    const second = applied(first, [30_010, admission({ tag: "waiting" })]);
    expect(second).toMatchObject({ stage: "waiting", stepAt: at(60_010) });
    expect(second.events.filter(({ type }) => type === "waiting")).toHaveLength(1);
  });

  it("a task that waits and is woken asks again at once", () => {
    expect(applied(aRecord({ stage: "waiting", stepAt: at(30_000) }), [700, { tag: "woken" }]).stepAt).toBe(at(700));
  });

  it.each([
    ["asks for admission", aRecord({ stepAt: at(5_000) })],
    ["is to be submitted", admitted({ stepAt: at(5_000) })],
    ["is processing", processing()],
    ["is canceled", canceledRecord()],
  ])("waking a task that %s changes nothing", (_name, record) => {
    expect(applied(record, [700, { tag: "woken" }])).toBe(record);
  });

  it.each(["quota_exceeded", "tenant_suspended"] as const)(
    "a rejection for %s fails the task with that code",
    (code) => {
      const record = applied(aRecord(), [10, admission({ tag: "rejected", code })]);
      expect(record).toMatchObject({ status: "failed", finishedAt: at(10), error: { code }, settleAt: at(10) });
    },
  );

  it("the task of a deleted tenant is canceled", () => {
    expect(applied(aRecord(), [10, admission({ tag: "gone" })])).toMatchObject({ status: "canceled", error: null });
  });

  it("a tenant that does not answer is asked again after 1, 2, 5, 15, 60, 60 s", () => {
    let record = aRecord();
    for (const pauseMs of [1_000, 2_000, 5_000, 15_000, 60_000, 60_000]) {
      record = applied(record, [20, admission({ tag: "unavailable" })]);
      expect(record).toMatchObject({ status: "queued", stage: "admission", stepAt: at(20 + pauseMs) });
    }
  });

  it.each([
    ["to be submitted", admitted()],
    ["processing", processing()],
    ["canceled", canceledRecord()],
  ])("an admission that comes late to a task %s changes nothing", (_name, record) => {
    for (const tag of ["admitted", "waiting", "gone", "unavailable"] as const) {
      expect(applied(record, [10, admission({ tag })])).toBe(record);
    }
  });
});

describe("submission", () => {
  it("of a task that was held or waited has an intent of its own", () => {
    const record = applied(admitted(), [50, { tag: "submitting" }]);
    expect(record).toMatchObject({ status: "queued", intentAt: at(50), sending: true });
    expect(isVolatile(admitted(), { tag: "submitting" })).toBe(false);
  });

  it("of a task that goes straight through uses the intent of the accepted record, without a write", () => {
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
  ])("of a task that %s before it is sent has no intent any more", (_name, event) => {
    const record = applied(aRecord(), [10, event]);
    expect(record).toMatchObject({ intentAt: null, submissions: 0 });
    expect(isVolatile(aRecord(), event)).toBe(false);
  });

  it("of an accepted task whose object was lost may have been sent, and is repeated 5 s later", () => {
    const record = applied(aRecord(), [2_000, { tag: "interrupted" }]);
    expect(record).toMatchObject({ intentAt: null, submissions: 1, hiddenSubmissions: 1, stepAt: at(7_000) });
  });

  it("a created task is processing, counted once, and polled for the first time 3 s after the answer", () => {
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

  it("the first poll is sent 3 s after the answer with any poll interval", () => {
    for (const pollIntervalMs of [1_000, 60_000]) {
      expect(applied(submitting({ pollIntervalMs }), [400, submitted(CREATED, AT)]).stepAt).toBe(at(3_400));
    }
  });

  it("a task that is ready at create is finished, its solution's life counted from when the request left", () => {
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

  it("an unknown outcome is counted, and the task is sent again 5 s later", () => {
    const record = applied(submitting(), [10_000, submitted(HIDDEN, AT)]);
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

  it("a second unknown outcome fails the task, with both submissions counted", () => {
    const record = applied(
      submitting(),
      [100, submitted(HIDDEN, AT)],
      [5_100, { tag: "submitting" }],
      [5_200, submitted(HIDDEN, at(5_100))],
    );
    expect(record).toMatchObject({ status: "failed", submissions: 2, error: { code: "upstream_unavailable" } });
  });

  it("a submission that a crash interrupted has an unknown outcome", () => {
    const once = applied(submitting(), [2_000, { tag: "interrupted" }]);
    expect(once).toMatchObject({ status: "queued", intentAt: null, submissions: 1, stepAt: at(7_000) });
    const twice = applied(once, [7_000, { tag: "submitting" }], [9_000, { tag: "interrupted" }]);
    expect(twice).toMatchObject({ status: "failed", submissions: 2, error: { code: "upstream_unavailable" } });
  });

  it.each([
    ["waits for a slot", aRecord({ stage: "waiting", intentAt: null })],
    ["was not sent yet", admitted()],
    ["has its answer", processing()],
  ])("an interruption of a task that %s changes nothing", (_name, record) => {
    expect(applied(record, [2_000, { tag: "interrupted" }])).toBe(record);
  });

  it("a task that is created after one unknown outcome has two submissions", () => {
    const hidden = applied(submitting(), [100, submitted(HIDDEN, AT)]);
    const record = applied(hidden, [5_100, { tag: "submitting" }], [5_200, submitted(CREATED, at(5_100))]);
    expect(record).toMatchObject({ status: "processing", submissions: 2, unsolvedAt: at(5_100) });
  });

  it.each([
    ["rejected", "ERROR_INVALID_TASK_DATA", "upstream_rejected"],
    ["rejected", "ERROR_UNHEARD_OF", "upstream_rejected"],
    ["unsolvable", "ERROR_CAPTCHA_UNSOLVABLE", "unsolvable"],
  ] as const)("a request that is %s with %s fails as %s and shows upstream's code", (kind, code, expected) => {
    const outcome: CreateOutcome = { tag: "failed", kind, code, description: "in its own words" };
    const record = applied(submitting(), [100, submitted(outcome, AT)]);
    expect(record).toMatchObject({ status: "failed", error: { code: expected, upstreamCode: code }, submissions: 0 });
    expect(record.error?.message).toContain("in its own words");
  });

  it("a failure without a code shows none", () => {
    const outcome: CreateOutcome = { tag: "failed", kind: "rejected", code: "", description: "" };
    expect(applied(submitting(), [100, submitted(outcome, AT)]).error).not.toHaveProperty("upstreamCode");
  });

  it("a rejected account is not counted as a submission, and another account is requested at once", () => {
    const outcome: CreateOutcome = { tag: "account", code: "ERROR_ZERO_BALANCE" };
    const record = applied(submitting(), [100, submitted(outcome, at(50))]);
    expect(record).toMatchObject({ status: "queued", intentAt: null, submissions: 0, faults: 0, stepAt: at(100) });
    expect(last(record)).toMatchObject({ type: "submission_refused", detail: "upstream_unavailable", durationMs: 50 });
  });

  it("a transient rejection is retried after 3, 6, 12, 15, 15 s and not counted as a submission", () => {
    const outcome: CreateOutcome = { tag: "transient", reason: "ERROR_NO_SLOT_AVAILABLE", retryAfterMs: null };
    let record = admitted();
    for (const pauseMs of [3_000, 6_000, 12_000, 15_000, 15_000]) {
      record = applied(record, [50, { tag: "submitting" }], [100, submitted(outcome, at(50))]);
      expect(record).toMatchObject({ status: "queued", intentAt: null, submissions: 0, stepAt: at(100 + pauseMs) });
      expect(last(record)).toMatchObject({ type: "submission_refused", durationMs: 50 });
    }
  });

  it.each([
    [1_000, 3_000],
    [3_001, 3_001],
    [40_000, 40_000],
  ])(
    "a rejection with Retry-After %i ms is retried after %i ms, because Retry-After is a lower bound",
    (retryAfterMs, pauseMs) => {
      const outcome: CreateOutcome = { tag: "transient", reason: "http_429", retryAfterMs };
      expect(applied(submitting(), [100, submitted(outcome, AT)]).stepAt).toBe(at(100 + pauseMs));
    },
  );

  it("that is held waits until the given time, asks for admission again, and is not counted", () => {
    const record = applied(admitted(), [50, held(15_050)]);
    expect(record).toMatchObject({ status: "queued", stage: "admission", submissions: 0, stepAt: at(15_050) });
    expect(last(record)).toStrictEqual({ at: at(50), type: "held", detail: "upstream_unavailable" });
  });
});

describe("the deadline", () => {
  const clockAt = (ms: number): readonly [number, TaskEvent] => [ms, { tag: "clock" }];

  it("a task has until its deadline, to the millisecond", () => {
    const record = processing();
    expect(applied(record, clockAt(119_999))).toBe(record);
    expect(applied(record, clockAt(120_000))).toMatchObject({ status: "failed", finishedAt: at(120_000) });
  });

  const rejection = submitted({ tag: "transient", reason: "http_503", retryAfterMs: null }, AT);
  const refused = applied(submitting(), [90, rejection]);
  const created = submitted(CREATED, at(3_090));
  const account = submitted({ tag: "account", code: "ERROR_ZERO_BALANCE" }, AT);
  it.each<[string, TaskRecord, string]>([
    ["never admitted", aRecord(), "timeout"],
    ["waiting for a slot", applied(aRecord(), [10, admission({ tag: "waiting" })]), "timeout"],
    ["never asked for", admitted(), "timeout"],
    ["processing to the end", processing(), "timeout"],
    ["refused at its last submission", refused, "upstream_unavailable"],
    ["refused for the operator's account", applied(submitting(), [90, account]), "upstream_unavailable"],
    ["held because no account works", applied(admitted(), [90, held(15_000)]), "upstream_unavailable"],
    ["sent once with an unknown outcome", applied(submitting(), [90, submitted(HIDDEN, AT)]), "upstream_unavailable"],
    ["created after a rejection", applied(refused, [3_090, { tag: "submitting" }], [3_100, created]), "timeout"],
  ])("a task that was %s fails as it should", (_name, record, code) => {
    expect(applied(record, clockAt(120_000))).toMatchObject({ status: "failed", error: { code } });
  });
});

describe("cancel", () => {
  it.each([
    ["queued", aRecord()],
    ["waiting", aRecord({ stage: "waiting" })],
    ["being submitted", submitting()],
    ["processing", processing()],
  ])("a task that is %s is canceled, and settled next", (_name, record) => {
    const canceled = applied(record, [500, { tag: "cancel" }]);
    expect(canceled).toMatchObject({
      status: "canceled",
      finishedAt: at(500),
      settleAt: at(500),
    });
    expect(canceled).toMatchObject({ error: null, solution: null, solutionState: "none" });
  });

  it.each([readyRecord(), failedRecord(), canceledRecord()])("a finished task stays $status", (record) => {
    expect(applied(record, [20_000, { tag: "cancel" }])).toBe(record);
  });

  it("a finished task's own webhook is due at once", () => {
    const delivery = aDelivery({ roundAt: null, nextAttemptAt: null });
    const canceled = applied(processing({ delivery }), [500, { tag: "cancel" }]);
    expect(canceled.delivery).toMatchObject({ state: "pending", roundAt: at(500), nextAttemptAt: at(500) });
  });
});
