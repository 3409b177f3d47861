// The TaskObject, one per task: its RPC methods and its alarm. Storage is in state.ts, the steps are in work.ts, and decisions are in
// lifecycle.ts and timers.ts.

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

/** The Durable Object of a task. */
export class TaskObject extends DurableObject<Env> {
  /** Public for tests. Instance properties are not accessible by RPC. */
  readonly state = new TaskState({ storage: () => this.ctx.storage, env: () => this.env });
  readonly #webhookSettings = new WebhookSettingsCache();

  readonly #alias: AliasStore = new AliasStore(this.ctx.storage);

  /** Stores a task, or returns the existing task of the same idempotency key. Does no I/O except storage. */
  async accept(request: AcceptRequest): Promise<AcceptResult> {
    await this.state.open(null);
    const known = this.#owned(request);
    if (known !== null) {
      return isRepeat(known, request) ? { tag: "replayed", task: presentTask(this.#current()) } : { tag: "mismatch" };
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

  /** Stores an alias in this number's object. Returns false if the number is taken. */
  async reserveNumber(alias: NumberAlias): Promise<boolean> {
    await this.state.open(null);
    return this.state.record === null && this.#alias.reserve(alias);
  }

  /** The id of the task that this number's object refers to, or null. */
  async aliasedTask(owner: TaskOwner): Promise<string | null> {
    await this.state.open(null);
    return this.#alias.taskIdFor(owner);
  }

  /** Changes the task's number if it is still `replaces`. Returns the task's number. */
  async assignNumber(ref: TaskRef, number: number, replaces: number | null): Promise<number | null> {
    const record = await this.#read(ref);
    if (record === null) return null;
    const current = record.compatTaskId ?? null;
    return current === replaces ? (this.state.apply({ tag: "numbered", number }).compatTaskId ?? null) : current;
  }

  /** The task. Null if it does not exist for the owner, as in the methods below. */
  async view(ref: TaskRef): Promise<Task | null> {
    const record = await this.#read(ref);
    return record === null ? null : presentTask(record);
  }

  /** Waits until the task is final or `waitMs` have passed. Does not wait if there are too many long polls. */
  async longPoll(ref: TaskRef, waitMs: number): Promise<LongPollResult | null> {
    const record = await this.#read(ref);
    if (record === null) return null;
    const { subscribers } = this.state;
    const waits = !isFinal(record.status) && waitMs > 0;
    if (!waits || subscribers.full) return { task: presentTask(record), full: waits };
    await subscribers.wait(waitMs);
    const after = await this.#read(ref);
    return after === null ? null : { task: presentTask(after), full: false };
  }

  /** The timeline of the task. */
  async timeline(ref: TaskRef): Promise<TimelineEvent[] | null> {
    const record = await this.#read(ref);
    return record === null ? null : presentTimeline(record);
  }

  /** The webhook of a finished task. Null while it is unfinished. */
  async webhook(ref: TaskRef): Promise<TaskWebhook | null> {
    const record = await this.#read(ref);
    return record === null ? null : taskWebhook(record);
  }

  /** Cancels an unfinished task. Idempotent. */
  async cancel(ref: TaskRef): Promise<CancelResult> {
    const before = await this.#read(ref);
    if (before === null) return { tag: "absent" };
    if (isFinal(before.status) && before.status !== "canceled") return { tag: "finished" };
    const record = this.state.apply({ tag: "cancel" });
    if (record !== before) this.state.rearm();
    return { tag: "canceled", task: presentTask(record) };
  }

  /** Returns the solution once, and erases it in the same write. */
  async claim(ref: TaskRef): Promise<ClaimResult> {
    const before = await this.#read(ref);
    if (before === null) return { tag: "absent" };
    if (before.status !== "ready") return { tag: "not_ready" };
    if (before.solutionState === "claimed") return { tag: "already_claimed" };
    if (before.solution === null) return { tag: "expired" };
    this.state.apply({ tag: "claim" });
    return { tag: "claimed", solution: before.solution };
  }

  /** Starts a new delivery cycle to the task's own URL, or else to the tenant's current endpoint. */
  async redeliver(ref: TaskRef): Promise<RedeliverResult> {
    const before = await this.#read(ref);
    if (before === null) return { tag: "absent" };
    if (!isFinal(before.status)) return { tag: "not_redeliverable" };
    const own = before.delivery?.source === "task";
    const settings = own ? null : await requestWebhookSettings(before, this.#context());
    if (!own && settings === null) throw new Error("the tenant's object did not return its webhook settings");
    const endpoint = settings?.endpoint ?? null;
    if (!own && endpoint === null) return { tag: "not_redeliverable" };
    // The task may be purged during each of the calls.
    if (this.state.record === null) return { tag: "absent" };
    const record = this.state.apply({ tag: "redeliver", endpoint });
    this.state.rearm();
    if (record.settled) await recordDeliveryState(record, this.#context());
    const after = await this.#read(ref);
    return after === null ? { tag: "absent" } : { tag: "redelivering", task: presentTask(after) };
  }

  /** Called by the tenant's object when the task is admitted or its lease has expired. Also replaces a lost alarm. */
  async wake(taskId: string): Promise<void> {
    await this.state.open(null);
    if (this.state.record?.id !== taskId) return;
    this.state.apply({ tag: "woken" });
    this.state.rearm();
  }

  /** Called by the tenant's object when the tenant is deleted: cancels the task without a webhook. */
  async abandon(tenantId: string, taskId: string): Promise<void> {
    await this.state.open(null);
    if (this.state.record?.id !== taskId || this.state.record.tenantId !== tenantId) return;
    // Before the task ends, because a canceled task of a deleted tenant sends no webhook.
    this.#webhookSettings.tenantDeleted();
    this.state.apply({ tag: "cancel" });
    this.state.rearm();
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    const { state } = this;
    try {
      await state.open(info?.scheduledTime ?? null);
    } catch (error) {
      // Another version may be able to read the record, so it is kept. `open` has set the alarm to try again.
      log("error", "task_unreadable", { taskId: TASK_ID_PREFIX + this.ctx.id.toString(), ...describeError(error) });
      return;
    }
    state.noteAlarm();
    if (state.record === null) return this.#alias.expire(Date.now());
    // Wait for running steps. If the object is evicted before they end, the platform repeats this alarm.
    await state.idle();
    await this.#work();
  }

  /** Runs the steps that are due and sets the alarm for the next ones. Does not throw for a task that exists. */
  async #work(): Promise<void> {
    const { state } = this;
    await state.whileWorking(async () => {
      try {
        await doDueSteps(state, () => this.#context());
        if (state.record !== null) state.apply({ tag: "step_succeeded" });
      } catch (error) {
        // If the alarm handler threw, the platform would retry six times and then drop the alarm.
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

  /** The owner's task at the current time. */
  async #read(ref: TaskRef): Promise<TaskRecord | null> {
    await this.state.open(null);
    const owned = this.#owned(ref);
    if (owned === null || (ref.taskId !== null && ref.taskId !== owned.id)) return null;
    return this.#current();
  }

  /**
   * The task at the current time. Every response must present this record, so that it contains no expired solution and misses no
   * deadline. Also replaces a lost alarm.
   */
  #current(): TaskRecord {
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

/** Whether a request repeats the one that created the task. Records without a key id have the hash of older versions. */
function isRepeat(record: TaskRecord, { bodyHash, legacyBodyHash }: AcceptRequest): boolean {
  return record.bodyHash === bodyHash || (record.keyId === undefined && record.bodyHash === legacyBodyHash);
}
