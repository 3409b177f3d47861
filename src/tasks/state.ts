// The record of a task in memory and in storage, and its alarm. Decisions are in lifecycle.ts and timers.ts.

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

/** The platform resources of the object. Functions, because tests replace them. */
export interface ObjectResources {
  readonly storage: () => DurableObjectStorage;
  readonly env: () => Pick<Env, "ANALYTICS" | "ALERTS">;
}

/** The storage key of the time (ms) since which the record cannot be read. Deleted with the task. */
const UNREADABLE_SINCE_KEY = "unreadableSince";

/** The delay (ms) of the first steps, so that they do not delay the response. */
const FIRST_STEPS_DELAY_MS = 1;

/** The state of a task. */
export class TaskState {
  readonly subscribers = new LongPollSubscribers();
  readonly #object: ObjectResources;
  #record: TaskRecord | null = null;
  #opening: Promise<void> | null = null;
  /** When the alarm is due (ms). Null: not set, or unknown. */
  #armedAt: number | null = null;
  /** Aborted when the task becomes final. */
  #final = new AbortController();
  /** Resolves when the running steps end. They set the alarm then, so nothing else needs to. */
  #working: Promise<void> | null = null;

  constructor(object: ObjectResources) {
    this.#object = object;
  }

  /** Whether steps are running. */
  get working(): boolean {
    return this.#working !== null;
  }

  /** The current record. Null if there is no task. */
  get record(): TaskRecord | null {
    return this.#record;
  }

  /** Aborted when the task becomes final, because pending upstream requests are no longer needed. */
  get final(): AbortSignal {
    return this.#final.signal;
  }

  /**
   * Loads the record once.
   * @param rungAt when the alarm that is being handled was due (ms), or null outside of the alarm handler
   * @throws if the record cannot be read. It is kept, and the alarm is set to try again.
   */
  open(rungAt: number | null): Promise<void> {
    this.#opening ??= this.#load(rungAt).catch((error: unknown) => {
      this.#opening = null;
      this.#armUnreadable(rungAt !== null);
      throw error;
    });
    return this.#opening;
  }

  /** Sets the alarm to read an unreadable record again, and stores since when it is unreadable. */
  #armUnreadable(alarmRang: boolean): void {
    const now = Date.now();
    const { kv } = this.#object.storage();
    const since = kv.get<number>(UNREADABLE_SINCE_KEY) ?? now;
    if (since === now) kv.put(UNREADABLE_SINCE_KEY, now);
    const overdue = this.#armedAt === null || this.#armedAt < now - ALARM_OVERDUE_MS;
    if (alarmRang || overdue) this.arm(now + unreadableRetryMs(now - since));
  }

  /** Stores a new task and sets its alarm. There is no await in between, so both are one transaction. */
  create(record: TaskRecord, now: number): void {
    this.#store(record);
    this.#record = record;
    this.#final = new AbortController();
    this.arm(firstAlarmAt(record, now));
  }

  /** Applies an event to the current record, and stores the change if it must survive an eviction. */
  apply(event: TaskEvent): TaskRecord {
    const before = this.#record;
    if (before === null) throw new Error("an event for a task that does not exist");
    const after = applyEvent(before, event, Date.now());
    if (after === before) return after;
    // Storage first. If the write throws, the record in memory must not change.
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
        // A pending upstream request would delay the webhook and the release of the slot.
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
   * Runs the first steps of a new task, after the response to its caller. If the object is evicted before they end, the alarm that
   * `create` has set runs them.
   */
  async afterAnswer(steps: () => Promise<void>): Promise<void> {
    await scheduler.wait(FIRST_STEPS_DELAY_MS);
    if (!this.working) await steps();
  }

  /**
   * Runs steps, then sets the alarm for the next ones. Must not be called while steps are running.
   * @throws the error of the steps, after the alarm was set
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

  /** Must be called when the alarm handler starts. */
  noteAlarm(): void {
    this.#armedAt = null;
  }

  /** Sets the alarm (ms). */
  arm(at: number): void {
    this.#armedAt = at;
    // Not awaited: if the write fails, the output gate breaks, so that no response is sent without the alarm.
    void this.#object.storage().setAlarm(at);
  }

  /** Sets the alarm for `at`. Keeps an alarm that is slightly earlier, because setting it is billed as a row and its handler can wait. */
  #armFor(at: number): void {
    const early = this.#armedAt === null ? -1 : at - this.#armedAt;
    if (early < 0 || early > MAX_EARLY_MS) this.arm(at);
  }

  /** Sets the alarm for the next step, unless steps are running, which set it when they end. */
  rearm(): void {
    if (this.#record === null || this.working) return;
    this.arm(nextWakeAt(this.apply({ tag: "rearmed" }), Date.now()));
  }

  /** Replaces an alarm that the platform has lost. */
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
    // Must be stored, or the next load would take the new alarm for one that follows a poll.
    if (resumed !== record) this.#store(resumed);
    this.#record = resumed;
  }

  #store(record: TaskRecord): void {
    this.#object.storage().kv.put(RECORD_KEY, record);
  }
}
