// The TaskObject: one per task, the atom of coordination. It loads the record, asks the pure lifecycle, does the step that is
// due, stores, and arms its one alarm. It decides nothing about states or times itself, and knows no HTTP shapes.

import { DurableObject } from "cloudflare:workers";
import type { Env } from "../env.ts";
import { configurationOf } from "../env.ts";
import { describeError, log } from "../log.ts";
import type { WebhookSettings } from "../tenants/state.ts";
import { UPSTREAM_TIMEOUT_MS } from "../upstream/client.ts";
import { isVolatile } from "./durability.ts";
import type { StepContext } from "./effects.ts";
import {
  admitStep,
  deliverStep,
  recordDeliveryState,
  recordPurge,
  reportOutcomeStep,
  requestWebhookSettings,
} from "./effects.ts";
import type { TaskEvent } from "./events.ts";
import { applyEvent } from "./lifecycle.ts";
import { LongPollSubscribers } from "./long-poll.ts";
import type { TaskRecord } from "./record.ts";
import { isFinal, newRecord, RECORD_KEY, taskRecordSchema } from "./record.ts";
import { reportChange, reportExhausted } from "./report.ts";
import type { AcceptRequest, AcceptResult, CancelResult, ClaimResult, RedeliverResult, TaskOwner } from "./rpc.ts";
import { ALARM_OVERDUE_MS, attemptDue, nextAction, nextWakeAt, recover } from "./timers.ts";
import { permitFor, pollStep, submitStep } from "./upstream-effects.ts";

/** Steps of one alarm: more than any task has due at once, so that a fault of ours cannot spin for ever. */
const MAX_STEPS = 16;

/** Unexpected exceptions in a row after which a task fails with `internal`. */
const MAX_CONSECUTIVE_FAILURES = 10;

/** A record that cannot be read is looked at again after this (ms). */
const UNREADABLE_RETRY_MS = 600_000;

export class TaskObject extends DurableObject<Env> {
  #record: TaskRecord | null = null;
  #opening: Promise<void> | null = null;
  /** When the alarm rings (ms), as far as this instance knows; null while none is set. */
  #armedAt: number | null = null;
  /** The alarm's handler runs: its end arms the alarm, so nobody else needs to. */
  #working = false;
  readonly #subscribers = new LongPollSubscribers();
  /** Aborted as the task becomes final. */
  #final = new AbortController();

  /** Takes a task, durably, or finds the one that was taken under the same idempotency key. No I/O but storage. */
  async accept(request: AcceptRequest): Promise<AcceptResult> {
    await this.#open(null);
    const known = this.#owned(request);
    if (known !== null) {
      return known.bodyHash === request.bodyHash ? { tag: "replayed", record: known } : { tag: "mismatch" };
    }
    const { replayOnly, since: _, ...task } = request;
    if (replayOnly || this.#record !== null) return { tag: "absent" };
    const now = Date.now();
    const record = newRecord({ ...task, id: this.ctx.id.toString() }, now);
    // No await between the two: record and alarm are one transaction, and the answer waits for it at the output gate.
    this.#store(record);
    this.#record = record;
    this.#final = new AbortController();
    this.#arm(nextWakeAt(record, now));
    reportChange(this.env.ANALYTICS, null, record);
    return { tag: "accepted", record };
  }

  /** The task as it is now or, when it is unfinished, as it is after at most `waitMs`. Null where it does not exist. */
  async view(owner: TaskOwner, waitMs: number): Promise<TaskRecord | null> {
    const record = await this.#look(owner);
    if (record === null || isFinal(record.status) || waitMs <= 0) return record;
    await this.#subscribers.wait(waitMs);
    return this.#look(owner);
  }

  /** Cancels an unfinished task; a canceled one stays so. */
  async cancel(owner: TaskOwner): Promise<CancelResult> {
    const before = await this.#look(owner);
    if (before === null) return { tag: "absent" };
    if (isFinal(before.status) && before.status !== "canceled") return { tag: "finished" };
    const record = this.#apply({ tag: "cancel" });
    if (record !== before) this.#rearm();
    return { tag: "canceled", record };
  }

  /** Hands out the solution once and for all, erasing it in the same write. */
  async claim(owner: TaskOwner): Promise<ClaimResult> {
    const before = await this.#look(owner);
    if (before === null) return { tag: "absent" };
    if (before.status !== "ready") return { tag: "not_ready" };
    if (before.solutionState === "claimed") return { tag: "already_claimed" };
    if (before.solution === null) return { tag: "expired" };
    this.#apply({ tag: "claim" });
    return { tag: "claimed", solution: before.solution };
  }

  /** Starts a fresh round of webhook attempts, to the task's own address or else to the tenant's present endpoint. */
  async redeliver(owner: TaskOwner): Promise<RedeliverResult> {
    const before = await this.#look(owner);
    if (before === null) return { tag: "absent" };
    if (!isFinal(before.status)) return { tag: "not_redeliverable" };
    const own = before.delivery?.source === "task";
    const settings = own ? null : await requestWebhookSettings(before, this.#context());
    if (!own && settings === null) throw new Error("the tenant's object did not say where its webhooks go");
    const endpoint = settings?.endpoint ?? null;
    if (!own && endpoint === null) return { tag: "not_redeliverable" };
    const record = this.#apply({ tag: "redeliver", endpoint });
    this.#rearm();
    if (record.settled) await recordDeliveryState(record, this.#context());
    return { tag: "redelivering", record };
  }

  /** Called by the tenant's object: a slot is free, or a lease ran out unsettled. Mends an alarm that was lost. */
  async wake(): Promise<void> {
    await this.#open(null);
    if (this.#record === null) return;
    this.#apply({ tag: "woken" });
    this.#rearm();
  }

  /** Called by the tenant's object when the tenant is deleted. */
  async abandon(tenantId: string): Promise<void> {
    await this.#open(null);
    if (this.#record?.tenantId !== tenantId) return;
    this.#apply({ tag: "cancel" });
    this.#rearm();
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    try {
      await this.#open(info?.scheduledTime ?? null);
    } catch (error) {
      // A record that this version cannot read: a later one may. It is not touched, and not forgotten.
      log("error", "task_unreadable", { taskId: `tsk_${this.ctx.id.toString()}`, ...describeError(error) });
      this.#arm(Date.now() + UNREADABLE_RETRY_MS);
      return;
    }
    this.#armedAt = null;
    if (this.#record === null || this.#working) return;
    this.#working = true;
    try {
      await this.#work();
      if (this.#record !== null) this.#apply({ tag: "step_succeeded" });
    } catch (error) {
      // Thrown on, the platform would try six times and then drop the alarm: a silent, dead task.
      if (this.#record === null) throw error;
      const { id, tenantId } = this.#record;
      log("error", "task_step_failed", { taskId: `tsk_${id}`, tenantId, ...describeError(error) });
      this.#apply({ tag: "step_failed", limit: MAX_CONSECUTIVE_FAILURES });
    } finally {
      this.#working = false;
    }
    if (this.#record !== null) this.#arm(nextWakeAt(this.#record, Date.now()));
  }

  async #work(): Promise<void> {
    for (let step = 0; step < MAX_STEPS; step += 1) {
      // First of all: what has expired is erased even where everything after it fails.
      const record = this.#apply({ tag: "clock" });
      const context = this.#context();
      const now = Date.now();
      const action = nextAction(record, now);
      switch (action.tag) {
        case "sleep":
          return;
        case "admit":
          this.#apply(await admitStep(record, context));
          break;
        case "submit":
          await this.#submit(record, context);
          break;
        case "poll":
          this.#apply(await pollStep(record, context));
          break;
        case "report": {
          const { event, settings } = await reportOutcomeStep(record, context);
          const after = this.#apply(event);
          if (settings !== null) await this.#deliver(after, context, settings);
          break;
        }
        case "deliver":
          await this.#deliver(record, context, await requestWebhookSettings(record, context));
          break;
        case "purge":
          await recordPurge(record, context);
          // A redelivery may have been taken meanwhile: it has its attempt first.
          if (nextAction(this.#apply({ tag: "clock" }), Date.now()).tag !== "purge") break;
          await this.ctx.storage.deleteAll();
          this.#record = null;
          return;
      }
      if (this.#record === null) return;
    }
  }

  async #submit(record: TaskRecord, context: StepContext): Promise<void> {
    const permit = await permitFor(record, context);
    if (typeof permit !== "string") {
      this.#apply(permit);
      return;
    }
    // A cancel may have come while the breaker was asked: only what is still queued is submitted.
    const submitting = this.#apply({ tag: "submitting" });
    if (isFinal(submitting.status)) return;
    this.#apply(await submitStep(submitting, context, permit === "probe"));
  }

  async #deliver(record: TaskRecord, context: StepContext, settings: WebhookSettings | null): Promise<void> {
    if (!attemptDue(record, Date.now())) return;
    if (settings === null) {
      this.#apply({ tag: "webhook_settings_missing" });
      return;
    }
    // The solution may have died while its terms were asked for.
    this.#apply({ tag: "clock" });
    const due = this.#apply({ tag: "endpoint_changed", endpoint: settings.endpoint });
    const after = due.delivery?.nextAttemptAt === null ? due : this.#apply(await deliverStep(due, context, settings));
    if (after.delivery?.state === "exhausted") reportExhausted(after);
    // Where the ledger has no entry yet, the one that follows bears the state.
    if (after.settled && after.delivery?.state !== record.delivery?.state) await recordDeliveryState(after, context);
  }

  #context(): StepContext {
    return { env: this.env, configuration: configurationOf(this.env), final: this.#final.signal };
  }

  /** The caller's task, brought up to the clock, so that no read hands out a dead solution or shows a passed deadline. */
  async #look(owner: TaskOwner): Promise<TaskRecord | null> {
    await this.#open(null);
    if (this.#owned(owner) === null) return null;
    const record = this.#apply({ tag: "clock" });
    const overdue = this.#armedAt === null || this.#armedAt < Date.now() - ALARM_OVERDUE_MS;
    if (overdue && !this.#working) {
      log("warn", "alarm_overdue", { taskId: `tsk_${record.id}`, tenantId: record.tenantId });
      this.#rearm();
    }
    return record;
  }

  #owned(owner: TaskOwner): TaskRecord | null {
    const record = this.#record;
    if (record === null || record.tenantId !== owner.tenantId || record.mode !== owner.mode) return null;
    return record.createdAt >= owner.since ? record : null;
  }

  /** Applies a fact to the record as it is now, whatever was awaited before, and stores what must survive. */
  #apply(event: TaskEvent): TaskRecord {
    const before = this.#record;
    if (before === null) throw new Error("an event for a task that is no more");
    const after = applyEvent(before, event, Date.now());
    if (after === before) return after;
    // Storage first: where it refuses a record, memory must not run ahead of it.
    if (!isVolatile(before, event)) this.#store(after);
    this.#record = after;
    if (after.status !== before.status) {
      reportChange(this.env.ANALYTICS, before, after);
      if (isFinal(after.status)) {
        this.#subscribers.release();
        // A cancel does not wait for the exchange that is under way: its webhook and its slot would wait with it.
        this.#final.abort();
      }
    }
    return after;
  }

  #store(record: TaskRecord): void {
    this.ctx.storage.kv.put(RECORD_KEY, record);
  }

  #arm(at: number): void {
    this.#armedAt = at;
    // Not awaited: a failed write breaks the output gate and with it this instance, so no answer can leave without it.
    void this.ctx.storage.setAlarm(at);
  }

  /** Arms for what the record needs now, unless the alarm's handler is at work and will. */
  #rearm(): void {
    if (this.#record === null || this.#working) return;
    this.#arm(nextWakeAt(this.#apply({ tag: "rearmed" }), Date.now()));
  }

  #open(alarmAt: number | null): Promise<void> {
    this.#opening ??= this.#load(alarmAt).catch((error: unknown) => {
      this.#opening = null;
      throw error;
    });
    return this.#opening;
  }

  async #load(rungAt: number | null): Promise<void> {
    const stored: unknown = this.ctx.storage.kv.get(RECORD_KEY);
    if (stored === undefined) return;
    const armedAt = rungAt ?? (await this.ctx.storage.getAlarm());
    this.#armedAt = armedAt;
    const record = taskRecordSchema.parse(stored);
    const now = Date.now();
    const recovered = recover(record, armedAt, now, UPSTREAM_TIMEOUT_MS);
    const resumed = applyEvent(recovered, { tag: "interrupted" }, now);
    // An alarm that does not follow a poll's answer must find its reason on disk, or the next load would misread it.
    if (resumed !== record) this.#store(resumed);
    this.#record = resumed;
  }
}
