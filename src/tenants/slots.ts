// Admission: a tenant's in-flight slots of one mode, as leases, and the queue before them. PURE but for the structure it is
// given: no I/O, no clock. A lease ends with its task's deadline, so a task that is lost gives its slot back by itself.

import { Heap } from "./heap.ts";

/** A task that wants, or has, a slot. Times in ms since the epoch. */
export interface SlotRequest {
  readonly taskId: string;
  readonly createdAt: number;
  /** The task's deadline: when its lease, or its place in the queue, ends. */
  readonly deadlineAt: number;
}

/** How long (ms) after its deadline a task may still need its slot: the last exchange may just have left. */
const LEASE_GRACE_MS = 12_000;

/** A heap is cleared of what was given up when it is this many times longer than what lives. */
const CLEARING_RATIO = 2;
const CLEARING_FLOOR = 64;

export class Slots {
  readonly #leases = new Map<string, SlotRequest>();
  readonly #queue = new Map<string, SlotRequest>();
  /** Who waits, in order; given-up places among them. */
  readonly #line = new Heap<SlotRequest>(isAhead);
  /** Leases and places by their end; given-up ones among them. */
  readonly #ends = new Heap<SlotRequest>((a, b) => a.deadlineAt < b.deadlineAt);

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
    if (leased) this.#leases.set(request.taskId, request);
    else this.#enqueue(request);
    this.#ends.push(request);
  }

  /** Takes a slot where one is free and nobody waits longer; else a place in the queue. Asking twice changes nothing. */
  ask(wanted: SlotRequest, limit: number): "leased" | "waiting" {
    if (this.#leases.has(wanted.taskId)) return "leased";
    const request = this.#queue.get(wanted.taskId) ?? wanted;
    if (request === wanted) {
      this.#enqueue(request);
      this.#ends.push(request);
    }
    const free = limit - this.#leases.size;
    if (free <= 0 || this.#countAhead(request) >= free) return "waiting";
    this.#grant(request);
    return "leased";
  }

  /** Gives up a slot or a place; says whether there was one. */
  release(taskId: string): boolean {
    const leased = this.#leases.delete(taskId);
    const waited = this.#queue.delete(taskId);
    this.#clear();
    return leased || waited;
  }

  /** Hands free slots to those who have waited longest, and names them: they are to be woken. */
  grantFree(limit: number): SlotRequest[] {
    const granted: SlotRequest[] = [];
    while (this.#leases.size < limit) {
      const first = this.#line.pop();
      if (first === undefined) break;
      if (this.#queue.get(first.taskId) !== first) continue;
      this.#grant(first);
      granted.push(first);
    }
    return granted;
  }

  /** Takes back what ran out unsettled, leases and places alike, and names the tasks: they are to be nudged. */
  expireLeases(now: number): SlotRequest[] {
    const expired: SlotRequest[] = [];
    for (let at = this.nextLeaseExpiryAt(); at !== null && at <= now; at = this.nextLeaseExpiryAt()) {
      const request = this.#ends.pop();
      if (request === undefined) break;
      this.release(request.taskId);
      expired.push(request);
    }
    return expired;
  }

  /** When the next lease or place runs out, or null where there is none. */
  nextLeaseExpiryAt(): number | null {
    for (let next = this.#ends.peek(); next !== undefined; next = this.#ends.peek()) {
      if (this.#holds(next)) return next.deadlineAt + LEASE_GRACE_MS;
      this.#ends.pop();
    }
    return null;
  }

  /** Every task that has a slot or waits for one. */
  all(): SlotRequest[] {
    return [...this.#leases.values(), ...this.#queue.values()];
  }

  #enqueue(request: SlotRequest): void {
    this.#queue.set(request.taskId, request);
    this.#line.push(request);
  }

  #grant(request: SlotRequest): void {
    this.#queue.delete(request.taskId);
    this.#leases.set(request.taskId, request);
  }

  /** Where a slot is free the queue is empty, but for moments: after a limit rose, or a place was restored. */
  #countAhead(request: SlotRequest): number {
    let ahead = 0;
    if (this.#queue.size > 1) {
      for (const other of this.#queue.values()) if (isAhead(other, request)) ahead += 1;
    }
    return ahead;
  }

  #holds(request: SlotRequest): boolean {
    return this.#leases.get(request.taskId) === request || this.#queue.get(request.taskId) === request;
  }

  /** Keeps what was given up from outgrowing what lives. */
  #clear(): void {
    const { leased, waiting } = this.counts;
    if (this.#line.size > CLEARING_FLOOR + CLEARING_RATIO * waiting) {
      this.#line.keep((request) => this.#queue.get(request.taskId) === request);
    }
    if (this.#ends.size > CLEARING_FLOOR + CLEARING_RATIO * (leased + waiting)) {
      this.#ends.keep((request) => this.#holds(request));
    }
  }
}

/** First accepted, first served; the id decides between tasks of one millisecond. */
function isAhead(a: SlotRequest, b: SlotRequest): boolean {
  return a.createdAt < b.createdAt || (a.createdAt === b.createdAt && a.taskId < b.taskId);
}
