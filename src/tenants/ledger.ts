// The tenant's ledger: one row per task, from admission to outcome, kept for 30 days. It never holds a solution. Every write is
// idempotent, because tasks repeat their calls. Synchronous, because SQLite runs in the object's own thread.

import { and, asc, count, desc, eq, gte, isNotNull, isNull, lt, max, min, sql } from "drizzle-orm";
import type { DrizzleSqliteDODatabase } from "drizzle-orm/durable-sqlite";
import type { TaskErrorCode, TaskStatus } from "../tasks/status.ts";
import type { WebhookState } from "../webhooks/delivery.ts";
import type { SolveSample } from "./adaptive-first-poll.ts";
import type { TaskOrigin } from "./incarnation.ts";
import type { KeyMode } from "./keys.ts";
import { LedgerQueries } from "./ledger-queries.ts";
import { LedgerRows } from "./ledger-rows.ts";
import { Pacer, STEP_ROWS } from "./pacer.ts";
import { MonthlyCount, monthStartAt } from "./quota.ts";
import { tasks } from "./schema.ts";
import { dayAt, dayOfSequence, LONGEST_TASK_MS, SEQUENCES_PER_MS, sequenceAt, sequenceOfDay } from "./sequence.ts";
import type { SlotRequest } from "./slots.ts";
import { Usage } from "./usage.ts";

/** How long (ms) a row is kept: 30 days. */
const LEDGER_KEPT_MS = 30 * 86_400_000;

/** The number of outcomes that are held in memory at once; one more, and all of them are written. A read writes them too. */
const MAX_HELD = 250;

/** The number of newest rows that are searched for solve times, however few of them were solved. */
const SOLVE_TIMES_SEARCHED = 4_096;

/** A task that asks for admission. Times in ms. */
export interface AdmissionRequest extends SlotRequest, TaskOrigin {
  readonly mode: KeyMode;
  /** The host of the task's websiteURL. */
  readonly website: string;
  /** The caller's own name for the task. */
  readonly reference?: string | null | undefined;
  /** The API key that created the task. */
  readonly keyId?: string | null | undefined;
}

/** The outcome that a task reports. Times in ms. */
export interface TaskOutcome extends TaskOrigin {
  readonly taskId: string;
  readonly mode: KeyMode;
  readonly website: string;
  readonly reference?: string | null | undefined;
  readonly keyId?: string | null | undefined;
  readonly status: TaskStatus;
  readonly finishedAt: number;
  /** From the upstream's acceptance to the solution; null without one. */
  readonly solveMs: number | null;
  /** From the upstream's acceptance to the last answer without a solution; null without a solution. */
  readonly unsolvedMs: number | null;
  readonly errorCode: TaskErrorCode | null;
  readonly webhookState: WebhookState | null;
}

/** Where the webhook of a task stands. */
export interface DeliveryState extends TaskOrigin {
  readonly taskId: string;
  readonly webhookState: WebhookState;
}

export class Ledger {
  readonly #db: DrizzleSqliteDODatabase;
  readonly #rows: LedgerRows;
  readonly #queries: LedgerQueries;
  readonly #usage: Usage;
  readonly #pacer = new Pacer();
  readonly #month: MonthlyCount;
  /** Outcomes that are written after the first webhook attempt, by task. */
  readonly #held = new Map<string, TaskOutcome>();

  /** @param now ms since the epoch */
  constructor(db: DrizzleSqliteDODatabase, now: number) {
    this.#db = db;
    this.#rows = new LedgerRows(db);
    this.#queries = new LedgerQueries(db);
    this.#usage = new Usage(db, this.#pacer);
    this.#month = this.#loadMonth(now);
  }

  /** The list of tasks. Held outcomes are written first, so that every known outcome is found. */
  get queries(): LedgerQueries {
    this.#writeHeld();
    return this.#queries;
  }

  /** Usage by day. Held outcomes are written first, as for the list. */
  get usage(): Usage {
    this.#writeHeld();
    return this.#usage;
  }

  /** Live tasks that got their slot in the month (UTC) of `now`. */
  liveTasksOfMonth(now: number): number {
    return this.#month.at(now);
  }

  /** Enters a task that was admitted at `now` or waits for a slot; updates the row of a task that waited. */
  enter(request: AdmissionRequest, admitted: boolean, now: number): void {
    const { taskId, mode, createdAt } = request;
    const { row, free } = this.#rows.find(taskId, createdAt);
    if (row !== null) {
      if (admitted && !row.admitted && row.finishedAt === null) this.#admit(row.sequence, mode, now);
      return;
    }
    if (admitted && mode === "live") this.#month.add(now);
    const status = admitted ? "processing" : "queued";
    this.#insert({ ...this.#newRow(request), ...UNFINISHED, sequence: free(), status, admitted });
  }

  /** Marks a waiting task as admitted at `now`. */
  markAdmitted(mode: KeyMode, taskId: string, createdAt: number, now: number): void {
    const { row } = this.#rows.find(taskId, createdAt);
    if (row !== null && !row.admitted && row.finishedAt === null) this.#admit(row.sequence, mode, now);
  }

  /**
   * Keeps an outcome in memory until it is reported again or read. If the object is evicted before, the task reports it again.
   * Returns false if the outcome was known.
   */
  hold(report: TaskOutcome): boolean {
    if (this.knows(report)) return false;
    if (this.#held.size >= MAX_HELD) this.#writeHeld();
    this.#held.set(report.taskId, report);
    return true;
  }

  /** Whether the outcome of a task is written or held. */
  knows({ taskId, createdAt }: Pick<TaskOutcome, "taskId" | "createdAt">): boolean {
    return this.#held.has(taskId) || (this.#rows.find(taskId, createdAt).row?.finishedAt ?? null) !== null;
  }

  /** Writes an outcome, or only its webhook state if the outcome is written. Returns false if the outcome was known. */
  recordOutcome(report: TaskOutcome): boolean {
    const held = this.#held.delete(report.taskId);
    if (this.#write(report)) return !held;
    const { taskId, createdAt, webhookState } = report;
    if (webhookState !== null) this.recordDeliveryState({ taskId, createdAt, webhookState });
    return false;
  }

  /** Writes where the webhook of a task stands. */
  recordDeliveryState({ taskId, createdAt, webhookState }: DeliveryState): void {
    const { row } = this.#rows.find(taskId, createdAt);
    if (row !== null && row.webhookState !== webhookState) this.#rows.setWebhookState(row.sequence, webhookState);
  }

  /** The tasks that may be unfinished, oldest first, and whether they have a slot. */
  unfinished(now: number): { readonly request: SlotRequest; readonly mode: KeyMode; readonly admitted: boolean }[] {
    const { sequence, taskId, createdAt, deadlineAt, mode, admitted, finishedAt } = tasks;
    return this.#db
      .select({ request: { taskId, createdAt, deadlineAt }, mode, admitted })
      .from(tasks)
      .where(and(gte(sequence, sequenceAt(now - LONGEST_TASK_MS)), isNull(finishedAt)))
      .orderBy(asc(sequence))
      .all();
  }

  /** The latest solve times of a mode, at most `most`, oldest first. */
  solveTimes(mode: KeyMode, most: number): SolveSample[] {
    const newest = this.#db.select().from(tasks).orderBy(desc(tasks.sequence)).limit(SOLVE_TIMES_SEARCHED).as("newest");
    const rows = this.#db
      .select({ afterMs: newest.unsolvedMs, byMs: newest.solveMs })
      .from(newest)
      .where(and(eq(newest.mode, mode), isNotNull(newest.solveMs), isNotNull(newest.unsolvedMs)))
      .orderBy(desc(newest.sequence))
      .limit(most)
      .all();
    return rows
      .flatMap(({ afterMs, byMs }) => (afterMs === null || byMs === null ? [] : [{ afterMs, byMs }]))
      .reverse();
  }

  /**
   * Deletes the rows of days that ended 30 days ago, in steps, after the totals of each day are stored. Only whole days, so that
   * totals and rows agree, and the rows of the current month, which hold its count, stay.
   */
  async prune(now: number): Promise<void> {
    const { sequence } = tasks;
    const before = sequenceOfDay(dayAt(now - LEDGER_KEPT_MS));
    for (;;) {
      const oldest =
        this.#db
          .select({ sequence: min(sequence) })
          .from(tasks)
          .get()?.sequence ?? null;
      if (oldest === null || oldest >= before) break;
      const day = dayOfSequence(oldest);
      await this.#usage.store(day, now);
      const ofDay = lt(sequence, sequenceOfDay(day + 1));
      const next = this.#db
        .select({ sequence })
        .from(tasks)
        .where(ofDay)
        .orderBy(asc(sequence))
        .limit(1)
        .offset(STEP_ROWS)
        .get();
      this.#db
        .delete(tasks)
        .where(next === undefined ? ofDay : lt(sequence, next.sequence))
        .run();
      await this.#pacer.pauseAfter(STEP_ROWS);
    }
    this.#usage.prune(now);
  }

  /** Stops work that is under way, before the tables are deleted. */
  close(): void {
    this.#pacer.close();
  }

  #writeHeld(): void {
    for (const report of this.#held.values()) this.#write(report);
    this.#held.clear();
  }

  #write(report: TaskOutcome): boolean {
    const { taskId, createdAt, status, finishedAt, solveMs, unsolvedMs, errorCode, webhookState } = report;
    const outcome = { status, finishedAt, solveMs, unsolvedMs, errorCode, webhookState };
    const { row, free } = this.#rows.find(taskId, createdAt);
    if (row === null) {
      // A task that was rejected, or canceled before it asked for admission.
      const request = { ...report, deadlineAt: finishedAt };
      this.#insert({ ...this.#newRow(request), ...outcome, sequence: free(), admitted: false });
      return true;
    }
    if (row.finishedAt !== null) return false;
    this.#rows.finish(row.sequence, outcome);
    this.#usage.changed(row.sequence);
    return true;
  }

  #insert(row: typeof tasks.$inferSelect): void {
    this.#rows.insert(row);
    this.#usage.changed(row.sequence);
  }

  #newRow({ taskId, mode, website, createdAt, deadlineAt, reference = null, keyId = null }: AdmissionRequest) {
    return { taskId, mode, website, createdAt, deadlineAt, reference, keyId, monthCount: this.#month.mark };
  }

  #admit(sequence: number, mode: KeyMode, now: number): void {
    if (mode === "live") this.#month.add(now);
    this.#rows.admit(sequence, this.#month.mark);
  }

  /**
   * Reads the month's count, which every row stores as it was when the row was inserted or admitted. The latest is among the
   * newest rows: a task is admitted before its deadline, and every row that is inserted later stores that count or a later one.
   */
  #loadMonth(now: number): MonthlyCount {
    const newest = this.#db.select({ sequence: max(tasks.sequence) }).from(tasks);
    const latest = this.#db
      .select({ mark: max(tasks.monthCount) })
      .from(tasks)
      .where(gte(tasks.sequence, sql`(${newest}) - ${LONGEST_TASK_MS * SEQUENCES_PER_MS}`))
      .get();
    if (latest?.mark != null) return MonthlyCount.restore(latest.mark);
    // The newest rows are of a version that counted by creation. This scan is needed until the next row is inserted.
    const ofMonth = and(gte(tasks.sequence, sequenceAt(monthStartAt(now))), eq(tasks.mode, "live"));
    const admitted = this.#db
      .select({ n: count() })
      .from(tasks)
      .where(and(ofMonth, eq(tasks.admitted, true)))
      .get();
    return MonthlyCount.of(admitted?.n ?? 0, now);
  }
}

const UNFINISHED = { finishedAt: null, solveMs: null, unsolvedMs: null, errorCode: null, webhookState: null } as const;
