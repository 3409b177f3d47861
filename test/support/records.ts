// Builders of records in every state, with overrides. They do not use the lifecycle, so that its tests do not depend on it. All times
// are counted from `AT`.

import type { AdmissionOutcome, Solver, TaskEvent } from "../../src/tasks/events.ts";
import { applyEvent } from "../../src/tasks/lifecycle.ts";
import type { NewTask, StoredSolution, TaskRecord } from "../../src/tasks/record.ts";
import { newRecord } from "../../src/tasks/record.ts";
import type { CreateOutcome, PollOutcome, Solution } from "../../src/upstream/protocol.ts";
import type { Delivery, DeliveryAttempt } from "../../src/webhooks/delivery.ts";
import { newDelivery } from "../../src/webhooks/delivery.ts";
import type { DeliveryOutcome } from "../../src/webhooks/outcome.ts";

/** When the tasks of the tests are accepted. */
export const AT = Date.UTC(2026, 10, 23, 9, 30);
/** A time `ms` after the task was accepted. */
export const at = (ms: number): number => AT + ms;

export const INTERVAL_MS = 3_000;
const TIMEOUT_MS = 120_000;
export const RETENTION_MS = 86_400_000;
export const HOOK = "https://hooks.shop.example/solvegate";
export const ENDPOINT = "https://tenant.example/endpoint";

export const SOLVER: Solver = { userAgent: "Solver/1", secChUa: '"Solver";v="1"' };
export const SOLUTION: Solution = { gRecaptchaResponse: "token-of-the-tests", cookies: { _GRECAPTCHA: "cookie" } };
export const STORED_SOLUTION: StoredSolution = { ...SOLUTION, ...SOLVER };

/** A request for a new task. */
export function aNewTask(overrides: Partial<NewTask> = {}): NewTask {
  return {
    id: "5f".repeat(32),
    tenantId: "acme",
    tenantSince: AT - 1_000,
    mode: "test",
    keyId: "key_of_the_tests",
    reference: null,
    compatTaskId: null,
    task: {
      type: "RecaptchaV3TaskProxyless",
      websiteURL: "https://antcpt.com/score_detector",
      websiteKey: "6LcR_okUAAAAAPYrPe-HK_0RULO1aZM15ENyM-Mf",
      pageAction: "homepage",
      isInvisible: true,
    },
    metadata: { order: "1042" },
    webhookUrl: null,
    bodyHash: null,
    timeoutMs: TIMEOUT_MS,
    pollIntervalMs: INTERVAL_MS,
    retentionMs: RETENTION_MS,
    ...overrides,
  };
}

/** A task that was accepted at `AT`. */
export function aRecord(overrides: Partial<TaskRecord> = {}): TaskRecord {
  return { ...newRecord(aNewTask(), AT), ...overrides };
}

/** A task that has its slot and is due for submission. */
export function admitted(overrides: Partial<TaskRecord> = {}): TaskRecord {
  return aRecord({ stage: "submission", intentAt: null, ...overrides });
}

/** A task whose createTask was sent at `AT` and is not answered. */
export function submitting(overrides: Partial<TaskRecord> = {}): TaskRecord {
  return admitted({ intentAt: AT, sending: true, ...overrides });
}

/** A task that was sent to the upstream at `AT` and accepted after 100 ms. The first poll is due 3 s later. */
export function processing(overrides: Partial<TaskRecord> = {}): TaskRecord {
  return admitted({
    status: "processing",
    submissions: 1,
    upstreamTaskId: '"61138bb6-19fb-11ec-a9c8-0242ac110006"',
    submittedAt: at(100),
    unsolvedAt: AT,
    stepAt: at(3_100),
    ...overrides,
  });
}

/** A task that was ready after 10 s, and not ready after 5 s. Its outcome is not reported yet. */
export function readyRecord(overrides: Partial<TaskRecord> = {}): TaskRecord {
  return processing({
    status: "ready",
    polls: 3,
    unsolvedAt: at(5_000),
    finishedAt: at(10_000),
    solution: STORED_SOLUTION,
    solutionState: "available",
    solutionExpiresAt: at(125_000),
    solutionBestBefore: at(65_000),
    settleAt: at(10_000),
    ...overrides,
  });
}

/** A task that failed 10 s after it was accepted. */
export function failedRecord(overrides: Partial<TaskRecord> = {}): TaskRecord {
  return processing({
    status: "failed",
    polls: 3,
    finishedAt: at(10_000),
    error: { code: "unsolvable", message: "The upstream could not solve the task" },
    settleAt: at(10_000),
    ...overrides,
  });
}

/** A task that was canceled 10 s after it was accepted. */
export function canceledRecord(overrides: Partial<TaskRecord> = {}): TaskRecord {
  return processing({ status: "canceled", finishedAt: at(10_000), settleAt: at(10_000), ...overrides });
}

/** The fields of a finished record whose outcome is reported. */
export const SETTLED = { settled: true, settleAt: null } as const;

/** A delivery to the task's own URL, whose first attempt is due 10 s after the task was accepted. */
export function aDelivery(overrides: Partial<Delivery> = {}): Delivery {
  return { ...newDelivery(HOOK, "task", at(10_000)), ...overrides };
}

export function anAttempt(overrides: Partial<DeliveryAttempt> = {}): DeliveryAttempt {
  return { at: at(10_000), status: 503, durationMs: 40, error: null, ...overrides };
}

export const DELIVERED: DeliveryOutcome = { tag: "delivered", status: 204, error: null };
export const GONE: DeliveryOutcome = { tag: "gone", status: 410, error: null };

/** An attempt that failed with a status, and perhaps a `Retry-After` in ms. */
export function attemptFailed(status: number | null = 503, retryAfterMs: number | null = null): DeliveryOutcome {
  return { tag: "failed", status, error: status === null ? "network" : null, retryAfterMs };
}

/** The outcome of a createTask. `account` is undefined for the sandbox. */
export const submitted = (outcome: CreateOutcome, sentAt: number, account?: string): TaskEvent => ({
  tag: "submitted",
  sentAt,
  outcome,
  solver: SOLVER,
  account,
});
export const polled = (outcome: PollOutcome, sentAt: number): TaskEvent => ({
  tag: "polled",
  sentAt,
  outcome,
  solver: SOLVER,
});
/** The outcome of an admission request. */
export const admission = (outcome: AdmissionOutcome): TaskEvent => ({ tag: "admission", outcome });

/** A submission that is held until `ms` after the task was accepted, because no account works. */
export const held = (ms: number): TaskEvent => ({ tag: "held", reason: "upstream_unavailable", until: at(ms) });

export const CREATED: CreateOutcome = { tag: "created", taskId: '"upstream-1"' };
export const UNKNOWN_OUTCOME: CreateOutcome = { tag: "unknown", reason: "timeout" };
export const PROCESSING: PollOutcome = { tag: "processing" };
export const FAILED_POLL: PollOutcome = { tag: "request_failed", reason: "http_503", retryAfterMs: null };
export const READY: PollOutcome = { tag: "ready", solution: SOLUTION };

/** Applies events in order, each at its time (ms after the task was accepted). */
export function applied(record: TaskRecord, ...events: ReadonlyArray<readonly [number, TaskEvent]>): TaskRecord {
  return events.reduce((current, [ms, event]) => applyEvent(current, event, at(ms)), record);
}
