// A task's calls to the upstream. Each step returns an event to apply, and does not throw for expected errors.

import type { Probe } from "../upstream/account-states.ts";
import { accountOf, accountsFor, redactorFor } from "../upstream/accounts.ts";
import type { Upstream } from "../upstream/client.ts";
import { createTask, getTaskResult, UPSTREAM_TIMEOUT_MS } from "../upstream/client.ts";
import { loggableCode } from "../upstream/codes.ts";
import { accountView } from "../upstream/permits.ts";
import type { CreateOutcome } from "../upstream/protocol.ts";
import { isAccepted } from "../upstream/protocol.ts";
import { redactorOf } from "../upstream/redact.ts";
import { createSandbox } from "../upstream/sandbox.ts";
import type { StepContext } from "./effects.ts";
import type { TaskEvent } from "./events.ts";
import type { TaskRecord } from "./record.ts";

type Submitted = Extract<TaskEvent, { tag: "submitted" }>;
type Polled = Extract<TaskEvent, { tag: "polled" }>;

/** The minimum timeout (ms) of a request, even if the deadline is earlier. */
const MIN_REQUEST_MS = 1_000;

/** When (ms) a task tries again if no account is configured for it. */
const NOT_CONFIGURED_RETRY_MS = 15_000;

const sandbox = createSandbox();
const SANDBOX: Upstream = {
  url: "http://sandbox.invalid",
  clientKey: "a-key-that-opens-nothing",
  redactor: redactorOf([]),
  fetch: async (request) => sandbox.fetch(request),
};

/** The permission to submit a task. `probe`: the submission probes a refused account. */
export interface SubmissionPermit {
  readonly tag: "send";
  readonly upstream: Upstream;
  /** Undefined for the sandbox, which has no accounts. */
  readonly account: string | undefined;
  readonly probe: Probe | null;
}

/** Requests permission to submit a task. Called before the intent is stored, so that a held task has no unknown outcome. */
export async function requestSubmission(
  record: TaskRecord,
  { env, configuration }: StepContext,
): Promise<SubmissionPermit | Extract<TaskEvent, { tag: "held" }>> {
  if (record.mode === "test") return { tag: "send", upstream: SANDBOX, account: undefined, probe: null };
  const now = Date.now();
  const candidates = accountsFor(configuration, record.pinnedAccount);
  if (candidates.length === 0) {
    return { tag: "held", reason: "upstream_not_configured", until: now + NOT_CONFIGURED_RETRY_MS };
  }
  const permit = await accountView.requestPermit(env, candidates, now, record.accountRetryAt);
  // The reason does not reveal the account or its error, because tenants can read it.
  if (permit.tag === "held") return { tag: "held", reason: "upstream_unavailable", until: permit.until };
  const { account, probe } = permit;
  const redactor = redactorFor(configuration);
  return { tag: "send", upstream: { ...account, redactor, fetch: sendOut }, account: account.name, probe };
}

/** Sends createTask. The intent must be stored before. The output gate delays the request until the write is durable. */
export async function submitStep(
  record: TaskRecord,
  context: StepContext,
  { upstream, account }: SubmissionPermit,
): Promise<Submitted> {
  const sentAt = Date.now();
  const outcome = await createTask(upstream, record.task, requestOptions(record, context, sentAt));
  return { tag: "submitted", sentAt, outcome, solver: context.configuration.solver, account };
}

/** Sends getTaskResult with the account that the task was submitted with. Fails if the account is no longer configured. */
export async function pollStep(record: TaskRecord, context: StepContext): Promise<Polled> {
  const { configuration } = context;
  const { solver } = configuration;
  const sentAt = Date.now();
  const account = record.mode === "test" ? null : accountOf(configuration, record.upstreamAccount);
  const upstream =
    record.mode === "test" ? SANDBOX : account && { ...account, redactor: redactorFor(configuration), fetch: sendOut };
  if (upstream === null || record.upstreamTaskId === null) {
    const outcome = { tag: "request_failed", reason: "upstream_not_configured", retryAfterMs: null } as const;
    return { tag: "polled", sentAt, outcome, solver };
  }
  const outcome = await getTaskResult(upstream, record.upstreamTaskId, requestOptions(record, context, sentAt));
  return { tag: "polled", sentAt, outcome, solver, account: account?.name };
}

/**
 * Reports what a response shows about its account. Must be called after the event was applied, so that a paid result is stored first.
 * Await it after a rejected submission, so that the next submission does not use the same account.
 */
export async function reportAccount(
  { env }: StepContext,
  event: Submitted | Polled,
  probe: Probe | null = null,
): Promise<void> {
  const { account, outcome, sentAt } = event;
  if (account === undefined) return;
  const now = Date.now();
  if (outcome.tag === "account") {
    const refusal = { account, code: loggableCode(outcome.code), ageMs: Math.max(now - sentAt, 0), probe };
    await accountView.reportRefused(env, refusal, now);
    return;
  }
  if (event.tag === "polled") return;
  if (probe !== null && showsThatAccountWorks(event.outcome)) void accountView.reportWorking(env, probe, now);
  if (isAccepted(event.outcome)) void accountView.countTask(env, account, now);
}

/** A rejected request also shows it, because the upstream has accepted the account. An error without a code is inconclusive. */
function showsThatAccountWorks(outcome: CreateOutcome): boolean {
  if (outcome.tag === "failed") return outcome.code !== "";
  return outcome.tag === "created" || outcome.tag === "ready";
}

function sendOut(request: Request): Promise<Response> {
  return fetch(request);
}

function requestOptions(record: TaskRecord, { final }: StepContext, now: number) {
  const left = record.deadlineAt - now;
  return {
    timeoutMs: Math.min(Math.max(left, MIN_REQUEST_MS), UPSTREAM_TIMEOUT_MS),
    traceparent: record.traceparent,
    signal: final,
  };
}
