// Admits tasks to slots, within the monthly quota. Slots are restored from the ledger after an eviction. Methods return the ids of tasks
// to wake.

import type { AdmissionOutcome } from "../tasks/events.ts";
import type { KeyMode } from "./keys.ts";
import { KEY_MODES } from "./keys.ts";
import type { AdmissionRequest, Ledger, TaskOutcome } from "./ledger.ts";
import { tasksLeft } from "./quota.ts";
import type { TenantProfile } from "./settings.ts";
import { Slots } from "./slots.ts";

/** The admission of a tenant's tasks. */
export class Admission {
  readonly #ledger: Ledger;
  readonly #slots: Readonly<Record<KeyMode, Slots>> = { live: new Slots(), test: new Slots() };

  /** @param now ms since the epoch */
  constructor(ledger: Ledger, now: number) {
    this.#ledger = ledger;
    for (const { request, mode, admitted } of ledger.unfinished(now)) this.#slots[mode].restore(request, admitted);
  }

  /** Admits a task to a slot or the queue, or rejects it. Idempotent. */
  admit(request: AdmissionRequest, profile: TenantProfile, now: number): AdmissionOutcome {
    // The task was not submitted yet, so it is rejected even if it holds a slot.
    if (profile.suspended) return { tag: "rejected", code: "tenant_suspended" };
    const slots = this.#slots[request.mode];
    if (slots.stateOf(request.taskId) === "leased") return { tag: "admitted" };
    if (request.mode === "live" && this.exhausted(profile, now)) return { tag: "rejected", code: "quota_exceeded" };
    const admitted = slots.ask(request, profile.limits.maxInFlight) === "leased";
    this.#ledger.enter(request, admitted, now);
    return { tag: admitted ? "admitted" : "waiting" };
  }

  /** Releases a task's slot or queue place. Returns the tasks that were admitted instead. */
  release(task: Pick<TaskOutcome, "mode" | "taskId">, profile: TenantProfile, now: number): string[] {
    return this.#slots[task.mode].release(task.taskId) ? this.admitWaiting(profile, now) : [];
  }

  /** Admits waiting tasks to free slots, and returns these tasks. */
  admitWaiting(profile: TenantProfile, now: number): string[] {
    if (profile.suspended) return [];
    return KEY_MODES.flatMap((mode) =>
      this.#slots[mode].grantFree(this.#room(mode, profile, now)).map(({ taskId, createdAt }) => {
        this.#ledger.markAdmitted(mode, taskId, createdAt, now);
        return taskId;
      }),
    );
  }

  /** Removes expired leases and queue places, and returns their tasks. */
  expireLeases(now: number): string[] {
    return KEY_MODES.flatMap((mode) => this.#slots[mode].expireLeases(now).map(({ taskId }) => taskId));
  }

  /** When the next lease or queue place expires (ms), or null. */
  nextLeaseExpiryAt(): number | null {
    const times = KEY_MODES.map((mode) => this.#slots[mode].nextLeaseExpiryAt()).filter((at) => at !== null);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** All unfinished tasks. */
  unfinished(): string[] {
    return KEY_MODES.flatMap((mode) => this.#slots[mode].all().map(({ taskId }) => taskId));
  }

  /** The number of tasks of a mode that hold a slot, and that wait for one. */
  counts(mode: KeyMode): { readonly inFlight: number; readonly queued: number } {
    const { leased, waiting } = this.#slots[mode].counts;
    return { inFlight: leased, queued: waiting };
  }

  /** The number of live tasks admitted in the month (UTC) of `now`. */
  liveTasksOfMonth(now: number): number {
    return this.#ledger.liveTasksOfMonth(now);
  }

  /** Whether the monthly quota of live tasks is used up. */
  exhausted({ limits }: TenantProfile, now: number): boolean {
    return tasksLeft(limits, this.liveTasksOfMonth(now)) === 0;
  }

  /** The number of slots of a mode, limited by the remaining quota. A task counts when it is admitted. */
  #room(mode: KeyMode, { limits }: TenantProfile, now: number): number {
    if (mode === "test") return limits.maxInFlight;
    const left = tasksLeft(limits, this.liveTasksOfMonth(now));
    return Math.min(limits.maxInFlight, this.#slots.live.counts.leased + left);
  }
}
