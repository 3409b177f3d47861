// A task's calls to the upstream: choose an account, ask whether a submission may be sent, submit, poll. Each step returns the
// event that came of it, never changes the record, and never throws for an expected error.

import type { Probe } from "../upstream/account-states.ts";
import { accountOf, accountsFor, redactorFor } from "../upstream/accounts.ts";
import type { Upstream } from "../upstream/client.ts";
import { createTask, getTaskResult, UPSTREAM_TIMEOUT_MS } from "../upstream/client.ts";
import { loggableCode } from "../upstream/codes.ts";
import { accountView } from "../upstream/permits.ts";
import type { CreateOutcome } from "../upstream/protocol.ts";
import { redactorOf } from "../upstream/redact.ts";
import { createSandbox } from "../upstream/sandbox.ts";
import type { StepContext } from "./effects.ts";
import type { TaskEvent } from "./events.ts";
import type { TaskRecord } from "./record.ts";

type Submitted = Extract<TaskEvent, { tag: "submitted" }>;
type Polled = Extract<TaskEvent, { tag: "polled" }>;

/** The shortest time (ms) that a request gets, even when the deadline is nearer: a healthy answer fits in it. */
const MIN_REQUEST_MS = 1_000;

/** While no account is configured for a task, it asks again after this (ms). */
const NOT_CONFIGURED_RETRY_MS = 15_000;

const sandbox = createSandbox();
const SANDBOX: Upstream = {
  url: "http://sandbox.invalid",
  clientKey: "a-key-that-opens-nothing",
  redactor: redactorOf([]),
  fetch: async (request) => sandbox.fetch(request),
};

/** Leave to submit a task: where to, and the probe that the submission is, if any. */
export interface SubmissionPermit {
  readonly tag: "send";
  readonly upstream: Upstream;
  /** Undefined for the sandbox, which has no accounts. */
  readonly account: string | undefined;
  readonly probe: Probe | null;
}

/** Asks whether a submission may be sent now. Asked before the intent is stored: the outcome of a held task is never unknown. */
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
  const permit = await accountView.requestPermit(env, candidates, now);
  // The same words for every account and code: what is wrong with an account is the operator's business.
  if (permit.tag === "held") return { tag: "held", reason: "upstream_unavailable", until: permit.until };
  const { account, probe } = permit;
  const redactor = redactorFor(configuration);
  return { tag: "send", upstream: { ...account, redactor, fetch: sendOut }, account: account.name, probe };
}

/** Sends createTask. The caller has stored the intent; the output gate keeps the request until it is on disk. */
export async function submitStep(
  record: TaskRecord,
  context: StepContext,
  { upstream, account }: SubmissionPermit,
): Promise<Submitted> {
  const sentAt = Date.now();
  const outcome = await createTask(upstream, record.task, requestOptions(record, context, sentAt));
  return { tag: "submitted", sentAt, outcome, solver: context.configuration.solver, account };
}

/** Sends getTaskResult to the account that has the task. An account that is no longer configured cannot be asked. */
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
 * Reports what an answer says about its account. Called after the event is stored: a paid answer must not wait for it.
 * @returns a promise to await where the task's next step depends on it: after a refused submission, which tries the next account
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
  if (outcome.tag === "created" || outcome.tag === "ready") void accountView.countTask(env, account, now);
}

/** A rejected request shows it too: the upstream has looked past the account. An error without a code may be about anything. */
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
