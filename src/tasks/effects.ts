// The effects of a task: each step does its one exchange (with the tenant's object, with upstream, with a receiver) and
// returns the fact that came of it. Refuses to change the record: that is the lifecycle's. It never throws for expected faults.

import type { Configuration, Env } from "../env.ts";
import { describeError, log } from "../log.ts";
import type { TaskOutcome } from "../tenants/ledger.ts";
import type { WebhookSettings } from "../tenants/state.ts";
import { closeBreaker, openBreaker, requestPermit } from "../upstream/breaker.ts";
import type { Upstream } from "../upstream/client.ts";
import { createTask, getTaskResult, UPSTREAM_TIMEOUT_MS } from "../upstream/client.ts";
import type { CreateOutcome, PollOutcome } from "../upstream/protocol.ts";
import { createSandbox } from "../upstream/sandbox.ts";
import { deliverWebhook } from "../webhooks/deliver.ts";
import { signWebhook } from "../webhooks/sign.ts";
import type { AdmissionOutcome, TaskEvent } from "./events.ts";
import { presentTask, TASK_ID_PREFIX } from "./present.ts";
import type { TaskRecord } from "./record.ts";
import { solveBoundsOf } from "./record.ts";
import { entryMayWait } from "./timers.ts";

/** What a step may use. */
export interface StepContext {
  readonly env: Env;
  readonly configuration: Configuration;
  /** Aborted when the task is final: what upstream would still say is of no use then. */
  readonly final: AbortSignal;
}

/** Less than this (ms) is not given to any exchange, even when the deadline is nearer: a healthy answer fits in it. */
const MIN_EXCHANGE_MS = 1_000;

/** A held submission looks again after this (ms). */
const HOLD_MS = 15_000;

const sandbox = createSandbox();
const SANDBOX: Upstream = {
  url: "http://sandbox.invalid",
  // A key is taken out of every word that an answer says: so this one is no word.
  clientKey: "a-key-that-opens-nothing",
  fetch: async (request) => sandbox.fetch(request),
};

function upstreamOf(record: TaskRecord, configuration: Configuration): Upstream | null {
  if (record.mode === "test") return SANDBOX;
  const { upstreamUrl, upstreamClientKey } = configuration;
  if (upstreamClientKey === null) return null;
  return { url: upstreamUrl, clientKey: upstreamClientKey, fetch: (request) => fetch(request) };
}

/** The tenant's object of a task. */
function tenantOf(record: TaskRecord, env: Env) {
  return env.TENANTS.get(env.TENANTS.idFromName(record.tenantId));
}

function requestOptions(record: TaskRecord, { final }: StepContext, now: number) {
  const left = record.deadlineAt - now;
  return {
    timeoutMs: Math.min(Math.max(left, MIN_EXCHANGE_MS), UPSTREAM_TIMEOUT_MS),
    traceparent: record.traceparent,
    signal: final,
  };
}

/** Asks the tenant's object for a slot. */
export async function admitStep(record: TaskRecord, { env }: StepContext): Promise<TaskEvent> {
  const outcome = await askTenant(record, "admission", (): Promise<AdmissionOutcome> => {
    const { id: taskId, mode, createdAt, deadlineAt, task } = record;
    return tenantOf(record, env).admit({ taskId, mode, createdAt, deadlineAt, website: new URL(task.websiteURL).host });
  });
  return { tag: "admission", outcome: outcome ?? { tag: "unavailable" } };
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

/** Hands the outcome to the tenant's object, which frees the slot; the terms for the webhook come back with it. */
export async function reportOutcomeStep(
  record: TaskRecord,
  { env }: StepContext,
): Promise<{ readonly event: TaskEvent; readonly settings: WebhookSettings | null }> {
  const result = await askTenant(record, "outcome report", () =>
    tenantOf(record, env).reportOutcome(taskOutcomeOf(record), entryMayWait(record, Date.now())),
  );
  if (result === null) return { event: { tag: "report_failed" }, settings: null };
  const { entered, settings } = result;
  return { event: { tag: entered ? "outcome_recorded" : "slot_released", endpoint: settings.endpoint }, settings };
}

function taskOutcomeOf(record: TaskRecord): TaskOutcome {
  const bounds = solveBoundsOf(record);
  return {
    taskId: record.id,
    mode: record.mode,
    createdAt: record.createdAt,
    website: new URL(record.task.websiteURL).host,
    status: record.status,
    finishedAt: record.finishedAt ?? record.createdAt,
    solveMs: bounds?.solveMs ?? null,
    unsolvedMs: bounds?.unsolvedMs ?? null,
    errorCode: record.error?.code ?? null,
    webhookState: record.delivery?.state ?? null,
  };
}

/** Asks the tenant's object for the terms of a later attempt; null when it does not answer. */
export function requestWebhookSettings(record: TaskRecord, { env }: StepContext): Promise<WebhookSettings | null> {
  return askTenant(record, "webhook settings", () => tenantOf(record, env).webhookSettings(record.createdAt));
}

/** Makes one webhook attempt. */
export async function deliverStep(
  record: TaskRecord,
  context: StepContext,
  settings: WebhookSettings,
): Promise<TaskEvent> {
  const { env, configuration } = context;
  const { delivery } = record;
  const sentAt = Date.now();
  const jitter = Math.random() * 2 - 1;
  if (delivery === null || settings.secrets.length === 0) {
    const outcome = { tag: "gone", status: null, error: "tenant_gone" } as const;
    return { tag: "delivered", sentAt, outcome, jitter };
  }
  const body = JSON.stringify({
    type: `task.${record.status}`,
    timestamp: new Date(record.finishedAt ?? sentAt).toISOString(),
    data: presentTask(record),
  });
  const webhook = signWebhook(`msg_${record.id}`, body, settings.secrets, sentAt);
  const outcome = await deliverWebhook(delivery.url, webhook, {
    fetch: (request) => fetch(request),
    allowPrivate: configuration.allowPrivateWebhooks,
    traceparent: record.traceparent,
  });
  if (outcome.tag === "gone" && delivery.source === "tenant") {
    await askTenant(record, "disabling the endpoint", () =>
      tenantOf(record, env).disableEndpoint(delivery.url, record.createdAt),
    );
  }
  return { tag: "delivered", sentAt, outcome, jitter };
}

/** Enters where the webhook attempts stand into the ledger. What is lost here is only a column of a list. */
export async function recordDeliveryState(record: TaskRecord, { env }: StepContext): Promise<void> {
  const { delivery } = record;
  if (delivery === null) return;
  const { id: taskId, createdAt } = record;
  await askTenant(record, "delivery note", async () => {
    await tenantOf(record, env).recordDeliveryState({ taskId, createdAt, webhookState: delivery.state });
    return true;
  });
}

/** Enters the end of webhook attempts that the end of retention cuts off: the ledger outlives the task. */
export async function recordPurge(record: TaskRecord, context: StepContext): Promise<void> {
  const { delivery } = record;
  if (delivery?.state === "pending") {
    await recordDeliveryState({ ...record, delivery: { ...delivery, state: "exhausted" } }, context);
  }
}

async function askTenant<T>(record: TaskRecord, what: string, ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    const ids = { taskId: TASK_ID_PREFIX + record.id, tenantId: record.tenantId };
    log("warn", "tenant_unavailable", { ...ids, what, ...describeError(error) });
    return null;
  }
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
