// The subscribers of a task's long polls. They are kept in memory. If the object is evicted, the call fails and the Worker retries.

/** The maximum number of concurrent long polls. */
const MAX_SUBSCRIBERS = 256;

/** Callers that wait for a task to finish. */
export class LongPollSubscribers {
  readonly #waiting = new Set<() => void>();

  /** The number of subscribers. */
  get count(): number {
    return this.#waiting.size;
  }

  /** Whether the maximum is reached. */
  get full(): boolean {
    return this.count >= MAX_SUBSCRIBERS;
  }

  /** Resolves at `release()` or after `ms`. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#waiting.add(done);
    });
  }

  /** Resolves all long polls. */
  release(): void {
    for (const done of [...this.#waiting]) done();
  }
}
