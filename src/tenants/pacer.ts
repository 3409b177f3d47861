// Breaks long work on the ledger into steps, so that the tenant's object can admit tasks in between.

/** Rows that are counted or deleted in one step, which takes some 3 ms on an idle machine. */
export const STEP_ROWS = 1_000;

export class Pacer {
  #rows = 0;
  #closed = false;

  /**
   * Lets the object handle other calls if a step's worth of rows was processed since it last did.
   * @throws Error after `close`
   */
  async pauseAfter(rows: number): Promise<void> {
    this.#rows += rows;
    if (this.#rows < STEP_ROWS) return;
    this.#rows = 0;
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (this.#closed) throw new Error("the tenant was deleted");
  }

  /** Stops paused work: its tenant was deleted, and another one of the same id may have its tables by now. */
  close(): void {
    this.#closed = true;
  }
}
