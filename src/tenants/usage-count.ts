// Counts the tasks of a day and their solve times. Pure.

import type { TaskErrorCode, TaskStatus } from "../tasks/status.ts";
import type { KeyMode } from "./keys.ts";
import type { DayTotals, KeyTotals } from "./schema.ts";

/** The counted fields of a task. */
export interface CountedRow {
  readonly mode: KeyMode;
  readonly status: TaskStatus;
  readonly errorCode: TaskErrorCode | null;
  readonly keyId: string | null;
  readonly solveMs: number | null;
}

/** The totals of a day and mode. */
export interface ModeTotals {
  readonly totals: DayTotals;
  readonly keys: KeyTotals;
}

/** The count of a day for both modes. */
export class UsageCount {
  #live = new ModeCount();
  #test = new ModeCount();

  add(row: CountedRow): void {
    (row.mode === "live" ? this.#live : this.#test).add(row);
  }

  /** The number of added rows. */
  get size(): number {
    return this.#live.submitted + this.#test.submitted;
  }

  of(mode: KeyMode): ModeTotals {
    return mode === "live" ? this.#live.result() : this.#test.result();
  }

  /** An independent copy. */
  copy(): UsageCount {
    const copy = new UsageCount();
    copy.#live = this.#live.copy();
    copy.#test = this.#test.copy();
    return copy;
  }
}

class ModeCount {
  submitted = 0;
  #ready = 0;
  #canceled = 0;
  readonly #failed = new Map<string, number>();
  readonly #keys = new Map<string, { readonly submitted: number; readonly ready: number }>();
  #solveTimes = new SolveTimeCounts();

  add({ status, errorCode, keyId, solveMs }: CountedRow): void {
    const ready = status === "ready" ? 1 : 0;
    this.submitted += 1;
    this.#ready += ready;
    if (status === "canceled") this.#canceled += 1;
    if (status === "failed") increment(this.#failed, errorCode ?? "internal");
    if (solveMs !== null) this.#solveTimes.add(solveMs);
    if (keyId === null) return;
    const key = this.#keys.get(keyId);
    this.#keys.set(keyId, { submitted: (key?.submitted ?? 0) + 1, ready: (key?.ready ?? 0) + ready });
  }

  result(): ModeTotals {
    const totals = {
      submitted: this.submitted,
      ready: this.#ready,
      failed: Object.fromEntries(this.#failed),
      canceled: this.#canceled,
      solveMs: { p50: this.#solveTimes.percentile(0.5), p95: this.#solveTimes.percentile(0.95) },
    };
    return { totals, keys: Object.fromEntries(this.#keys) };
  }

  copy(): ModeCount {
    const copy = new ModeCount();
    copy.submitted = this.submitted;
    copy.#ready = this.#ready;
    copy.#canceled = this.#canceled;
    for (const [code, n] of this.#failed) copy.#failed.set(code, n);
    for (const [key, counts] of this.#keys) copy.#keys.set(key, counts);
    copy.#solveTimes = this.#solveTimes.copy();
    return copy;
  }
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Milliseconds in one block of counts. */
const BLOCK_MS = 1_024;

/** A histogram of solve times by millisecond. Percentiles are exact. Memory depends on the range of times, not on their number. */
export class SolveTimeCounts {
  /** Counts by ms, in blocks of `BLOCK_MS`. */
  readonly #blocks = new Map<number, Uint32Array>();
  #size = 0;

  add(solveMs: number): void {
    const ms = Math.max(Math.round(solveMs), 0);
    const index = Math.floor(ms / BLOCK_MS);
    let block = this.#blocks.get(index);
    if (block === undefined) {
      block = new Uint32Array(BLOCK_MS);
      this.#blocks.set(index, block);
    }
    const place = ms % BLOCK_MS;
    block[place] = (block[place] ?? 0) + 1;
    this.#size += 1;
  }

  /** The nearest-rank percentile (ms) for a share from 0 to 1. Null without tasks. */
  percentile(share: number): number | null {
    const rank = Math.max(Math.ceil(share * this.#size), 1);
    let seen = 0;
    for (const [index, block] of [...this.#blocks].sort(([a], [b]) => a - b)) {
      for (let place = 0; place < BLOCK_MS; place += 1) {
        seen += block[place] ?? 0;
        if (seen >= rank) return index * BLOCK_MS + place;
      }
    }
    return null;
  }

  copy(): SolveTimeCounts {
    const copy = new SolveTimeCounts();
    for (const [index, block] of this.#blocks) copy.#blocks.set(index, block.slice());
    copy.#size = this.#size;
    return copy;
  }
}
