// Splits long work on the ledger into steps, so that the tenant's object can handle other calls in between.

/** The number of rows in a step, which takes about 3 ms. */
export const STEP_ROWS = 1_000;

/** Pauses long work after each step. */
export class Pacer {
  #rows = 0;
  #closed = false;

  /**
   * Pauses if at least `STEP_ROWS` rows were processed since the last pause.
   * @throws Error after `close`
   */
  async pauseAfter(rows: number): Promise<void> {
    this.#rows += rows;
    if (this.#rows < STEP_ROWS) return;
    this.#rows = 0;
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (this.#closed) throw new Error("the tenant was deleted");
  }

  /** Stops paused work after its tenant was deleted, because the tables may belong to a new tenant. */
  close(): void {
    this.#closed = true;
  }
}
