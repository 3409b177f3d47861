// The TaskObject, one per task: the calls that other parts of the gateway make, and the alarm. State and storage are in state.ts,
// the steps in work.ts, the decisions in lifecycle.ts and timers.ts.

import { DurableObject } from "cloudflare:workers";
import type { Env } from "../env.ts";
import { configurationOf } from "../env.ts";
import { describeError, log } from "../log.ts";
import { belongsTo } from "../tenants/incarnation.ts";
import type { StepContext } from "./effects.ts";
import { recordDeliveryState, requestWebhookSettings } from "./effects.ts";
import type { NumberAlias } from "./number-alias.ts";
import { AliasStore } from "./number-alias.ts";
import type { Task, TimelineEvent } from "./present.ts";
import { presentTask, presentTimeline } from "./present.ts";
import type { TaskRecord } from "./record.ts";
import { newRecord } from "./record.ts";
import type {
  AcceptRequest,
  AcceptResult,
  CancelResult,
  ClaimResult,
  LongPollResult,
  RedeliverResult,
  TaskOwner,
  TaskRef,
} from "./rpc.ts";
import { TaskState } from "./state.ts";
import { isFinal } from "./status.ts";
import { newTaskId, TASK_ID_PREFIX } from "./task-id.ts";
import type { TaskWebhook } from "./task-webhook.ts";
import { taskWebhook } from "./task-webhook.ts";
import { WebhookSettingsCache } from "./webhook-settings.ts";
import { doDueSteps } from "./work.ts";

/** Consecutive unexpected exceptions after which a task fails with `internal`. */
const MAX_CONSECUTIVE_FAILURES = 10;

export class TaskObject extends DurableObject<Env> {
  /** An instance property, so it cannot be reached by RPC. */
  readonly state = new TaskState({ storage: () => this.ctx.storage, env: () => this.env });
  readonly #webhookSettings = new WebhookSettingsCache();

  readonly #alias: AliasStore = new AliasStore(this.ctx.storage);

  /** Accepts a task durably, or finds the one that was accepted under the same idempotency key. No I/O but storage. */
  async accept(request: AcceptRequest): Promise<AcceptResult> {
    await this.state.open(null);
    const known = this.#owned(request);
    if (known !== null) {
      return isRepeat(known, request) ? { tag: "replayed", task: presentTask(known) } : { tag: "mismatch" };
    }
    const { replayOnly, named, legacyBodyHash: _, ...task } = request;
    const taken = this.state.record !== null || (request.compatTaskId !== null && this.#alias.read() !== null);
    if (replayOnly || taken) return { tag: "absent" };
    const now = Date.now();
    const record = newRecord({ ...task, id: newTaskId(this.ctx.id.toString(), named) }, now);
    this.state.create(record, now);
    this.ctx.waitUntil(this.state.afterAnswer(() => this.#work()));
    return { tag: "accepted", task: presentTask(record) };
  }

  /** Makes this number's object lead to the task of another object. False when the number is taken. */
  async reserveNumber(alias: NumberAlias): Promise<boolean> {
    await this.state.open(null);
    return this.state.record === null && this.#alias.reserve(alias);
  }

  /** The task that this number's object leads to, or null. */
  async aliasedTask(owner: TaskOwner): Promise<string | null> {
    await this.state.open(null);
    return this.#alias.taskIdFor(owner);
  }

  /** Gives the task a number in place of `replaces`, unless it has another by now. Returns the number that it has. */
  async assignNumber(ref: TaskRef, number: number, replaces: number | null): Promise<number | null> {
    const record = await this.#look(ref);
    if (record === null) return null;
    const current = record.compatTaskId ?? null;
    return current === replaces ? (this.state.apply({ tag: "numbered", number }).compatTaskId ?? null) : current;
  }

  /** The task as it is now. Null where it does not exist. */
  async view(ref: TaskRef): Promise<Task | null> {
    const record = await this.#look(ref);
    return record === null ? null : presentTask(record);
  }

  /** The task once it is final or `waitMs` have passed; at once where too many wait already. Null where it does not exist. */
  async longPoll(ref: TaskRef, waitMs: number): Promise<LongPollResult | null> {
    const record = await this.#look(ref);
    if (record === null) return null;
    const { subscribers } = this.state;
    const waits = !isFinal(record.status) && waitMs > 0;
    if (!waits || subscribers.full) return { task: presentTask(record), full: waits };
    await subscribers.wait(waitMs);
    const after = await this.#look(ref);
    return after === null ? null : { task: presentTask(after), full: false };
  }

  /** The timeline of the task. Null where it does not exist. */
  async timeline(ref: TaskRef): Promise<TimelineEvent[] | null> {
    const record = await this.#look(ref);
    return record === null ? null : presentTimeline(record);
  }

  /** The webhook of the task's end. Null while it is unfinished and where it does not exist. */
  async webhook(ref: TaskRef): Promise<TaskWebhook | null> {
    const record = await this.#look(ref);
    return record === null ? null : taskWebhook(record);
  }

  /** Cancels an unfinished task; canceling a canceled task changes nothing. */
  async cancel(ref: TaskRef): Promise<CancelResult> {
    const before = await this.#look(ref);
    if (before === null) return { tag: "absent" };
    if (isFinal(before.status) && before.status !== "canceled") return { tag: "finished" };
    const record = this.state.apply({ tag: "cancel" });
    if (record !== before) this.state.rearm();
    return { tag: "canceled", task: presentTask(record) };
  }

  /** Hands out the solution, once, and erases it in the same write. */
  async claim(ref: TaskRef): Promise<ClaimResult> {
    const before = await this.#look(ref);
    if (before === null) return { tag: "absent" };
    if (before.status !== "ready") return { tag: "not_ready" };
    if (before.solutionState === "claimed") return { tag: "already_claimed" };
    if (before.solution === null) return { tag: "expired" };
    this.state.apply({ tag: "claim" });
    return { tag: "claimed", solution: before.solution };
  }

  /** Starts a new delivery cycle, to the task's own URL or else to the tenant's current endpoint. */
  async redeliver(ref: TaskRef): Promise<RedeliverResult> {
    const before = await this.#look(ref);
    if (before === null) return { tag: "absent" };
    if (!isFinal(before.status)) return { tag: "not_redeliverable" };
    const own = before.delivery?.source === "task";
    const settings = own ? null : await requestWebhookSettings(before, this.#context());
    if (!own && settings === null) throw new Error("the tenant's object did not return its webhook settings");
    const endpoint = settings?.endpoint ?? null;
    if (!own && endpoint === null) return { tag: "not_redeliverable" };
    const record = this.state.apply({ tag: "redeliver", endpoint });
    this.state.rearm();
    if (record.settled) await recordDeliveryState(record, this.#context());
    return { tag: "redelivering", task: presentTask(record) };
  }

  /** Called by the tenant's object when a slot is free or a lease has expired. Sets an alarm again that was lost. */
  async wake(taskId: string): Promise<void> {
    await this.state.open(null);
    if (this.state.record?.id !== taskId) return;
    this.state.apply({ tag: "woken" });
    this.state.rearm();
  }

  /** Called by the tenant's object when the tenant is deleted. */
  async abandon(tenantId: string, taskId: string): Promise<void> {
    await this.state.open(null);
    if (this.state.record?.id !== taskId || this.state.record.tenantId !== tenantId) return;
    this.state.apply({ tag: "cancel" });
    this.state.rearm();
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    const { state } = this;
    try {
      await state.open(info?.scheduledTime ?? null);
    } catch (error) {
      // Another version may be able to read the record, so it stays as it is, and the alarm is set again.
      log("error", "task_unreadable", { taskId: TASK_ID_PREFIX + this.ctx.id.toString(), ...describeError(error) });
      return;
    }
    state.noteAlarm();
    if (state.record === null) return this.#alias.expire(Date.now());
    // The alarm stays until the steps that run now have ended, so that it rings again if the object is evicted in the middle.
    await state.idle();
    await this.#work();
  }

  /** Does what is due, and arms the alarm for what follows. Never throws for a task that exists. */
  async #work(): Promise<void> {
    const { state } = this;
    await state.whileWorking(async () => {
      try {
        await doDueSteps(state, () => this.#context());
        if (state.record !== null) state.apply({ tag: "step_succeeded" });
      } catch (error) {
        // If an alarm threw this on, the platform would retry six times and then drop the alarm for good.
        if (state.record === null) throw error;
        const { id, tenantId } = state.record;
        log("error", "task_step_failed", { taskId: TASK_ID_PREFIX + id, tenantId, ...describeError(error) });
        state.apply({ tag: "step_failed", limit: MAX_CONSECUTIVE_FAILURES });
      }
    });
  }

  #context(): StepContext {
    const configuration = configurationOf(this.env);
    return { env: this.env, configuration, final: this.state.final, webhookSettings: this.#webhookSettings };
  }

  /** The caller's task, brought up to the clock, so that no read returns an expired solution or a task past its deadline. */
  async #look(ref: TaskRef): Promise<TaskRecord | null> {
    await this.state.open(null);
    const owned = this.#owned(ref);
    if (owned === null || (ref.taskId !== null && ref.taskId !== owned.id)) return null;
    const record = this.state.apply({ tag: "clock" });
    this.state.rearmIfOverdue();
    return record;
  }

  #owned({ tenantId, tenantSince, mode }: TaskOwner): TaskRecord | null {
    const { record } = this.state;
    if (record === null || record.tenantId !== tenantId || record.mode !== mode) return null;
    return belongsTo(record, tenantSince) ? record : null;
  }
}

/** Whether a request repeats the one that created the task. Records of older versions have another fingerprint, and no key id. */
function isRepeat(record: TaskRecord, { bodyHash, legacyBodyHash }: AcceptRequest): boolean {
  return record.bodyHash === bodyHash || (record.keyId === undefined && record.bodyHash === legacyBodyHash);
}
