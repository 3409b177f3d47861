// Usage by day (UTC) of creation. The totals of a day that is over are counted once and stored; those of an unfinished day are kept
// in memory. Rows are counted in small steps with pauses between them, because the same object admits the tenant's tasks.

import { and, asc, between, eq, gte, lt, max, min, sql } from "drizzle-orm";
import type { DrizzleSqliteDODatabase } from "drizzle-orm/durable-sqlite";
import type { KeyMode } from "./keys.ts";
import type { Pacer } from "./pacer.ts";
import { STEP_ROWS } from "./pacer.ts";
import type { DayTotals, KeyTotals } from "./schema.ts";
import { tasks, usageDays } from "./schema.ts";
import { dayAt, dayOfSequence, LONGEST_TASK_MS, sequenceAt, sequenceOfDay } from "./sequence.ts";
import type { ModeTotals } from "./usage-count.ts";
import { UsageCount } from "./usage-count.ts";

/** How long totals are kept, in days: the longest range that can be asked for (366 days), and a month. */
const TOTALS_KEPT_DAYS = 400;

/** What the tasks that were created on a day (`2026-11-23`, UTC) came to. */
export interface UsageDay extends DayTotals {
  readonly day: string;
  /** Only where it was asked for. */
  readonly keys?: KeyTotals;
}

/** Days since the epoch, both included, and whether to count by key too. */
export interface UsageRange {
  readonly from: number;
  readonly to: number;
  readonly byKey: boolean;
}

/** A day that is being counted: every row before the sequence `end` is. Stale once a counted row changed. */
interface Progress {
  readonly count: UsageCount;
  end: number;
  stale: boolean;
}

const NO_TOTALS: ModeTotals = new UsageCount().of("live");

export class Usage {
  readonly #db: DrizzleSqliteDODatabase;
  readonly #step: ReturnType<typeof prepareStep>;
  readonly #pacer: Pacer;
  readonly #inProgress = new Map<number, Progress>();
  /** The newest day with stored totals. */
  #newestStored: number;

  constructor(db: DrizzleSqliteDODatabase, pacer: Pacer) {
    this.#db = db;
    this.#pacer = pacer;
    this.#step = prepareStep(db);
    const newest = db
      .select({ day: max(usageDays.day) })
      .from(usageDays)
      .get();
    this.#newestStored = newest?.day ?? Number.NEGATIVE_INFINITY;
  }

  /** Each day of a range. `now` in ms. */
  async days(mode: KeyMode, { from, to, byKey }: UsageRange, now: number): Promise<UsageDay[]> {
    const stored = this.#stored(mode, from, to, byKey);
    const rows = this.#daysWithRows();
    const days: UsageDay[] = [];
    for (let day = from; day <= to; day += 1) {
      const counted = day >= rows.first && day <= rows.last ? undefined : NO_TOTALS;
      const { totals, keys } = stored.get(day) ?? counted ?? (await this.#count(day, now)).of(mode);
      days.push({ day: nameOf(day), ...totals, ...(byKey ? { keys } : {}) });
    }
    return days;
  }

  /** A row was inserted, or its task finished. Totals that no longer hold are dropped and counted again when they are read. */
  changed(sequence: number): void {
    const day = dayOfSequence(sequence);
    const progress = this.#inProgress.get(day);
    if (progress !== undefined && sequence < progress.end) {
      progress.stale = true;
      this.#inProgress.delete(day);
    }
    if (day <= this.#newestStored) this.#db.delete(usageDays).where(eq(usageDays.day, day)).run();
  }

  /** Stores the totals of a day that is over, before its rows are deleted. */
  async store(day: number, now: number): Promise<void> {
    if (this.#stored("live", day, day, false).size === 0) await this.#count(day, now);
  }

  /** Deletes totals that are too old to be asked for. */
  prune(now: number): void {
    const today = dayAt(now);
    for (const day of this.#inProgress.keys()) if (day < today - 1) this.#inProgress.delete(day);
    this.#db
      .delete(usageDays)
      .where(lt(usageDays.day, today - TOTALS_KEPT_DAYS))
      .run();
  }

  /** Counts a day. Several calls may count the same day at once; they share the progress. */
  async #count(day: number, now: number): Promise<UsageCount> {
    const end = sequenceOfDay(day + 1);
    // A task older than this can only change late, which `changed` handles.
    const settled = Math.min(Math.max(sequenceAt(now - LONGEST_TASK_MS), sequenceOfDay(day)), end);
    let progress = this.#progressOf(day);
    while (progress.end < settled) {
      await this.#pacer.pauseAfter(this.#advance(progress, settled));
      if (progress.stale) progress = this.#progressOf(day);
    }
    if (settled === end) {
      if (this.#inProgress.get(day) === progress) this.#store(day, progress.count);
      return progress.count;
    }
    const whole = { ...progress, count: progress.count.copy() };
    while (whole.end < end) await this.#pacer.pauseAfter(this.#advance(whole, end));
    return whole.count;
  }

  #progressOf(day: number): Progress {
    const known = this.#inProgress.get(day);
    if (known !== undefined) return known;
    const fresh = { count: new UsageCount(), end: sequenceOfDay(day), stale: false };
    this.#inProgress.set(day, fresh);
    return fresh;
  }

  /** Counts the next rows, up to the sequence `until`; returns how many. */
  #advance(progress: Progress, until: number): number {
    const rows = this.#step.all({ from: progress.end, until });
    for (const row of rows) progress.count.add(row);
    const last = rows.at(-1);
    progress.end = rows.length < STEP_ROWS || last === undefined ? until : last.sequence + 1;
    return rows.length;
  }

  #store(day: number, count: UsageCount): void {
    this.#inProgress.delete(day);
    // A day without rows is found empty as fast as its totals are read.
    if (count.size === 0) return;
    const [live, test] = [count.of("live"), count.of("test")];
    const totals = { live: live.totals, test: test.totals, liveKeys: live.keys, testKeys: test.keys };
    this.#db
      .insert(usageDays)
      .values({ day, ...totals })
      .onConflictDoUpdate({ target: usageDays.day, set: totals })
      .run();
    this.#newestStored = Math.max(this.#newestStored, day);
  }

  #stored(mode: KeyMode, from: number, to: number, byKey: boolean): Map<number, ModeTotals> {
    const { day, live, test, liveKeys, testKeys } = usageDays;
    const noKeys = sql<KeyTotals>`'{}'`.mapWith(usageDays.liveKeys);
    const keys = mode === "live" ? liveKeys : testKeys;
    const rows = this.#db
      .select({ day, totals: mode === "live" ? live : test, keys: byKey ? keys : noKeys })
      .from(usageDays)
      .where(between(day, from, to))
      .all();
    return new Map(rows.map((row) => [row.day, row]));
  }

  /** The first and the last day that may have rows. */
  #daysWithRows(): { readonly first: number; readonly last: number } {
    const { sequence } = tasks;
    // Two statements: SQLite reads one end of the key for each, and would read every row for both in one.
    const first =
      this.#db
        .select({ sequence: min(sequence) })
        .from(tasks)
        .get()?.sequence ?? null;
    const last =
      this.#db
        .select({ sequence: max(sequence) })
        .from(tasks)
        .get()?.sequence ?? null;
    if (first === null || last === null) return { first: 0, last: -1 };
    return { first: dayOfSequence(first), last: dayOfSequence(last) };
  }
}

function prepareStep(db: DrizzleSqliteDODatabase) {
  const { sequence, mode, status, errorCode, keyId, solveMs } = tasks;
  return db
    .select({ sequence, mode, status, errorCode, keyId, solveMs })
    .from(tasks)
    .where(and(gte(sequence, sql.placeholder("from")), lt(sequence, sql.placeholder("until"))))
    .orderBy(asc(sequence))
    .limit(STEP_ROWS)
    .prepare();
}

const nameOf = (day: number): string => new Date(day * 86_400_000).toISOString().slice(0, 10);
