// The record of one task in memory and in storage, and its one alarm. Loads, applies events, stores and arms. It makes no requests
// and decides nothing: the lifecycle and the timers do.

import { raiseAlert } from "../alerts/raise.ts";
import type { Env } from "../env.ts";
import { log } from "../log.ts";
import { UPSTREAM_TIMEOUT_MS } from "../upstream/client.ts";
import { unreadableRetryMs } from "./backoff.ts";
import { isVolatile } from "./durability.ts";
import type { TaskEvent } from "./events.ts";
import { applyEvent } from "./lifecycle.ts";
import { LongPollSubscribers } from "./long-poll.ts";
import type { TaskRecord } from "./record.ts";
import { RECORD_KEY, taskRecordSchema } from "./record.ts";
import { recover } from "./recover.ts";
import { reportChange } from "./report.ts";
import { isFinal } from "./status.ts";
import { TASK_ID_PREFIX } from "./task-id.ts";
import { ALARM_OVERDUE_MS, firstAlarmAt, MAX_EARLY_MS, nextWakeAt } from "./timers.ts";

/** What the object has from the platform. Functions, because tests replace it. */
export interface ObjectResources {
  readonly storage: () => DurableObjectStorage;
  /** Where changes are reported. */
  readonly env: () => Pick<Env, "ANALYTICS" | "ALERTS">;
}

/** Since when (ms) the record cannot be read. Written once, and erased with the task. */
const UNREADABLE_SINCE_KEY = "unreadableSince";

/** Time (ms) for the answer to leave before the first steps compete with it. */
const FIRST_STEPS_DELAY_MS = 1;

export class TaskState {
  readonly subscribers = new LongPollSubscribers();
  readonly #object: ObjectResources;
  #record: TaskRecord | null = null;
  #opening: Promise<void> | null = null;
  /** When the alarm rings (ms), as far as this instance knows; null while none is set. */
  #armedAt: number | null = null;
  /** Aborted when the task becomes final. */
  #final = new AbortController();
  /** The steps that are running. They arm the alarm when they end, so nothing else has to. */
  #working: Promise<void> | null = null;

  constructor(object: ObjectResources) {
    this.#object = object;
  }

  /** Whether steps are running. */
  get working(): boolean {
    return this.#working !== null;
  }

  /** The record as it is now; null where there is no task. */
  get record(): TaskRecord | null {
    return this.#record;
  }

  /** Aborted when the task becomes final: a pending upstream answer is of no use then. */
  get final(): AbortSignal {
    return this.#final.signal;
  }

  /**
   * Loads the record, once.
   * @param rungAt when the alarm that is being handled was due, or null outside the alarm handler
   * @throws when the record cannot be read; it is left as it is, the alarm is set, and the next call tries again
   */
  open(rungAt: number | null): Promise<void> {
    this.#opening ??= this.#load(rungAt).catch((error: unknown) => {
      this.#opening = null;
      this.#armUnreadable(rungAt !== null);
      throw error;
    });
    return this.#opening;
  }

  /** Sees to it that a record that cannot be read is looked at again. Since when it cannot is stored, beside the record. */
  #armUnreadable(alarmRang: boolean): void {
    const now = Date.now();
    const { kv } = this.#object.storage();
    const since = kv.get<number>(UNREADABLE_SINCE_KEY) ?? now;
    if (since === now) kv.put(UNREADABLE_SINCE_KEY, now);
    const overdue = this.#armedAt === null || this.#armedAt < now - ALARM_OVERDUE_MS;
    if (alarmRang || overdue) this.arm(now + unreadableRetryMs(now - since));
  }

  /** Stores a new task and arms its alarm. No await between the two: record and alarm are one transaction. */
  create(record: TaskRecord, now: number): void {
    this.#store(record);
    this.#record = record;
    this.#final = new AbortController();
    this.arm(firstAlarmAt(record, now));
    reportChange(this.#object.env().ANALYTICS, null, record);
  }

  /** Applies an event to the record as it is now, whatever was awaited before, and stores what must survive an eviction. */
  apply(event: TaskEvent): TaskRecord {
    const before = this.#record;
    if (before === null) throw new Error("an event for a task that does not exist");
    const after = applyEvent(before, event, Date.now());
    if (after === before) return after;
    // Storage first: if it rejects a record, memory must not be ahead of it.
    if (!isVolatile(before, event)) this.#store(after);
    this.#record = after;
    if (after.status !== before.status) {
      const env = this.#object.env();
      reportChange(env.ANALYTICS, before, after);
      if (after.error?.code === "internal") {
        const { id, tenantId, mode } = after;
        raiseAlert(env, { type: "task.internal_error", data: { tenantId, mode, taskId: TASK_ID_PREFIX + id } });
      }
      if (isFinal(after.status)) {
        this.subscribers.release();
        // A cancel does not wait for the pending upstream request, or the webhook and the slot would wait with it.
        this.#final.abort();
      }
    }
    return after;
  }

  /** Erases the task. */
  async purge(): Promise<void> {
    await this.#object.storage().deleteAll();
    this.#record = null;
  }

  /**
   * Runs the first steps of a task that was just created, once its caller has the answer. If the object is evicted before they end, the
   * alarm that `create` has set runs them again.
   */
  async afterAnswer(steps: () => Promise<void>): Promise<void> {
    await scheduler.wait(FIRST_STEPS_DELAY_MS);
    if (!this.working) await steps();
  }

  /**
   * Runs steps, then arms the alarm for what the record needs next. Call it only while no steps are running.
   * @throws what the steps throw; the alarm is armed all the same
   */
  async whileWorking(steps: () => Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#working = promise;
    try {
      await steps();
    } finally {
      this.#working = null;
      resolve();
      if (this.#record !== null) this.#armFor(nextWakeAt(this.#record, Date.now()));
    }
  }

  /** Resolves when no steps are running. */
  async idle(): Promise<void> {
    while (this.#working !== null) await this.#working;
  }

  /** The alarm has rung. */
  noteAlarm(): void {
    this.#armedAt = null;
  }

  arm(at: number): void {
    this.#armedAt = at;
    // Not awaited: a failed write breaks the output gate and with it this instance, so no answer can leave without it.
    void this.#object.storage().setAlarm(at);
  }

  /** Arms for `at`, unless the alarm rings so shortly before that its handler can wait: each change of an alarm is a row. */
  #armFor(at: number): void {
    const early = this.#armedAt === null ? -1 : at - this.#armedAt;
    if (early < 0 || early > MAX_EARLY_MS) this.arm(at);
  }

  /** Arms for what the record needs now, unless the steps that are running will. */
  rearm(): void {
    if (this.#record === null || this.working) return;
    this.arm(nextWakeAt(this.apply({ tag: "rearmed" }), Date.now()));
  }

  /** Sets an alarm again that the platform has lost. */
  rearmIfOverdue(): void {
    const overdue = this.#armedAt === null || this.#armedAt < Date.now() - ALARM_OVERDUE_MS;
    if (this.#record === null || !overdue || this.working) return;
    const { id, tenantId } = this.#record;
    log("warn", "alarm_overdue", { taskId: TASK_ID_PREFIX + id, tenantId });
    this.rearm();
  }

  async #load(rungAt: number | null): Promise<void> {
    const stored: unknown = this.#object.storage().kv.get(RECORD_KEY);
    if (stored === undefined) return;
    const armedAt = rungAt ?? (await this.#object.storage().getAlarm());
    this.#armedAt = armedAt;
    const record = taskRecordSchema.parse(stored);
    const now = Date.now();
    const recovered = recover(record, armedAt, now, UPSTREAM_TIMEOUT_MS);
    const resumed = applyEvent(recovered, { tag: "interrupted" }, now);
    // An alarm that does not follow a poll's answer must find its reason in storage, or the next load would misread it.
    if (resumed !== record) this.#store(resumed);
    this.#record = resumed;
  }

  #store(record: TaskRecord): void {
    this.#object.storage().kv.put(RECORD_KEY, record);
  }
}
