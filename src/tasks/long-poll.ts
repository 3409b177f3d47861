// The long polls on one task: callers that wait until it is final. They are promises in memory: an eviction rejects them, and the
// Worker asks again.

/** Long polls that one task holds at once. */
const MAX_SUBSCRIBERS = 256;

export class LongPollSubscribers {
  readonly #waiting = new Set<() => void>();

  /** The number of long polls that wait. */
  get count(): number {
    return this.#waiting.size;
  }

  /** Whether there is no room for another long poll. */
  get full(): boolean {
    return this.count >= MAX_SUBSCRIBERS;
  }

  /** Resolves at `release()`, or after `ms`. */
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

  /** Releases every long poll. */
  release(): void {
    for (const done of [...this.#waiting]) done();
  }
}
