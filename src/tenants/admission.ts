// Admission: slots of both modes, the monthly quota, and the ledger rows from which both are restored after an eviction. It calls no
// other object and sets no alarm; methods return the ids of the tasks to wake.

import type { AdmissionOutcome } from "../tasks/events.ts";
import type { KeyMode } from "./keys.ts";
import type { AdmissionRequest, Ledger, TaskOutcome } from "./ledger.ts";
import { tasksLeft } from "./quota.ts";
import type { TenantProfile } from "./settings.ts";
import { Slots } from "./slots.ts";

const MODES = ["live", "test"] as const;

export class Admission {
  readonly #ledger: Ledger;
  readonly #slots: Readonly<Record<KeyMode, Slots>> = { live: new Slots(), test: new Slots() };

  /** @param now ms since the epoch */
  constructor(ledger: Ledger, now: number) {
    this.#ledger = ledger;
    for (const { request, mode, admitted } of ledger.unfinished(now)) this.#slots[mode].restore(request, admitted);
  }

  /** Gives a task a slot or a place in the queue, or rejects it. Idempotent. */
  admit(request: AdmissionRequest, profile: TenantProfile, now: number): AdmissionOutcome {
    // A task that asks has not been submitted yet, so a suspension rejects it even if it has a slot.
    if (profile.suspended) return { tag: "rejected", code: "tenant_suspended" };
    const slots = this.#slots[request.mode];
    if (slots.stateOf(request.taskId) === "leased") return { tag: "admitted" };
    if (request.mode === "live" && this.exhausted(profile, now)) return { tag: "rejected", code: "quota_exceeded" };
    const admitted = slots.ask(request, profile.limits.maxInFlight) === "leased";
    this.#ledger.enter(request, admitted, now);
    return { tag: admitted ? "admitted" : "waiting" };
  }

  /** Frees a task's slot or its place in the queue. Returns the tasks that were admitted instead. */
  release(task: Pick<TaskOutcome, "mode" | "taskId">, profile: TenantProfile, now: number): string[] {
    return this.#slots[task.mode].release(task.taskId) ? this.letIn(profile, now) : [];
  }

  /** Gives the free slots to waiting tasks, and returns those tasks. */
  letIn(profile: TenantProfile, now: number): string[] {
    if (profile.suspended) return [];
    return MODES.flatMap((mode) =>
      this.#slots[mode].grantFree(this.#room(mode, profile, now)).map(({ taskId, createdAt }) => {
        this.#ledger.markAdmitted(mode, taskId, createdAt, now);
        return taskId;
      }),
    );
  }

  /** Ends the leases and queue places that have run out, and returns their tasks. */
  expireLeases(now: number): string[] {
    return MODES.flatMap((mode) => this.#slots[mode].expireLeases(now).map(({ taskId }) => taskId));
  }

  /** When the next lease or queue place runs out (ms), or null. */
  nextLeaseExpiryAt(): number | null {
    const times = MODES.map((mode) => this.#slots[mode].nextLeaseExpiryAt()).filter((at) => at !== null);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Every unfinished task. */
  unfinished(): string[] {
    return MODES.flatMap((mode) => this.#slots[mode].all().map(({ taskId }) => taskId));
  }

  /** The number of tasks of a mode that have a slot, and that wait for one. */
  counts(mode: KeyMode): { readonly inFlight: number; readonly queued: number } {
    const { leased, waiting } = this.#slots[mode].counts;
    return { inFlight: leased, queued: waiting };
  }

  /** Live tasks that got their slot in the month (UTC) of `now`. */
  liveTasksOfMonth(now: number): number {
    return this.#ledger.liveTasksOfMonth(now);
  }

  /** Whether the monthly quota of live tasks is used up. */
  exhausted({ limits }: TenantProfile, now: number): boolean {
    return tasksLeft(limits, this.liveTasksOfMonth(now)) === 0;
  }

  /** The slots of a mode, but no more than the quota has left: a waiting task is counted when it gets its slot. */
  #room(mode: KeyMode, { limits }: TenantProfile, now: number): number {
    if (mode === "test") return limits.maxInFlight;
    const left = tasksLeft(limits, this.liveTasksOfMonth(now));
    return Math.min(limits.maxInFlight, this.#slots.live.counts.leased + left);
  }
}
