// Admission: a tenant's in-flight slots of one mode, as leases, and the queue before them. PURE but for the structure it is
// given: no I/O, no clock. A lease ends with its task's deadline, so a task that is lost gives its slot back by itself.

/** A task that wants, or has, a slot. Times in ms since the epoch. */
export interface SlotRequest {
  readonly taskId: string;
  readonly createdAt: number;
  /** The task's deadline: when its lease, or its place in the queue, ends. */
  readonly deadlineAt: number;
}

/** How long (ms) after its deadline a task may still need its slot: the last exchange may just have left. */
const LEASE_GRACE_MS = 12_000;

export class Slots {
  readonly #leases = new Map<string, SlotRequest>();
  readonly #queue = new Map<string, SlotRequest>();

  /** Leases and waiting tasks, for tests and for what the operator sees. */
  get counts(): { readonly leased: number; readonly waiting: number } {
    return { leased: this.#leases.size, waiting: this.#queue.size };
  }

  /** Whether the task has a slot, or waits for one. */
  stateOf(taskId: string): "leased" | "waiting" | "unknown" {
    if (this.#leases.has(taskId)) return "leased";
    return this.#queue.has(taskId) ? "waiting" : "unknown";
  }

  /** Puts back a lease or a place in the queue that storage knows of. */
  restore(request: SlotRequest, leased: boolean): void {
    (leased ? this.#leases : this.#queue).set(request.taskId, request);
  }

  /** Takes a slot where one is free and nobody waits longer; else a place in the queue. Asking twice changes nothing. */
  ask(request: SlotRequest, limit: number): "leased" | "waiting" {
    const state = this.stateOf(request.taskId);
    if (state === "leased") return "leased";
    this.#queue.set(request.taskId, request);
    const free = limit - this.#leases.size;
    const ahead = free > 0 ? this.#inOrder().slice(0, free) : [];
    if (!ahead.some((waiting) => waiting.taskId === request.taskId)) return "waiting";
    this.#grant(request);
    return "leased";
  }

  /** Gives up a slot or a place; says whether there was one. */
  release(taskId: string): boolean {
    const leased = this.#leases.delete(taskId);
    return this.#queue.delete(taskId) || leased;
  }

  /** Hands free slots to those who have waited longest, and names them: they are to be woken. */
  grantFree(limit: number): SlotRequest[] {
    const free = Math.max(limit - this.#leases.size, 0);
    const granted = free === 0 ? [] : this.#inOrder().slice(0, free);
    for (const request of granted) this.#grant(request);
    return granted;
  }

  /** Takes back what ran out unsettled, leases and places alike, and names the tasks: they are to be nudged. */
  lapse(now: number): SlotRequest[] {
    const lapsed = [...this.#leases.values(), ...this.#queue.values()].filter(
      (request) => request.deadlineAt + LEASE_GRACE_MS <= now,
    );
    for (const request of lapsed) this.release(request.taskId);
    return lapsed;
  }

  /** When the next lease or place runs out, or null where there is none. */
  nextLapseAt(): number | null {
    let next: number | null = null;
    for (const request of [...this.#leases.values(), ...this.#queue.values()]) {
      const at = request.deadlineAt + LEASE_GRACE_MS;
      if (next === null || at < next) next = at;
    }
    return next;
  }

  /** Every task that has a slot or waits for one. */
  all(): SlotRequest[] {
    return [...this.#leases.values(), ...this.#queue.values()];
  }

  #grant(request: SlotRequest): void {
    this.#queue.delete(request.taskId);
    this.#leases.set(request.taskId, request);
  }

  /** First accepted, first served; the id decides between tasks of one millisecond. */
  #inOrder(): SlotRequest[] {
    return [...this.#queue.values()].sort(
      (a, b) => a.createdAt - b.createdAt || (a.taskId < b.taskId ? -1 : a.taskId > b.taskId ? 1 : 0),
    );
  }
}
