// Does the steps of a task that are due: asks the timers, makes the request, applies what came of it.

import type { WebhookSettings } from "../tenants/rpc.ts";
import { inSpan } from "../tracing.ts";
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

/** Steps of one alarm: more than any task has due at once, so that a bug cannot loop for ever. */
const MAX_STEPS = 16;

/** Does what is due until nothing is. `contextOf` is called for each step. */
export async function doDueSteps(state: TaskState, contextOf: () => StepContext): Promise<void> {
  let waited = false;
  for (let step = 0; step < MAX_STEPS && state.record !== null; step += 1) {
    // The clock first: an expired solution is erased even where everything after it fails.
    const record = state.apply({ tag: "clock" });
    const context = contextOf();
    const action = nextAction(record, Date.now());
    switch (action.tag) {
      case "sleep":
        if (waited || action.until - Date.now() > MAX_EARLY_MS) return;
        waited = true;
        await scheduler.wait(action.until - Date.now());
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

/** A step inside its span, `task.<step>`, which notes the outcome. */
function traced<Event extends TaskEvent>(step: string, record: TaskRecord, work: () => Promise<Event>): Promise<Event> {
  const { id, tenantId, mode } = record;
  const attributes = {
    "solvegate.task_id": TASK_ID_PREFIX + id,
    "solvegate.tenant_id": tenantId,
    "solvegate.mode": mode,
  };
  return inSpan(`task.${step}`, attributes, work, (event) => ({
    "solvegate.outcome": "outcome" in event ? event.outcome.tag : event.tag,
    "solvegate.upstream_account": "account" in event ? event.account : undefined,
  }));
}

async function submit(state: TaskState, record: TaskRecord, context: StepContext): Promise<void> {
  const permit = await requestSubmission(record, context);
  if (permit.tag === "held") {
    state.apply(permit);
    return;
  }
  // A cancel may have come while the permit was requested: only a task that is still queued is submitted.
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
  // Not awaited: the task polls on whatever becomes of the account.
  void reportAccount(context, event);
  if (isFinal(after.status) && webhookSettings.fresh(Date.now()) === null) await refreshing;
}

/** Reports the outcome. Where the webhook settings are at hand, the first webhook attempt comes before that. */
async function report(state: TaskState, record: TaskRecord, context: StepContext): Promise<void> {
  const settings = context.webhookSettings.fresh(Date.now());
  if (settings === null) {
    // The slot is freed and the settings come back. The ledger entry waits for the attempt, if there is one.
    const mayWait = record.delivery === null ? record.strikes === 0 : entryMayWait(record, Date.now());
    const after = state.apply(await reportOutcomeStep(record, context, mayWait));
    const received = context.webhookSettings.fresh(Date.now());
    if (received !== null && attemptDue(after, Date.now())) await deliver(state, context, received);
    return;
  }
  const adopted = state.apply({ tag: "endpoint_known", endpoint: settings.endpoint });
  if (entryMayWait(adopted, Date.now())) await deliver(state, context, settings);
  // The next step reports the outcome together with what came of the attempt.
  else state.apply(await reportOutcomeStep(adopted, context, false));
}

/** Makes the webhook attempt that is due, and stores its result before anything else is awaited. */
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
    // Beside the attempt, because a slow receiver must not keep a slot. The ledger entry waits for the result.
    const releasing = due.settled ? null : reportOutcomeStep(due, context, true);
    const event = await attempt;
    after = state.apply(event);
    await releasing;
    if (event.outcome.tag === "gone" && delivery.source === "tenant") {
      await disableEndpointStep(due, delivery.url, context);
    }
  }
  if (after.delivery?.state === "exhausted") reportExhausted(after);
  // Where the ledger has no entry yet, the entry that follows has this state.
  if (after.settled && after.delivery?.state !== before.delivery?.state) await recordDeliveryState(after, context);
}

async function purge(state: TaskState, record: TaskRecord, context: StepContext): Promise<void> {
  await recordPurge(record, context);
  // A redelivery may have been requested meanwhile: it has its attempt first.
  if (nextAction(state.apply({ tag: "clock" }), Date.now()).tag === "purge") await state.purge();
}
