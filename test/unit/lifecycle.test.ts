// The lifecycle of a task: its creation, admission, deadline and cancellation. Submissions, polls and errors have files of their own,
// and lifecycle-properties.test.ts has what is true of every sequence of events.

import { describe, expect, it } from "vitest";
import type { TaskEvent } from "../../src/tasks/events.ts";
import type { TaskRecord } from "../../src/tasks/record.ts";
import {
  AT,
  aDelivery,
  admission,
  admitted,
  applied,
  aRecord,
  at,
  CREATED,
  canceledRecord,
  failedRecord,
  held,
  processing,
  readyRecord,
  submitted,
  submitting,
  UNKNOWN_OUTCOME,
} from "../support/records.ts";

const last = (record: TaskRecord) => record.events.at(-1);

describe("a new task", () => {
  it("is queued for admission, with its deadline and the timeline entry `accepted`", () => {
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
  it("makes an admitted task due for submission at once", () => {
    const record = applied(aRecord({ faults: 2 }), [40, admission({ tag: "admitted" })]);
    expect(record).toMatchObject({ status: "queued", stage: "submission", stepAt: at(40), faults: 0 });
    expect(last(record)).toStrictEqual({ at: at(40), type: "admitted", durationMs: 40 });
  });

  it("makes a task without a slot wait and ask again every 30 s, with one timeline entry", () => {
    const first = applied(aRecord(), [10, admission({ tag: "waiting" })]);
    expect(first).toMatchObject({ status: "queued", stage: "waiting", stepAt: at(30_010) });
    const second = applied(first, [30_010, admission({ tag: "waiting" })]);
    expect(second).toMatchObject({ stage: "waiting", stepAt: at(60_010) });
    expect(second.events.filter(({ type }) => type === "waiting")).toHaveLength(1);
  });

  it("is requested again at once by a waiting task that is woken", () => {
    expect(applied(aRecord({ stage: "waiting", stepAt: at(30_000) }), [700, { tag: "woken" }]).stepAt).toBe(at(700));
  });

  it.each([
    ["asks for admission", aRecord({ stepAt: at(5_000) })],
    ["is to be submitted", admitted({ stepAt: at(5_000) })],
    ["is processing", processing()],
    ["is canceled", canceledRecord()],
  ])("is not affected by waking a task that %s", (_name, record) => {
    expect(applied(record, [700, { tag: "woken" }])).toBe(record);
  });

  it.each(["quota_exceeded", "tenant_suspended"] as const)(
    "fails a task that is rejected for %s with that code",
    (code) => {
      const record = applied(aRecord(), [10, admission({ tag: "rejected", code })]);
      expect(record).toMatchObject({ status: "failed", finishedAt: at(10), error: { code }, settleAt: at(10) });
    },
  );

  it("cancels the task of a deleted tenant", () => {
    expect(applied(aRecord(), [10, admission({ tag: "gone" })])).toMatchObject({ status: "canceled", error: null });
  });

  it("is requested again after 1, 2, 5, 15, 60, 60 s if the tenant does not answer", () => {
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
  ])("changes nothing if it comes late to a task that is %s", (_name, record) => {
    for (const tag of ["admitted", "waiting", "gone", "unavailable"] as const) {
      expect(applied(record, [10, admission({ tag })])).toBe(record);
    }
  });
});

describe("the deadline", () => {
  const clockAt = (ms: number): readonly [number, TaskEvent] => [ms, { tag: "clock" }];

  it("fails a task that is not final, to the millisecond", () => {
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
    [
      "sent once with an unknown outcome",
      applied(submitting(), [90, submitted(UNKNOWN_OUTCOME, AT)]),
      "upstream_unavailable",
    ],
    ["created after a rejection", applied(refused, [3_090, { tag: "submitting" }], [3_100, created]), "timeout"],
  ])("fails a task that was %s with its code", (_name, record, code) => {
    expect(applied(record, clockAt(120_000))).toMatchObject({ status: "failed", error: { code } });
  });
});

describe("cancel", () => {
  it.each([
    ["queued", aRecord()],
    ["waiting", aRecord({ stage: "waiting" })],
    ["being submitted", submitting()],
    ["processing", processing()],
  ])("cancels a task that is %s, and reports the outcome next", (_name, record) => {
    const canceled = applied(record, [500, { tag: "cancel" }]);
    expect(canceled).toMatchObject({
      status: "canceled",
      finishedAt: at(500),
      settleAt: at(500),
    });
    expect(canceled).toMatchObject({ error: null, solution: null, solutionState: "none" });
  });

  it.each([readyRecord(), failedRecord(), canceledRecord()])("leaves a finished task $status", (record) => {
    expect(applied(record, [20_000, { tag: "cancel" }])).toBe(record);
  });

  it("makes the task's own webhook due at once", () => {
    const delivery = aDelivery({ roundAt: null, nextAttemptAt: null });
    const canceled = applied(processing({ delivery }), [500, { tag: "cancel" }]);
    expect(canceled.delivery).toMatchObject({ state: "pending", roundAt: at(500), nextAttemptAt: at(500) });
  });
});
