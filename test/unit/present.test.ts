// The Task and its timeline as callers see them: exactly the contract's keys, null for absent values, and nothing of the
// gateway's internal state.

import { describe, expect, it } from "vitest";
import { taskViewSchema, timelineSchema } from "../../src/schemas/tasks.ts";
import { presentTask, presentTimeline } from "../../src/tasks/present.ts";
import { newRecord } from "../../src/tasks/record.ts";
import {
  AT,
  aDelivery,
  admitted,
  aNewTask,
  anAttempt,
  aRecord,
  at,
  canceledRecord,
  failedRecord,
  HOOK,
  processing,
  readyRecord,
  SETTLED,
} from "../support/records.ts";

describe("the Task", () => {
  it("has every field when it is queued, with null for missing values", () => {
    expect(presentTask(newRecord(aNewTask({ bodyHash: "hash", traceparent: "00-a-b-01" }), AT))).toStrictEqual({
      id: `tsk_${"5f".repeat(32)}`,
      status: "queued",
      mode: "test",
      task: aNewTask().task,
      reference: null,
      metadata: { order: "1042" },
      createdAt: "2026-11-23T09:30:00.000Z",
      submittedAt: null,
      finishedAt: null,
      deadlineAt: "2026-11-23T09:32:00.000Z",
      waitingFor: null,
      nextStepAt: "2026-11-23T09:30:00.000Z",
      compatTaskId: null,
      solution: null,
      solutionState: "none",
      solutionExpiresAt: null,
      solutionBestBefore: null,
      error: null,
      polls: 0,
      submissions: 0,
      webhook: null,
    });
  });

  it("shows its reference and its number in the compatibility API", () => {
    const task = presentTask(newRecord(aNewTask({ reference: "order-1042", compatTaskId: 1_042 }), AT));
    expect(task).toMatchObject({ reference: "order-1042", compatTaskId: 1_042 });
  });

  it("has a null reference if an older version stored it", () => {
    const { reference: _, ...older } = aRecord();
    expect(presentTask(older).reference).toBeNull();
  });

  it.each([
    ["a new task", aRecord(), null],
    ["a task without a free slot", aRecord({ stage: "waiting" }), "slot"],
    ["a task whose tenant does not answer", aRecord({ faults: 1 }), null],
    ["an admitted task", admitted(), null],
    ["a task that no upstream account takes", admitted({ lastExchangeFailed: true }), "upstream"],
    ["a processing task whose last poll failed", processing({ lastExchangeFailed: true }), null],
    ["a failed task", failedRecord({ stage: "waiting" }), null],
  ] as const)("reports what it waits for: %s", (_name, record, waitingFor) => {
    expect(presentTask(record).waitingFor).toBe(waitingFor);
  });

  it.each([
    ["the next poll of a processing task", processing(), "2026-11-23T09:30:03.100Z"],
    ["the next step of a queued task", admitted({ stepAt: at(5_000) }), "2026-11-23T09:30:05.000Z"],
    ["the deadline, where nothing comes before it", processing({ stepAt: at(500_000) }), "2026-11-23T09:32:00.000Z"],
    ["nothing of a final task", readyRecord(), null],
  ])("reports when its next step is due: %s", (_name, record, nextStepAt) => {
    expect(presentTask(record).nextStepAt).toBe(nextStepAt);
  });

  it("has the solution and its times when it is ready", () => {
    expect(presentTask(readyRecord())).toMatchObject({
      status: "ready",
      submittedAt: "2026-11-23T09:30:00.100Z",
      finishedAt: "2026-11-23T09:30:10.000Z",
      solution: {
        gRecaptchaResponse: "token-of-the-tests",
        cookies: { _GRECAPTCHA: "cookie" },
        userAgent: "Solver/1",
        secChUa: '"Solver";v="1"',
      },
      solutionState: "available",
      solutionExpiresAt: "2026-11-23T09:32:05.000Z",
      solutionBestBefore: "2026-11-23T09:31:05.000Z",
      error: null,
      polls: 3,
      submissions: 1,
    });
  });

  it.each(["claimed", "expired"] as const)("has the times and no solution when the solution is %s", (solutionState) => {
    const task = presentTask(readyRecord({ solution: null, solutionState }));
    expect(task).toMatchObject({ status: "ready", solution: null, solutionState });
    expect(task.solutionExpiresAt).toBe("2026-11-23T09:32:05.000Z");
  });

  it("has the error when it failed, with the upstream's code if there is one", () => {
    const error = { code: "upstream_rejected", message: "The upstream rejected the task", upstreamCode: "E" } as const;
    expect(presentTask(failedRecord({ error }))).toMatchObject({ status: "failed", error, solution: null });
    expect(presentTask(failedRecord()).error).not.toHaveProperty("upstreamCode");
  });

  it.each([
    ["not due yet", { roundAt: null, nextAttemptAt: null }, { state: "pending", attempts: 0, nextAttemptAt: null }],
    ["due", {}, { state: "pending", attempts: 0, nextAttemptAt: "2026-11-23T09:30:10.000Z" }],
    [
      "delivered",
      { state: "delivered", attempts: 2, lastStatus: 204, nextAttemptAt: null },
      { state: "delivered", attempts: 2, lastStatus: 204, nextAttemptAt: null },
    ],
    [
      "postponed",
      { postponedUntil: at(20_000) },
      { state: "pending", attempts: 0, nextAttemptAt: "2026-11-23T09:30:20.000Z" },
    ],
  ] as const)("shows the state of a webhook that is %s, without the log", (_name, delivery, expected) => {
    const { webhook } = presentTask(readyRecord({ delivery: aDelivery(delivery) }));
    expect(webhook).toStrictEqual({ url: HOOK, lastStatus: null, ...expected });
  });

  it.each([aRecord(), processing(), readyRecord(), failedRecord(), canceledRecord(SETTLED)])(
    "conforms to its schema, without other keys, when it is $status",
    (record) => {
      const task = presentTask({ ...record, delivery: aDelivery({ log: [anAttempt()] }) });
      expect(taskViewSchema.strict().parse(task)).toEqual(task);
    },
  );
});

describe("the timeline", () => {
  it("merges the webhook attempts with the task's own entries by time, with own entries first at the same time", () => {
    const record = readyRecord({
      events: [
        { at: AT, type: "accepted" },
        { at: at(4_000), type: "poll", durationMs: 90, detail: "processing" },
        { at: at(10_000), type: "ready", durationMs: 10_000 },
        { at: at(15_000), type: "claimed" },
        { at: at(11_000), type: "expired" },
      ],
      delivery: aDelivery({
        log: [
          anAttempt({ responseBody: "busy" }),
          anAttempt({ at: at(12_000), status: null, error: "timeout", durationMs: 10_000 }),
        ],
      }),
    });
    const events = presentTimeline(record);
    expect(events).toStrictEqual([
      { at: "2026-11-23T09:30:00.000Z", type: "accepted" },
      { at: "2026-11-23T09:30:04.000Z", type: "poll", durationMs: 90, detail: "processing" },
      { at: "2026-11-23T09:30:10.000Z", type: "ready", durationMs: 10_000 },
      {
        at: "2026-11-23T09:30:10.000Z",
        type: "webhook",
        durationMs: 40,
        status: 503,
        error: null,
        responseBody: "busy",
      },
      { at: "2026-11-23T09:30:11.000Z", type: "expired" },
      {
        at: "2026-11-23T09:30:12.000Z",
        type: "webhook",
        durationMs: 10_000,
        status: null,
        error: "timeout",
        responseBody: null,
      },
      { at: "2026-11-23T09:30:15.000Z", type: "claimed" },
    ]);
    expect(timelineSchema.parse({ events })).toEqual({ events });
  });

  it("consists of the task's own entries without webhooks", () => {
    expect(presentTimeline(aRecord())).toStrictEqual([{ at: "2026-11-23T09:30:00.000Z", type: "accepted" }]);
  });
});
