// Where a reader of the event stream is: what it has seen, and from when a new connection must begin.

import type { Frame } from "./stream-connection.ts";
import { readEvent, type TaskCanceledEvent, type TaskFailedEvent, type TaskReadyEvent } from "./webhook-events.ts";

/** An event of the stream, parsed. */
export type TaskEvent = TaskReadyEvent | TaskFailedEvent | TaskCanceledEvent;

/** Events do not arrive in the order of their times: a new connection asks for so much (ms) again, and duplicates are dropped. */
const OVERLAP_MS = 10_000;

/** Ids that are remembered: more than a gateway sends again after a reconnect. */
const MAX_SEEN = 20_000;

export class StreamPosition {
  /** Events before this time (ms) were not asked for. */
  #floor: number;
  #latest: number | null = null;
  #since: string | undefined;
  readonly #seen = new Set<string>();

  /**
   * @param since where to begin; undefined for events from now on
   * @param now ms since the epoch
   * @throws TypeError for a `since` that is not a time
   */
  constructor(since: string | Date | undefined, now: number) {
    this.#floor = since === undefined ? now : new Date(since).getTime();
    if (Number.isNaN(this.#floor)) throw new TypeError("since must be an RFC 3339 time or a Date");
    this.#since = since === undefined ? undefined : new Date(since).toISOString();
  }

  /** The `since` of the next connection; undefined for events from now on. */
  get since(): string | undefined {
    return this.#since;
  }

  /** Whether an event was accepted before. */
  readonly hasSeen = (id: string): boolean => this.#seen.has(id);

  /** The event of a frame; null for one that was seen before, or is not a task's. */
  accept({ id, body }: Frame): TaskEvent | null {
    const event = readEvent(body);
    if (event === undefined || event.type === "webhook.test" || this.#seen.has(id)) return null;
    this.#seen.add(id);
    const [oldest] = this.#seen;
    if (this.#seen.size > MAX_SEEN && oldest !== undefined) this.#seen.delete(oldest);
    const at = Date.parse(event.timestamp);
    if (!Number.isNaN(at)) {
      // The first event of a gateway whose clock is behind.
      if (this.#latest === null) this.#floor = Math.min(this.#floor, at);
      this.#latest = Math.max(this.#latest ?? at, at);
    }
    return event;
  }

  /** Continues with the next connection where the last one ended. */
  resume(): void {
    const from = this.#latest === null ? this.#floor : Math.max(this.#floor, this.#latest - OVERLAP_MS);
    this.#since = new Date(from).toISOString();
  }
}
