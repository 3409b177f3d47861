// `error.message` of a failed task: it distinguishes four cases, which decide whether the task was charged.

import { describe, expect, it } from "vitest";
import type { TaskEvent } from "../../src/tasks/events.ts";
import type { TaskRecord } from "../../src/tasks/record.ts";
import type { CreateOutcome, PollOutcome } from "../../src/upstream/protocol.ts";
import {
  AT,
  admission,
  admitted,
  applied,
  aRecord,
  at,
  CREATED,
  polled,
  submitted,
  UNKNOWN_OUTCOME,
} from "../support/records.ts";

const NEVER_SENT = "The task was never sent to the upstream, so it was not charged.";
const NOT_ACCEPTED = "The upstream did not accept the task, so it was not charged.";
const UNKNOWN = "The task was sent to the upstream with an unknown outcome, so it may have been charged.";
const NOT_SOLVED = "The upstream accepted the task and did not solve it.";

type Step = readonly [number, TaskEvent];

const send = (ms: number, outcome: CreateOutcome): Step[] => [
  [ms, { tag: "submitting" }],
  [ms + 10, submitted(outcome, at(ms))],
];
const DEADLINE: Step = [120_000, { tag: "clock" }];
const NO_ACCOUNT: TaskEvent = { tag: "held", reason: "upstream_unavailable", until: at(60_000) };
const BUSY: CreateOutcome = { tag: "transient", reason: "http_503", retryAfterMs: null };
const ACCOUNT_REFUSED: CreateOutcome = { tag: "account", code: "ERROR_ZERO_BALANCE" };
const tenFailures = Array.from({ length: 10 }, (_, index): Step => [index, { tag: "step_failed", limit: 10 }]);

function errorOf(start: TaskRecord, ...steps: readonly Step[]) {
  const { status, error } = applied(start, ...steps);
  expect(status).toBe("failed");
  return error;
}

describe("the message of a task that was never sent", () => {
  it.each<[string, string, readonly Step[], string]>([
    ["no slot was free", "timeout", [[1, admission({ tag: "waiting" })], DEADLINE], "No slot of the tenant was free"],
    ["its tenant did not answer", "timeout", [[1, admission({ tag: "unavailable" })], DEADLINE], "was not submitted"],
    [
      "no account worked",
      "upstream_unavailable",
      [[1, admission({ tag: "admitted" })], [2, NO_ACCOUNT], DEADLINE],
      "No upstream account accepted the task",
    ],
    [
      "its tenant's quota is used up",
      "quota_exceeded",
      [[1, admission({ tag: "rejected", code: "quota_exceeded" })]],
      "monthly quota",
    ],
    [
      "its tenant is suspended",
      "tenant_suspended",
      [[1, admission({ tag: "rejected", code: "tenant_suspended" })]],
      "suspended",
    ],
    ["the gateway failed", "internal", tenFailures, "The gateway failed"],
  ])("says so when %s", (_why, code, steps, reason) => {
    const error = errorOf(aRecord(), ...steps);
    expect(error).toMatchObject({ code, message: expect.stringContaining(reason) });
    expect(error?.message.endsWith(NEVER_SENT)).toBe(true);
  });
});

describe("the message of a task that was sent and not accepted", () => {
  it.each<[string, readonly Step[]]>([
    ["the upstream was busy", send(10, BUSY)],
    ["the account was refused", send(10, ACCOUNT_REFUSED)],
    ["the account was refused, and then none worked", [...send(10, ACCOUNT_REFUSED), [30, NO_ACCOUNT]]],
  ])("says so at its deadline when %s", (_why, steps) => {
    const error = errorOf(admitted(), ...steps, DEADLINE);
    expect(error?.code).toBe("upstream_unavailable");
    expect(error?.message.endsWith(NOT_ACCEPTED)).toBe(true);
  });

  it("says so when the upstream rejected it, with the upstream's words", () => {
    const outcome = { tag: "failed", kind: "rejected", code: "ERROR_BAD_REQUEST", description: "No such key" } as const;
    expect(errorOf(admitted(), ...send(10, outcome))).toEqual({
      code: "upstream_rejected",
      message: "The upstream rejected the task, so it was not charged: No such key",
      upstreamCode: "ERROR_BAD_REQUEST",
    });
  });
});

describe("the message of a task that was sent with an unknown outcome", () => {
  it("says so when a second outcome is unknown, too", () => {
    const error = errorOf(admitted(), ...send(10, UNKNOWN_OUTCOME), ...send(6_000, UNKNOWN_OUTCOME));
    expect(error?.code).toBe("upstream_unavailable");
    expect(error?.message.endsWith(UNKNOWN)).toBe(true);
  });

  it.each<[string, readonly Step[]]>([
    ["it could not be sent again", [...send(10, UNKNOWN_OUTCOME), [6_000, NO_ACCOUNT]]],
    ["the second send was rejected temporarily", [...send(10, UNKNOWN_OUTCOME), ...send(6_000, BUSY)]],
    ["its send is still pending", [[10, { tag: "submitting" }]]],
  ])("says so at its deadline when %s", (_why, steps) => {
    expect(errorOf(admitted(), ...steps, DEADLINE)?.message.endsWith(UNKNOWN)).toBe(true);
  });

  it("says so when the second send was rejected for good", () => {
    const outcome = { tag: "failed", kind: "rejected", code: "E", description: "" } as const;
    expect(errorOf(admitted(), ...send(10, UNKNOWN_OUTCOME), ...send(6_000, outcome))?.message).toBe(
      "The upstream rejected the task. An earlier send has an unknown outcome and may have been charged",
    );
  });
});

describe("the message of a task that was accepted and not solved", () => {
  const accepted: Step[] = send(10, CREATED);

  it.each<[string, string, PollOutcome]>([
    ["was not solved", "timeout", { tag: "processing" }],
    ["did not answer", "upstream_unavailable", { tag: "request_failed", reason: "http_503", retryAfterMs: null }],
  ])("says so at its deadline when it %s", (_why, code, outcome) => {
    const error = errorOf(admitted(), ...accepted, [4_000, polled(outcome, at(3_500))], DEADLINE);
    expect(error?.code).toBe(code);
    expect(error?.message.endsWith(NOT_SOLVED)).toBe(true);
  });

  it.each(["rejected", "unsolvable"] as const)("says so when a poll says that it is %s", (kind) => {
    const outcome = { tag: "failed", kind, code: "ERROR_X", description: "In its own words" } as const;
    const error = errorOf(admitted(), ...accepted, [4_000, polled(outcome, at(3_500))]);
    expect(error?.code).toBe(kind === "rejected" ? "upstream_rejected" : "unsolvable");
    expect(error?.message).toBe("The upstream accepted the task and could not solve it: In its own words");
  });

  it("says so when createTask answers that it is unsolvable", () => {
    const outcome = { tag: "failed", kind: "unsolvable", code: "ERROR_CAPTCHA_UNSOLVABLE", description: "" } as const;
    expect(errorOf(admitted(), [0, { tag: "submitting" }], [10, submitted(outcome, AT)])?.message).toBe(
      "The upstream accepted the task and could not solve it",
    );
  });
});
