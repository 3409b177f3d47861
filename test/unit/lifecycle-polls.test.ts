// From createTask's answer to the end: polls, the solution's lifetime, late answers, and unexpected exceptions.

import { describe, expect, it } from "vitest";
import type { TaskEvent } from "../../src/tasks/events.ts";
import { applyEvent } from "../../src/tasks/lifecycle.ts";
import type { PollOutcome } from "../../src/upstream/protocol.ts";
import {
  admitted,
  applied,
  aRecord,
  at,
  CREATED,
  canceledRecord,
  FAILED_POLL,
  failedRecord,
  PROCESSING,
  polled,
  processing,
  READY,
  readyRecord,
  SOLVER,
  STORED_SOLUTION,
  submitted,
  submitting,
  UNKNOWN_OUTCOME,
} from "../support/records.ts";

const FAILURES: [string, PollOutcome][] = [
  ["a malformed or missing answer", FAILED_POLL],
  ["a transient rejection", { tag: "transient", reason: "ERROR_TOO_MUCH_REQUESTS", retryAfterMs: null }],
  ["a rejection of the operator's account", { tag: "account", code: "ERROR_ZERO_BALANCE" }],
];

describe("a poll", () => {
  it.each([1_000, 3_000, 60_000])(
    "is sent %i ms after the answer to the previous one, as configured",
    (pollIntervalMs) => {
      const record = applied(processing({ pollIntervalMs }), [8_000, polled(PROCESSING, at(3_100))]);
      expect(record).toMatchObject({ status: "processing", polls: 1, stepAt: at(8_000 + pollIntervalMs) });
    },
  );

  it("records that there was no solution when it was sent if it returns processing", () => {
    const record = applied(processing(), [8_000, polled(PROCESSING, at(3_100))]);
    expect(record.unsolvedAt).toBe(at(3_100));
    expect(record.events.at(-1)).toStrictEqual({
      at: at(8_000),
      type: "poll",
      durationMs: 4_900,
      detail: "processing",
    });
  });

  it.each(FAILURES)(
    "is repeated after 3, 6, 12, 15, 15 s, and records nothing about the solution: %s",
    (_name, outcome) => {
      let record = processing();
      for (const [index, pauseMs] of [3_000, 6_000, 12_000, 15_000, 15_000].entries()) {
        record = applied(record, [4_000, polled(outcome, at(3_100))]);
        expect(record).toMatchObject({ status: "processing", polls: index + 1, stepAt: at(4_000 + pauseMs) });
        expect(record.unsolvedAt).toBe(at(0));
      }
    },
  );

  it("is repeated after Retry-After if that is longer than the pause", () => {
    for (const outcome of [
      { tag: "request_failed", reason: "http_503", retryAfterMs: 60_000 },
      { tag: "transient", reason: "ERROR_RATE_LIMIT", retryAfterMs: 60_000 },
    ] as const) {
      expect(applied(processing(), [4_000, polled(outcome, at(3_100))]).stepAt).toBe(at(64_000));
    }
  });

  it("resets the count of failures when it is answered", () => {
    const record = applied(
      processing(),
      [4_000, polled(FAILED_POLL, at(3_100))],
      [7_000, polled(FAILED_POLL, at(7_000))],
      [13_000, polled(PROCESSING, at(13_000))],
    );
    expect(record).toMatchObject({ faults: 0, lastExchangeFailed: false, stepAt: at(16_000) });
    expect(applied(record, [16_000, polled(FAILED_POLL, at(16_000))]).stepAt).toBe(at(19_000));
  });

  it.each([
    ["unsolvable", "ERROR_CAPTCHA_UNSOLVABLE", "unsolvable"],
    ["rejected", "ERROR_NO_SUCH_CAPCHA_ID", "upstream_rejected"],
  ] as const)("fails a task that is %s with %s as %s", (kind, code, expected) => {
    const record = applied(processing(), [4_000, polled({ tag: "failed", kind, code, description: "" }, at(3_100))]);
    expect(record).toMatchObject({
      status: "failed",
      polls: 1,
      finishedAt: at(4_000),
      error: { code: expected, upstreamCode: code },
      solution: null,
      solutionState: "none",
    });
  });

  it.each<[string, PollOutcome, string]>([
    ...FAILURES.map(([name, outcome]): [string, PollOutcome, string] => [name, outcome, "upstream_unavailable"]),
    ["processing", PROCESSING, "timeout"],
  ])("decides by the last answer before the deadline how the task fails: %s", (_name, outcome, code) => {
    const record = applied(processing(), [4_000, polled(outcome, at(3_100))], [120_000, { tag: "clock" }]);
    expect(record).toMatchObject({ status: "failed", error: { code } });
  });

  it("ends the task as ready if the solution arrives after the deadline and the task has not failed yet", () => {
    const record = applied(processing(), [120_400, polled(READY, at(119_900))]);
    expect(record).toMatchObject({ status: "ready", solutionState: "available" });
  });

  it.each([
    ["queued", aRecord()],
    ["to be submitted", admitted()],
  ])("changes nothing of a task that is %s", (_name, record) => {
    expect(applied(record, [4_000, polled(READY, at(3_100))])).toBe(record);
  });
});

describe("the solution", () => {
  it("is returned with the browser that it was created with", () => {
    const record = applied(processing(), [4_000, polled(READY, at(3_100))]);
    expect(record).toMatchObject({ status: "ready", finishedAt: at(4_000), solutionState: "available" });
    expect(record.solution).toStrictEqual(STORED_SOLUTION);
    expect(record.solution).toMatchObject(SOLVER);
  });

  it("keeps the other fields that the upstream sent with the token", () => {
    const solution = { gRecaptchaResponse: "token", expireTime: 7 };
    const record = applied(processing(), [4_000, polled({ tag: "ready", solution }, at(3_100))]);
    expect(record.solution).toMatchObject({ expireTime: 7 });
  });

  it("has the browser that the upstream names, if it names one", () => {
    const solution = { gRecaptchaResponse: "token", userAgent: "Upstream/9" };
    const record = applied(processing(), [4_000, polled({ tag: "ready", solution }, at(3_100))]);
    expect(record.solution).toMatchObject({ userAgent: "Upstream/9", secChUa: SOLVER.secChUa });
  });

  it("expires 120 s after the submission was sent if no poll returned processing", () => {
    const created = applied(submitting({ intentAt: at(500) }), [600, submitted(CREATED, at(500))]);
    const record = applied(created, [9_000, polled(FAILED_POLL, at(3_600))], [20_000, polled(READY, at(19_000))]);
    expect(record).toMatchObject({ solutionExpiresAt: at(120_500), solutionBestBefore: at(60_500) });
  });

  it("expires 120 s after the last poll that returned processing was sent, whatever failed polls followed", () => {
    const record = applied(
      processing(),
      [4_000, polled(PROCESSING, at(3_100))],
      [7_500, polled(PROCESSING, at(7_000))],
      [12_000, polled(FAILED_POLL, at(10_500))],
      [16_000, polled(READY, at(15_500))],
    );
    expect(record).toMatchObject({
      finishedAt: at(16_000),
      solutionExpiresAt: at(127_000),
      solutionBestBefore: at(67_000),
    });
  });

  it("is erased when it expires, to the millisecond, and the timeline entry has that time", () => {
    const record = readyRecord();
    expect(applied(record, [124_999, { tag: "clock" }])).toBe(record);
    const expired = applied(record, [130_000, { tag: "clock" }]);
    expect(expired).toMatchObject({ status: "ready", solution: null, solutionState: "expired" });
    expect(expired.events.at(-1)).toStrictEqual({ at: at(125_000), type: "expired" });
    expect(applied(record, [125_000, { tag: "clock" }]).solutionState).toBe("expired");
  });

  it("is erased when it is claimed, and then neither expires nor is claimed again", () => {
    const claimed = applied(readyRecord(), [20_000, { tag: "claim" }]);
    expect(claimed).toMatchObject({ status: "ready", solution: null, solutionState: "claimed" });
    expect(claimed.events.at(-1)).toStrictEqual({ at: at(20_000), type: "claimed" });
    expect(applied(claimed, [20_001, { tag: "claim" }])).toBe(claimed);
    expect(applied(claimed, [500_000, { tag: "clock" }])).toBe(claimed);
  });

  it.each([
    ["queued", aRecord()],
    ["processing", processing()],
    ["failed", failedRecord()],
    ["canceled", canceledRecord()],
    ["expired", readyRecord({ solution: null, solutionState: "expired" })],
  ])("cannot be claimed if the task is %s", (_name, record) => {
    expect(applied(record, [20_000, { tag: "claim" }])).toBe(record);
  });
});

describe("a finished task", () => {
  const late: [string, TaskEvent][] = [
    ["a poll that found a solution", polled(READY, at(9_000))],
    ["a poll that failed", polled({ tag: "failed", kind: "rejected", code: "E", description: "" }, at(9_000))],
    ["a poll that said processing", polled(PROCESSING, at(9_000))],
    ["a submission that was taken", submitted(CREATED, at(9_000))],
    ["a submission with an unknown outcome", submitted(UNKNOWN_OUTCOME, at(9_000))],
    ["an admission", { tag: "admission", outcome: { tag: "admitted" } }],
    ["a rejection", { tag: "admission", outcome: { tag: "rejected", code: "tenant_suspended" } }],
    ["a hold", { tag: "held", reason: "upstream_unavailable", until: at(40_000) }],
    ["an intent", { tag: "submitting" }],
    ["an interruption", { tag: "interrupted" }],
    ["a wake-up", { tag: "woken" }],
  ];
  it.each(late)("ignores %s that comes late", (_name, event) => {
    for (const record of [readyRecord(), failedRecord(), canceledRecord()]) {
      expect(applyEvent(record, event, at(11_000))).toBe(record);
    }
  });

  it("does not fail at its former deadline", () => {
    for (const record of [canceledRecord(), failedRecord()]) {
      expect(applied(record, [200_000, { tag: "clock" }])).toBe(record);
    }
  });
});
