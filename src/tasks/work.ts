// Runs the steps of a task that are due: makes the call and applies its event.

import { tracing } from "cloudflare:workers";
import type { WebhookSettings } from "../tenants/rpc.ts";
import type { StepContext } from "./effects.ts";
import {
  admitStep,
  currentWebhookSettings,
  deliverStep,
  disableEndpointStep,
  recordDeliveryState,
  recordPurge,
  reportOutcomeStep,
  requestWebhookSettings,
} from "./effects.ts";
import type { TaskEvent } from "./events.ts";
import type { TaskRecord } from "./record.ts";
import { reportExhausted } from "./report.ts";
import type { TaskState } from "./state.ts";
import { isFinal } from "./status.ts";
import { TASK_ID_PREFIX } from "./task-id.ts";
import { attemptDue, entryMayWait, MAX_EARLY_MS, nextAction } from "./timers.ts";
import { pollStep, reportAccount, requestSubmission, submitStep } from "./upstream-effects.ts";

/** The maximum number of steps per alarm, so that a bug cannot cause an endless loop. */
const MAX_STEPS = 16;

/** Runs steps until none is due. `contextOf` is called for each step. */
export async function doDueSteps(state: TaskState, contextOf: () => StepContext): Promise<void> {
  let waited = false;
  for (let step = 0; step < MAX_STEPS && state.record !== null; step += 1) {
    // The clock first, so that an expired solution is erased even if a later step fails.
    const record = state.apply({ tag: "clock" });
    const context = contextOf();
    const action = nextAction(record, Date.now());
    switch (action.tag) {
      case "sleep":
        if (waited || action.until - Date.now() > MAX_EARLY_MS) return;
        waited = true;
        await waitUntil(action.until, context.final);
        break;
      case "admit":
        state.apply(await traced("admission", record, () => admitStep(record, context)));
        break;
      case "submit":
        await submit(state, record, context);
        break;
      case "poll":
        await poll(state, record, context);
        break;
      case "report":
        await report(state, record, context);
        break;
      case "deliver":
        await deliver(state, context, await currentWebhookSettings(record, context));
        break;
      case "purge":
        await purge(state, record, context);
        break;
    }
  }
}

/** Waits until `at` (ms) or until the task is final, so that its webhook is not delayed. */
async function waitUntil(at: number, final: AbortSignal): Promise<void> {
  try {
    await scheduler.wait(at - Date.now(), { signal: final });
  } catch {
    // The task is final.
  }
}

/** Runs a step inside the span `task.<step>` of Workers tracing. Its attributes contain no key, token, cookie or secret. */
function traced<Event extends TaskEvent>(step: string, record: TaskRecord, work: () => Promise<Event>): Promise<Event> {
  return tracing.enterSpan(`task.${step}`, async (span) => {
    // Attributes cost time, and most invocations are not sampled.
    if (!span.isTraced) return work();
    span.setAttributes({
      "solvegate.task_id": TASK_ID_PREFIX + record.id,
      "solvegate.tenant_id": record.tenantId,
      "solvegate.mode": record.mode,
    });
    const event = await work();
    span.setAttributes({
      "solvegate.outcome": "outcome" in event ? event.outcome.tag : event.tag,
      "solvegate.upstream_account": "account" in event ? event.account : undefined,
    });
    return event;
  });
}

async function submit(state: TaskState, record: TaskRecord, context: StepContext): Promise<void> {
  const permit = await requestSubmission(record, context);
  if (permit.tag === "held") {
    state.apply(permit);
    return;
  }
  // The task may have been canceled while the permit was requested.
  const submitting = state.apply({ tag: "submitting" });
  if (isFinal(submitting.status)) return;
  const event = await traced("submission", submitting, () => submitStep(submitting, context, permit));
  state.apply(event);
  await reportAccount(context, event, permit.probe);
}

async function poll(state: TaskState, record: TaskRecord, context: StepContext): Promise<void> {
  const { webhookSettings } = context;
  const refresh = webhookSettings.needsRefresh(record.delivery !== null, Date.now());
  const polling = traced("poll", record, () => pollStep(record, context));
  const refreshing = refresh ? requestWebhookSettings(record, context) : null;
  const event = await polling;
  const after = state.apply(event);
  // Not awaited, because the next poll does not depend on it.
  void reportAccount(context, event);
  if (isFinal(after.status) && webhookSettings.current(Date.now()) === null) await refreshing;
}

/** Reports the outcome. If the webhook settings are cached, the first webhook attempt is made before. */
async function report(state: TaskState, record: TaskRecord, context: StepContext): Promise<void> {
  const settings = context.webhookSettings.current(Date.now());
  if (settings === null) {
    // The report frees the slot and returns the settings. The ledger entry waits for the attempt, if there is one.
    const mayWait = record.delivery === null ? record.strikes === 0 : entryMayWait(record, Date.now());
    const after = state.apply(await reportOutcomeStep(record, context, mayWait));
    const received = context.webhookSettings.current(Date.now());
    if (received !== null && attemptDue(after, Date.now())) await deliver(state, context, received);
    return;
  }
  const adopted = state.apply({ tag: "endpoint_known", endpoint: settings.endpoint });
  if (entryMayWait(adopted, Date.now())) await deliver(state, context, settings);
  // After an attempt, the next step reports the outcome together with the webhook state.
  else state.apply(await reportOutcomeStep(adopted, context, false));
}

/** Makes the webhook attempt that is due. Its result is stored before anything else is awaited. */
async function deliver(state: TaskState, context: StepContext, settings: WebhookSettings | null): Promise<void> {
  if (settings === null) {
    state.apply({ tag: "webhook_settings_missing" });
    return;
  }
  // The solution may have expired while the settings were requested.
  const before = state.apply({ tag: "clock" });
  const due = state.apply({ tag: "endpoint_changed", endpoint: settings.endpoint });
  const { delivery } = due;
  if (delivery === null) return;
  let after = due;
  if (delivery.nextAttemptAt !== null) {
    const attempt = traced("delivery", due, () => deliverStep(due, context, settings));
    // In parallel with the attempt, so that a slow receiver does not keep the slot. The ledger entry waits for the result.
    const releasing = due.settled ? null : reportOutcomeStep(due, context, true);
    const event = await attempt;
    after = state.apply(event);
    await releasing;
    if (event.outcome.tag === "gone" && delivery.source === "tenant") {
      await disableEndpointStep(due, delivery.url, context);
    }
  }
  if (after.delivery?.state === "exhausted") reportExhausted(after);
  // If the ledger has no entry yet, the report that follows contains this state.
  if (after.settled && after.delivery?.state !== before.delivery?.state) await recordDeliveryState(after, context);
}

async function purge(state: TaskState, record: TaskRecord, context: StepContext): Promise<void> {
  await recordPurge(record, context);
  // A redelivery may have been requested in the meantime.
  if (nextAction(state.apply({ tag: "clock" }), Date.now()).tag === "purge") await state.purge();
}
