/** An alarm that is due for longer (ms) is set again, because the platform may have lost it. It can be a minute late during failover. */
const OVERDUE_MS = 60_000;

/** The alarm of a tenant's object, shared by several timers. Remembers its time, because setting it is billed as a row. */
export class Alarm {
  readonly #storage: Pick<DurableObjectStorage, "getAlarm" | "setAlarm">;
  /** When the alarm is due (ms). Null: not set. */
  #at: number | null = null;

  constructor(storage: Pick<DurableObjectStorage, "getAlarm" | "setAlarm">) {
    this.#storage = storage;
  }

  /** Loads the time of the alarm. */
  async load(): Promise<void> {
    this.#at = await this.#storage.getAlarm();
  }

  /** Must be called after the alarm ran or storage was deleted. */
  cleared(): void {
    this.#at = null;
  }

  /** Makes sure that the alarm is due at `at` (ms) or earlier. */
  ringBy(at: number): void {
    const now = Date.now();
    if (this.#at !== null && this.#at <= at && this.#at >= now - OVERDUE_MS) return;
    // Must be in the future, because the platform can lose an alarm that is set for now while an alarm is running.
    this.#at = Math.max(Math.min(at, this.#at ?? at), now + 1);
    // Not awaited: if the write fails, the output gate breaks and resets the object.
    void this.#storage.setAlarm(this.#at);
  }
}
