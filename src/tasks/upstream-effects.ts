// A task's calls to the upstream: choose an account, ask whether a submission may be sent, submit, poll. Each step returns the
// event that came of it, never changes the record, and never throws for an expected error.

import type { Configuration } from "../env.ts";
import { describeError, log } from "../log.ts";
import { accountOf, redactorFor } from "../upstream/accounts.ts";
import { closeBreaker, openBreaker, requestPermit } from "../upstream/breaker.ts";
import type { Upstream } from "../upstream/client.ts";
import { createTask, getTaskResult, UPSTREAM_TIMEOUT_MS } from "../upstream/client.ts";
import type { CreateOutcome, PollOutcome } from "../upstream/protocol.ts";
import { redactorOf } from "../upstream/redact.ts";
import { createSandbox } from "../upstream/sandbox.ts";
import type { StepContext } from "./effects.ts";
import type { TaskEvent } from "./events.ts";
import { TASK_ID_PREFIX } from "./present.ts";
import type { TaskRecord } from "./record.ts";

/** Less than this (ms) is not given to any exchange, even when the deadline is nearer: a healthy answer fits in it. */
const MIN_EXCHANGE_MS = 1_000;

/** A held submission looks again after this (ms). */
const HOLD_MS = 15_000;

const sandbox = createSandbox();
const SANDBOX: Upstream = {
  url: "http://sandbox.invalid",
  clientKey: "a-key-that-opens-nothing",
  redactor: redactorOf([]),
  fetch: async (request) => sandbox.fetch(request),
};

function upstreamOf(record: TaskRecord, configuration: Configuration): Upstream | null {
  if (record.mode === "test") return SANDBOX;
  const account = accountOf(configuration, record.upstreamAccount);
  if (account === null) return null;
  return { ...account, redactor: redactorFor(configuration), fetch: (request) => fetch(request) };
}

function requestOptions(record: TaskRecord, { final }: StepContext, now: number) {
  const left = record.deadlineAt - now;
  return {
    timeoutMs: Math.min(Math.max(left, MIN_EXCHANGE_MS), UPSTREAM_TIMEOUT_MS),
    traceparent: record.traceparent,
    signal: final,
  };
}

/** Whether a submission may leave now. Asked before the intent is written: nothing is hidden about a task that is held. */
export async function permitFor(
  record: TaskRecord,
  { env, configuration }: StepContext,
): Promise<TaskEvent | "free" | "probe"> {
  const now = Date.now();
  if (upstreamOf(record, configuration) === null) {
    return { tag: "held", reason: "upstream_not_configured", until: now + HOLD_MS };
  }
  // The sandbox has no account that could be refused.
  if (record.mode === "test") return "free";
  const permit = await requestPermit(env.DIRECTORY, now);
  if (permit.tag === "open") return { tag: "held", reason: "breaker_open", until: permit.until };
  return permit.tag === "probe" ? "probe" : "free";
}

/**
 * Sends createTask. The caller has put the intent into storage; the output gate keeps the request until it is on disk.
 * @param probing the breaker is open, and this is the minute's probe
 */
export async function submitStep(record: TaskRecord, context: StepContext, probing: boolean): Promise<TaskEvent> {
  const { configuration } = context;
  const upstream = upstreamOf(record, configuration);
  const sentAt = Date.now();
  const { solver } = configuration;
  if (upstream === null) {
    const outcome = { tag: "transient", reason: "upstream_not_configured", retryAfterMs: null } as const;
    return { tag: "submitted", sentAt, outcome, solver };
  }
  const outcome = await createTask(upstream, record.task, requestOptions(record, context, sentAt));
  await tellBreaker(record, context, outcome, probing);
  return { tag: "submitted", sentAt, outcome, solver };
}

/** Sends getTaskResult. */
export async function pollStep(record: TaskRecord, context: StepContext): Promise<TaskEvent> {
  const { configuration } = context;
  const upstream = upstreamOf(record, configuration);
  const sentAt = Date.now();
  const { solver } = configuration;
  if (upstream === null || record.upstreamTaskId === null) {
    const outcome = { tag: "request_failed", reason: "upstream_not_configured", retryAfterMs: null } as const;
    return { tag: "polled", sentAt, outcome, solver };
  }
  const outcome = await getTaskResult(upstream, record.upstreamTaskId, requestOptions(record, context, sentAt));
  await tellBreaker(record, context, outcome, false);
  return { tag: "polled", sentAt, outcome, solver };
}

/** An account that is refused opens the breaker; a probe that is taken closes it. KV's trouble is none of the task's. */
async function tellBreaker(
  record: TaskRecord,
  { env }: StepContext,
  outcome: CreateOutcome | PollOutcome,
  probing: boolean,
): Promise<void> {
  if (record.mode === "test") return;
  try {
    if (outcome.tag === "account") await openBreaker(env.DIRECTORY, outcome.code, Date.now());
    else if (probing && (outcome.tag === "created" || outcome.tag === "ready"))
      await closeBreaker(env.DIRECTORY, Date.now());
  } catch (error) {
    log("warn", "breaker_unreached", { taskId: TASK_ID_PREFIX + record.id, ...describeError(error) });
  }
}
