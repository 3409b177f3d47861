// A task's calls to its tenant's object and to webhook receivers. Each step returns an event to apply, and does not throw for expected
// errors. Calls to the upstream are in upstream-effects.ts.

import type { Configuration, Env } from "../env.ts";
import { describeError, log } from "../log.ts";
import { isUnavailable } from "../object-retry.ts";
import { websiteHost } from "../tenants/hosts.ts";
import type { TaskOrigin } from "../tenants/incarnation.ts";
import type { TaskOutcome } from "../tenants/ledger.ts";
import type { AdmissionReceipt, OutcomeReceipt, TaskSettings, WebhookSettings } from "../tenants/rpc.ts";
import { deliverWebhook } from "../webhooks/deliver.ts";
import { signWebhook } from "../webhooks/sign.ts";
import type { TaskEvent } from "./events.ts";
import type { TaskRecord } from "./record.ts";
import { solveBoundsOf } from "./record.ts";
import { redactSolution } from "./redact-solution.ts";
import { TASK_ID_PREFIX } from "./task-id.ts";
import type { TaskWebhook } from "./task-webhook.ts";
import { eventTypeOf, taskWebhook } from "./task-webhook.ts";
import type { WebhookSettingsCache } from "./webhook-settings.ts";

/** The event of a webhook attempt. */
export type DeliveredEvent = Extract<TaskEvent, { tag: "delivered" }>;

/** Dependencies of the steps. */
export interface StepContext {
  readonly env: Env;
  readonly configuration: Configuration;
  /** Aborted when the task becomes final, because the upstream's response is no longer needed. */
  readonly final: AbortSignal;
  readonly webhookSettings: WebhookSettingsCache;
}

function tenantOf(record: TaskRecord, env: Env) {
  return env.TENANTS.get(env.TENANTS.idFromName(record.tenantId));
}

/** Requests a slot from the tenant's object. The response contains the webhook settings. */
export async function admitStep(record: TaskRecord, { env, webhookSettings }: StepContext): Promise<TaskEvent> {
  const askedAt = Date.now();
  const receipt = await askTenant(record, "admission", async (): Promise<AdmissionReceipt> => {
    return tenantOf(record, env).admit({ ...ledgerFieldsOf(record), deadlineAt: record.deadlineAt });
  });
  if (receipt === null) return { tag: "admission", outcome: { tag: "unavailable" } };
  if (receipt.webhook !== null) webhookSettings.keep(receipt.webhook, askedAt);
  return { tag: "admission", outcome: receipt.outcome };
}

/**
 * Reports the outcome to the tenant's object, which frees the slot. The response contains the webhook settings. If a stream client was
 * connected at admission, the first report contains the event. Settings from a report list no streamed events, so later ones do not.
 * @param mayWait whether the ledger entry may wait for the first webhook attempt
 */
export async function reportOutcomeStep(
  record: TaskRecord,
  { env, webhookSettings }: StepContext,
  mayWait: boolean,
): Promise<TaskEvent> {
  const askedAt = Date.now();
  const receipt = await askTenant(record, "outcome report", async (): Promise<OutcomeReceipt> => {
    return tenantOf(record, env).reportOutcome(taskOutcomeOf(record), mayWait, streamedEvent(record, webhookSettings));
  });
  if (receipt === null) return { tag: "report_failed" };
  const { entered, streaming, settings } = receipt;
  webhookSettings.keep(settings, askedAt);
  if (streaming) void publishEvent(record, env);
  return { tag: entered ? "outcome_recorded" : "endpoint_known", endpoint: settings.endpoint };
}

/** The event to send with the report, or null if no stream client is known to want it. */
function streamedEvent(record: TaskRecord, settings: WebhookSettingsCache): TaskWebhook | null {
  const type = eventTypeOf(record.status);
  return type !== null && settings.streams(type, Date.now()) ? taskWebhook(record) : null;
}

/** Sends the event to stream clients that connected after admission. Best effort: a client can get missed events with `since`. */
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
  };
}

function ledgerFieldsOf(record: TaskRecord) {
  const { id, mode, reference, keyId, task } = record;
  const website = websiteHost(task.websiteURL) ?? new URL(task.websiteURL).hostname;
  const webhookState = record.delivery?.state ?? null;
  return { ...originOf(record), taskId: id, mode, website, reference, keyId, webhookState };
}

function originOf({ createdAt, tenantSince }: TaskRecord): TaskOrigin {
  return { createdAt, tenantSince };
}

/** The webhook settings for a later attempt, from the tenant's object or, if that fails, from memory. */
export async function currentWebhookSettings(
  record: TaskRecord,
  context: StepContext,
): Promise<WebhookSettings | null> {
  return (await requestWebhookSettings(record, context)) ?? context.webhookSettings.current(Date.now());
}

/** Requests the webhook settings from the tenant's object. Null if the call fails. */
export async function requestWebhookSettings(
  record: TaskRecord,
  { env, webhookSettings }: StepContext,
): Promise<WebhookSettings | null> {
  const askedAt = Date.now();
  const settings = await askTenant(record, "webhook settings", async (): Promise<TaskSettings> => {
    return tenantOf(record, env).webhookSettings(originOf(record), record.mode);
  });
  if (settings !== null) webhookSettings.keep(settings, askedAt);
  return settings;
}

/** Sends a webhook attempt. */
export async function deliverStep(
  record: TaskRecord,
  { configuration }: StepContext,
  settings: WebhookSettings,
): Promise<DeliveredEvent> {
  const { delivery, solution } = record;
  const sentAt = Date.now();
  const jitter = Math.random() * 2 - 1;
  const event = taskWebhook(record);
  if (delivery === null || event === null || settings.secrets.length === 0) {
    const outcome = { tag: "gone", status: null, error: "tenant_gone" } as const;
    return { tag: "delivered", sentAt, outcome, jitter };
  }
  const webhook = signWebhook(event.id, event.body, settings.secrets, sentAt);
  const { outcome, responseBody } = await deliverWebhook(delivery.url, webhook, {
    fetch: (request) => fetch(request),
    allowPrivate: configuration.allowPrivateWebhooks,
    traceparent: record.traceparent,
    redact: (text) => redactSolution(text, solution),
  });
  return { tag: "delivered", sentAt, outcome, responseBody, jitter };
}

/** Asks the tenant's object to disable its endpoint, which returned 410. */
export async function disableEndpointStep(record: TaskRecord, url: string, { env }: StepContext): Promise<void> {
  await askTenant(record, "disabling the endpoint", async () => {
    await tenantOf(record, env).disableEndpoint(url, originOf(record), record.mode);
    return true;
  });
}

/** Updates the webhook state in the ledger. Best effort: it is only shown in lists. */
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

/** Marks a pending webhook as exhausted in the ledger, which is kept longer than the task. */
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
    if (isUnavailable(error)) log("warn", "tenant_unavailable", { ...details });
    else log("error", "tenant_call_failed", { ...details });
    return null;
  }
}
