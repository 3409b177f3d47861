// Who gets in: slots of both modes, the month's quota, and the ledger rows that make both survive an eviction. It asks no other
// object and sets no alarm; it names the tasks that are to be woken.

import type { AdmissionOutcome } from "../tasks/events.ts";
import type { KeyMode } from "./keys.ts";
import type { AdmissionRequest, Ledger, TaskOutcome } from "./ledger.ts";
import type { TenantProfile } from "./settings.ts";
import { monthOf } from "./settings.ts";
import { Slots } from "./slots.ts";

const MODES = ["live", "test"] as const;

export class Admission {
  readonly #ledger: Ledger;
  readonly #slots: Readonly<Record<KeyMode, Slots>> = { live: new Slots(), test: new Slots() };
  /** Live tasks of the month, counted from the ledger when a quota first asks for them, and kept up from then on. */
  #month: { readonly name: string; live: number } | null = null;

  constructor(ledger: Ledger, now: number) {
    this.#ledger = ledger;
    for (const { request, mode, admitted } of ledger.unfinished(now)) this.#slots[mode].restore(request, admitted);
  }

  /** Gives a task a slot, a place in the queue, or a refusal. Asking again gives the same answer. */
  admit(request: AdmissionRequest, profile: TenantProfile, now: number): AdmissionOutcome {
    // Who asks has not been submitted yet: a suspension stops it even where it has a slot.
    if (profile.suspended) return { tag: "rejected", code: "tenant_suspended" };
    const slots = this.#slots[request.mode];
    if (slots.stateOf(request.taskId) === "leased") return { tag: "admitted" };
    if (request.mode === "live" && this.exhausted(profile, now)) return { tag: "rejected", code: "quota_exceeded" };
    const admitted = slots.ask(request, profile.limits.maxInFlight) === "leased";
    this.#ledger.enter(request, admitted);
    if (admitted) this.#count(request.mode, now);
    return { tag: admitted ? "admitted" : "waiting" };
  }

  /** Takes a task's slot, or its place, back; names the tasks that got one for it. */
  release(task: Pick<TaskOutcome, "mode" | "taskId">, profile: TenantProfile, now: number): string[] {
    return this.#slots[task.mode].release(task.taskId) ? this.letIn(profile, now) : [];
  }

  /** Hands out what slots are free, and names the tasks that got one. */
  letIn(profile: TenantProfile, now: number): string[] {
    if (profile.suspended) return [];
    return MODES.flatMap((mode) =>
      this.#slots[mode].grantFree(this.#room(mode, profile, now)).map(({ taskId, createdAt }) => {
        this.#ledger.markAdmitted(taskId, createdAt);
        this.#count(mode, now);
        return taskId;
      }),
    );
  }

  /** Takes back what ran out unsettled, and names the tasks. */
  expireLeases(now: number): string[] {
    return MODES.flatMap((mode) => this.#slots[mode].expireLeases(now).map(({ taskId }) => taskId));
  }

  /** When the next lease or place in the queue runs out, or null. */
  nextLeaseExpiryAt(): number | null {
    const times = MODES.map((mode) => this.#slots[mode].nextLeaseExpiryAt()).filter((at) => at !== null);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Every unfinished task that the tenant knows of. */
  unfinished(): string[] {
    return MODES.flatMap((mode) => this.#slots[mode].all().map(({ taskId }) => taskId));
  }

  /** Whether the month's quota of live tasks is used up. */
  exhausted(profile: TenantProfile, now: number): boolean {
    const { monthlyTasks } = profile.limits;
    return monthlyTasks !== null && this.#liveOfMonth(now).live >= monthlyTasks;
  }

  /** Slots in all, but no more than the quota still lets in: who waits is counted when it gets in, not before. */
  #room(mode: KeyMode, { limits }: TenantProfile, now: number): number {
    if (mode === "test" || limits.monthlyTasks === null) return limits.maxInFlight;
    const left = Math.max(limits.monthlyTasks - this.#liveOfMonth(now).live, 0);
    return Math.min(limits.maxInFlight, this.#slots.live.counts.leased + left);
  }

  /** Keeps the month's count up. Where nobody has asked for it, there is none: counting the ledger is not for nothing. */
  #count(mode: KeyMode, now: number): void {
    if (mode !== "live" || this.#month === null) return;
    if (this.#month.name === monthOf(now)) this.#month.live += 1;
    else this.#month = null;
  }

  #liveOfMonth(now: number): { live: number } {
    const name = monthOf(now);
    if (this.#month?.name !== name) this.#month = { name, live: this.#ledger.liveTasksOfMonth(now) };
    return this.#month;
  }
}
