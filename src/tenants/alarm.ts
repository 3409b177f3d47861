// The alarm of a tenant's object: one physical alarm for several wake-up times. Setting it costs a row.

export class Alarm {
  readonly #storage: Pick<DurableObjectStorage, "getAlarm" | "setAlarm">;
  /** When it rings (ms), as far as this instance knows. Null: not set. */
  #at: number | null = null;

  constructor(storage: Pick<DurableObjectStorage, "getAlarm" | "setAlarm">) {
    this.#storage = storage;
  }

  /** Reads what is set. */
  async load(): Promise<void> {
    this.#at = await this.#storage.getAlarm();
  }

  /** Notes that it is not set any more: it rang, or storage was erased. */
  cleared(): void {
    this.#at = null;
  }

  /** Makes it ring at `at` (ms) or earlier. An alarm that is set early enough is left alone. */
  ringBy(at: number): void {
    if (this.#at !== null && this.#at <= at) return;
    // In the future, or the platform may lose an alarm that is set while one is running.
    this.#at = Math.max(at, Date.now() + 1);
    // Not awaited: a failed write breaks the output gate and with it this instance.
    void this.#storage.setAlarm(this.#at);
  }
}
