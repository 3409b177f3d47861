// The slots of a tenant and mode, and the queue of waiting tasks. A slot is a lease that expires after its task's deadline, so that a
// lost task cannot hold it forever. Pure.

import TinyQueue from "tinyqueue";

/** A task that holds or waits for a slot. Times are in ms since the epoch. */
export interface SlotRequest {
  readonly taskId: string;
  readonly createdAt: number;
  /** The task's deadline. Its lease or queue place expires `LEASE_GRACE_MS` later. */
  readonly deadlineAt: number;
}

/** How long (ms) a task may hold its slot after its deadline, because its last upstream request can take 10 s. */
const LEASE_GRACE_MS = 12_000;

/** A heap is rebuilt without released tasks if it is longer than `REBUILD_MIN` plus `REBUILD_RATIO` times the tasks in it. */
const REBUILD_RATIO = 2;
const REBUILD_MIN = 64;

/** The slots and the queue of a tenant and mode. */
export class Slots {
  readonly #leases = new Map<string, SlotRequest>();
  readonly #queue = new Map<string, SlotRequest>();
  /** The queue in order. Tasks that have left the queue are removed when they come first. */
  #line = new TinyQueue<SlotRequest>([], byCreation);
  /** Leases and queue places by expiry. Released ones are removed when they come first. */
  #ends = new TinyQueue<SlotRequest>([], byDeadline);

  /** The number of leases and of waiting tasks. */
  get counts(): { readonly leased: number; readonly waiting: number } {
    return { leased: this.#leases.size, waiting: this.#queue.size };
  }

  /** Whether a task holds a slot or waits for one. */
  stateOf(taskId: string): "leased" | "waiting" | "unknown" {
    if (this.#leases.has(taskId)) return "leased";
    return this.#queue.has(taskId) ? "waiting" : "unknown";
  }

  /** Restores a lease or a queue place from storage. */
  restore(request: SlotRequest, leased: boolean): void {
    if (leased) this.#leases.set(request.taskId, request);
    else this.#enqueue(request);
    this.#ends.push(request);
  }

  /** Takes a slot if one is free and no task has waited longer, else a place in the queue. Idempotent. */
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

  /** Releases a slot or queue place. Returns whether there was one. */
  release(taskId: string): boolean {
    const leased = this.#leases.delete(taskId);
    const waited = this.#queue.delete(taskId);
    this.#rebuild();
    return leased || waited;
  }

  /** Grants free slots to the tasks that have waited longest, and returns these tasks. */
  grantFree(limit: number): SlotRequest[] {
    const granted: SlotRequest[] = [];
    while (this.#leases.size < limit) {
      const first = this.#line.pop();
      if (first === undefined) break;
      if (!this.#waits(first)) continue;
      this.#grant(first);
      granted.push(first);
    }
    return granted;
  }

  /** Removes leases and queue places that have expired by `now`, and returns their tasks. */
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

  /** When the next lease or queue place expires, or null. */
  nextLeaseExpiryAt(): number | null {
    for (let next = this.#ends.peek(); next !== undefined; next = this.#ends.peek()) {
      if (this.#holds(next)) return next.deadlineAt + LEASE_GRACE_MS;
      this.#ends.pop();
    }
    return null;
  }

  /** All tasks that hold a slot or wait for one. */
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

  // Rarely counts many tasks: slots are free while tasks wait only after a limit was raised or a queue place was restored.
  #countAhead(request: SlotRequest): number {
    let ahead = 0;
    if (this.#queue.size > 1) {
      for (const other of this.#queue.values()) if (byCreation(other, request) < 0) ahead += 1;
    }
    return ahead;
  }

  #waits(request: SlotRequest): boolean {
    return this.#queue.get(request.taskId) === request;
  }

  #holds(request: SlotRequest): boolean {
    return this.#leases.get(request.taskId) === request || this.#waits(request);
  }

  /** Removes released tasks from the heaps if there are too many. */
  #rebuild(): void {
    const { leased, waiting } = this.counts;
    if (this.#line.length > REBUILD_MIN + REBUILD_RATIO * waiting) {
      const kept = this.#line.data.filter((request) => this.#waits(request));
      this.#line = new TinyQueue(kept, byCreation);
    }
    if (this.#ends.length > REBUILD_MIN + REBUILD_RATIO * (leased + waiting)) {
      const kept = this.#ends.data.filter((request) => this.#holds(request));
      this.#ends = new TinyQueue(kept, byDeadline);
    }
  }
}

/** In order of creation. The id decides between tasks of the same millisecond. */
function byCreation(a: SlotRequest, b: SlotRequest): number {
  if (a.createdAt !== b.createdAt) return a.createdAt - b.createdAt;
  return a.taskId < b.taskId ? -1 : Number(a.taskId > b.taskId);
}

function byDeadline(a: SlotRequest, b: SlotRequest): number {
  return a.deadlineAt - b.deadlineAt;
}
