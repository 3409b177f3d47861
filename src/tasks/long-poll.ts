// Callers who hold a request until a task is final. Promises in memory: an eviction breaks them, and the Worker asks again.

/** Waiters held at once by one task; one more is answered at once with the task as it stands. */
const MAX_SUBSCRIBERS = 256;

export class LongPollSubscribers {
  readonly #waiting = new Set<() => void>();

  /** Resolves at `release()`, or after `ms`. */
  wait(ms: number): Promise<void> {
    if (this.#waiting.size >= MAX_SUBSCRIBERS) return Promise.resolve();
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

  /** Lets everybody go. */
  release(): void {
    for (const done of [...this.#waiting]) done();
  }
}
