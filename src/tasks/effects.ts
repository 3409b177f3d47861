// A task's calls to its tenant's object and to webhook receivers. Each step returns the event that came of it, never changes the
// record, and never throws for an expected error. Calls to the upstream are in upstream-effects.ts.

import type { Configuration, Env } from "../env.ts";
import { describeError, log } from "../log.ts";
import { isUnavailable } from "../object-retry.ts";
import type { TaskOrigin } from "../tenants/incarnation.ts";
import type { TaskOutcome } from "../tenants/ledger.ts";
import type { WebhookSettings } from "../tenants/rpc.ts";
import { deliverWebhook } from "../webhooks/deliver.ts";
import { signWebhook } from "../webhooks/sign.ts";
import type { AdmissionOutcome, TaskEvent } from "./events.ts";
import type { TaskRecord } from "./record.ts";
import { solveBoundsOf } from "./record.ts";
import { TASK_ID_PREFIX } from "./task-id.ts";
import { taskWebhook } from "./task-webhook.ts";
import { entryMayWait } from "./timers.ts";

/** What a step may use. */
export interface StepContext {
  readonly env: Env;
  readonly configuration: Configuration;
  /** Aborted when the task is final: what upstream would still say is of no use then. */
  readonly final: AbortSignal;
}

/** The tenant's object of a task. */
function tenantOf(record: TaskRecord, env: Env) {
  return env.TENANTS.get(env.TENANTS.idFromName(record.tenantId));
}

/** Asks the tenant's object for a slot. */
export async function admitStep(record: TaskRecord, { env }: StepContext): Promise<TaskEvent> {
  const outcome = await askTenant(record, "admission", (): Promise<AdmissionOutcome> => {
    return tenantOf(record, env).admit({ ...ledgerFieldsOf(record), deadlineAt: record.deadlineAt });
  });
  return { tag: "admission", outcome: outcome ?? { tag: "unavailable" } };
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
  const { entered, streaming, settings } = result;
  if (streaming) void publishEvent(record, env);
  return { event: { tag: entered ? "outcome_recorded" : "slot_released", endpoint: settings.endpoint }, settings };
}

/** Sends the task's event to the stream's clients. Nothing waits for it: a client that missed it asks with `since`. */
async function publishEvent(record: TaskRecord, env: Env): Promise<void> {
  const webhook = taskWebhook(record);
  if (webhook === null) return;
  await askTenant(record, "event stream", async () => {
    await tenantOf(record, env).publishEvent(originOf(record), record.mode, webhook);
    return true;
  });
}

function taskOutcomeOf(record: TaskRecord): TaskOutcome {
  const bounds = solveBoundsOf(record);
  return {
    ...ledgerFieldsOf(record),
    status: record.status,
    finishedAt: record.finishedAt ?? record.createdAt,
    solveMs: bounds?.solveMs ?? null,
    unsolvedMs: bounds?.unsolvedMs ?? null,
    errorCode: record.error?.code ?? null,
    webhookState: record.delivery?.state ?? null,
  };
}

function ledgerFieldsOf(record: TaskRecord) {
  const { id, mode, reference, keyId, task } = record;
  return { ...originOf(record), taskId: id, mode, website: new URL(task.websiteURL).host, reference, keyId };
}

function originOf({ createdAt, tenantSince }: TaskRecord): TaskOrigin {
  return { createdAt, tenantSince };
}

/** Asks the tenant's object for the terms of a later attempt; null when it does not answer. */
export function requestWebhookSettings(record: TaskRecord, { env }: StepContext): Promise<WebhookSettings | null> {
  return askTenant(record, "webhook settings", () =>
    tenantOf(record, env).webhookSettings(originOf(record), record.mode),
  );
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
  const event = taskWebhook(record);
  if (delivery === null || event === null || settings.secrets.length === 0) {
    const outcome = { tag: "gone", status: null, error: "tenant_gone" } as const;
    return { tag: "delivered", sentAt, outcome, jitter };
  }
  const webhook = signWebhook(event.id, event.body, settings.secrets, sentAt);
  const outcome = await deliverWebhook(delivery.url, webhook, {
    fetch: (request) => fetch(request),
    allowPrivate: configuration.allowPrivateWebhooks,
    traceparent: record.traceparent,
  });
  if (outcome.tag === "gone" && delivery.source === "tenant") {
    await askTenant(record, "disabling the endpoint", () =>
      tenantOf(record, env).disableEndpoint(delivery.url, originOf(record), record.mode),
    );
  }
  return { tag: "delivered", sentAt, outcome, jitter };
}

/** Enters where the webhook attempts stand into the ledger. What is lost here is only a column of a list. */
export async function recordDeliveryState(record: TaskRecord, { env }: StepContext): Promise<void> {
  const { delivery } = record;
  if (delivery === null) return;
  await askTenant(record, "delivery note", async () => {
    await tenantOf(record, env).recordDeliveryState({
      ...originOf(record),
      taskId: record.id,
      webhookState: delivery.state,
    });
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
    const details = { ...ids, what, ...describeError(error) };
    if (isUnavailable(error)) log("warn", "tenant_unavailable", details);
    else log("error", "tenant_call_failed", details);
    return null;
  }
}
