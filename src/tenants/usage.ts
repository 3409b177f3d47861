// Usage by the day (UTC) of a task's creation. Totals of past days are counted once and stored. Rows are counted in steps with pauses,
// because the tenant's object must not be blocked.

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

/** How long totals are kept, in days: more than the maximum range of a query (366 days). */
const TOTALS_KEPT_DAYS = 400;

/** The totals of a day, such as `2026-11-23` (UTC). */
export interface UsageDay extends DayTotals {
  readonly day: string;
  /** Only if requested. */
  readonly keys?: KeyTotals;
}

/** A range of days since the epoch, both inclusive. `byKey`: also count by key. */
export interface UsageRange {
  readonly from: number;
  readonly to: number;
  readonly byKey: boolean;
}

/** The count of a day up to the sequence `end` (exclusive). `stale`: a counted row has changed. */
interface Progress {
  readonly count: UsageCount;
  end: number;
  stale: boolean;
}

const NO_TOTALS: ModeTotals = new UsageCount().of("live");

/** The usage of a tenant. */
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

  /** The totals of each day of a range. `now` is in ms. */
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

  /** Invalidates the totals of a row that was inserted or whose task finished. They are counted again when they are read. */
  changed(sequence: number): void {
    const day = dayOfSequence(sequence);
    const progress = this.#inProgress.get(day);
    if (progress !== undefined && sequence < progress.end) {
      progress.stale = true;
      this.#inProgress.delete(day);
    }
    if (day <= this.#newestStored) this.#db.delete(usageDays).where(eq(usageDays.day, day)).run();
  }

  /** Stores the totals of a past day, before its rows are deleted. */
  async store(day: number, now: number): Promise<void> {
    if (this.#stored("live", day, day, false).size === 0) await this.#count(day, now);
  }

  /** Deletes totals that are too old. */
  prune(now: number): void {
    const today = dayAt(now);
    for (const day of this.#inProgress.keys()) if (day < today - 1) this.#inProgress.delete(day);
    this.#db
      .delete(usageDays)
      .where(lt(usageDays.day, today - TOTALS_KEPT_DAYS))
      .run();
  }

  /** Counts a day. Concurrent calls for the same day share their progress. */
  async #count(day: number, now: number): Promise<UsageCount> {
    const end = sequenceOfDay(day + 1);
    // Older tasks are finished. `changed` handles late exceptions.
    const finishedBefore = Math.min(Math.max(sequenceAt(now - LONGEST_TASK_MS), sequenceOfDay(day)), end);
    let progress = this.#progressOf(day);
    while (progress.end < finishedBefore) {
      await this.#pacer.pauseAfter(this.#advance(progress, finishedBefore));
      if (progress.stale) progress = this.#progressOf(day);
    }
    if (finishedBefore === end) {
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
    const progress = { count: new UsageCount(), end: sequenceOfDay(day), stale: false };
    this.#inProgress.set(day, progress);
    return progress;
  }

  /** Counts the next rows before the sequence `until`. Returns the number of rows. */
  #advance(progress: Progress, until: number): number {
    const rows = this.#step.all({ from: progress.end, until });
    for (const row of rows) progress.count.add(row);
    const last = rows.at(-1);
    progress.end = rows.length < STEP_ROWS || last === undefined ? until : last.sequence + 1;
    return rows.length;
  }

  #store(day: number, count: UsageCount): void {
    this.#inProgress.delete(day);
    // Days without rows are not stored, because counting them is as fast as reading totals.
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

  /** The first and the last day with rows. */
  #daysWithRows(): { readonly first: number; readonly last: number } {
    const { sequence } = tasks;
    // Two statements, because SQLite would scan all rows for both aggregates in one.
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
