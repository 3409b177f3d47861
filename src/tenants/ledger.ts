// The ledger of a tenant: a row per task, kept for 30 days, without solutions. Writes are idempotent, because tasks retry their calls.

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

/** How long (ms) rows are kept: 30 days. */
const LEDGER_KEPT_MS = 30 * 86_400_000;

/** The maximum number of outcomes held in memory. Beyond that, and before each read, all of them are written. */
const MAX_HELD = 250;

/** The number of newest rows that are searched for solve times. */
const SOLVE_TIMES_SEARCHED = 4_096;

/** A task that requests admission. Times are in ms. */
export interface AdmissionRequest extends SlotRequest, TaskOrigin {
  readonly mode: KeyMode;
  /** The normalized host of the task's websiteURL. */
  readonly website: string;
  /** The caller's own name for the task. */
  readonly reference?: string | null | undefined;
  /** The API key that created the task. */
  readonly keyId?: string | null | undefined;
  /** `pending` for a task with its own webhook URL. Whether a default endpoint receives the webhook is decided at the task's end. */
  readonly webhookState?: WebhookState | null | undefined;
}

/** The reported outcome of a task. Times are in ms. */
export interface TaskOutcome extends Omit<AdmissionRequest, "deadlineAt"> {
  readonly status: TaskStatus;
  readonly finishedAt: number;
  /** From the upstream's acceptance to the solution. Null without a solution. */
  readonly solveMs: number | null;
  /** From the upstream's acceptance to the last response without a solution. Null without a solution. */
  readonly unsolvedMs: number | null;
  readonly errorCode: TaskErrorCode | null;
  readonly webhookState: WebhookState | null;
}

/** The webhook state of a task. */
export interface DeliveryState extends TaskOrigin {
  readonly taskId: string;
  readonly webhookState: WebhookState;
}

/** The ledger of a tenant. */
export class Ledger {
  readonly #db: DrizzleSqliteDODatabase;
  readonly #rows: LedgerRows;
  readonly #queries: LedgerQueries;
  readonly #usage: Usage;
  readonly #pacer = new Pacer();
  readonly #month: MonthlyCount;
  /** By task, outcomes that are written after the first webhook attempt. */
  readonly #held = new Map<string, TaskOutcome>();

  /** @param now ms since the epoch */
  constructor(db: DrizzleSqliteDODatabase, now: number) {
    this.#db = db;
    this.#rows = new LedgerRows(db);
    this.#queries = new LedgerQueries(db);
    this.#usage = new Usage(db, this.#pacer);
    this.#month = this.#loadMonth(now);
  }

  /** The task list. Writes held outcomes first. */
  get queries(): LedgerQueries {
    this.#writeHeld();
    return this.#queries;
  }

  /** Usage by day. Writes held outcomes first. */
  get usage(): Usage {
    this.#writeHeld();
    return this.#usage;
  }

  /** The number of live tasks admitted in the month (UTC) of `now`. */
  liveTasksOfMonth(now: number): number {
    return this.#month.at(now);
  }

  /** Inserts the row of an admitted or waiting task, or updates the row of a waiting task that is now admitted. */
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

  /** Marks a waiting task as admitted. */
  markAdmitted(mode: KeyMode, taskId: string, createdAt: number, now: number): void {
    const { row } = this.#rows.find(taskId, createdAt);
    if (row !== null && !row.admitted && row.finishedAt === null) this.#admit(row.sequence, mode, now);
  }

  /**
   * Holds an outcome in memory until it is reported again or the ledger is read. After an eviction, the task reports it again.
   * Returns false if the outcome was already written or held.
   */
  hold(report: TaskOutcome, now: number): boolean {
    if (this.hasOutcome(report, now)) return false;
    if (this.#held.size >= MAX_HELD) this.#writeHeld();
    this.#held.set(report.taskId, report);
    return true;
  }

  /** Whether the outcome of a task was written or is held. */
  hasOutcome({ taskId, createdAt }: Pick<TaskOutcome, "taskId" | "createdAt">, now: number): boolean {
    if (this.#held.has(taskId) || isPruned({ createdAt }, now)) return true;
    return (this.#rows.find(taskId, createdAt).row?.finishedAt ?? null) !== null;
  }

  /** Writes an outcome, or only its webhook state if it was already written. Returns false if it was already written or held. */
  recordOutcome(report: TaskOutcome, now: number): boolean {
    const held = this.#held.delete(report.taskId);
    if (isPruned(report, now)) return false;
    if (this.#write(report)) return !held;
    const { taskId, createdAt, webhookState } = report;
    if (webhookState !== null) this.recordDeliveryState({ taskId, createdAt, webhookState });
    return false;
  }

  /** Updates the webhook state of a task. */
  recordDeliveryState({ taskId, createdAt, webhookState }: DeliveryState): void {
    const { row } = this.#rows.find(taskId, createdAt);
    if (row !== null && row.webhookState !== webhookState) this.#rows.setWebhookState(row.sequence, webhookState);
  }

  /** The unfinished tasks, oldest first, and whether they hold a slot. */
  unfinished(now: number): { readonly request: SlotRequest; readonly mode: KeyMode; readonly admitted: boolean }[] {
    const { sequence, taskId, createdAt, deadlineAt, mode, admitted, finishedAt } = tasks;
    return this.#db
      .select({ request: { taskId, createdAt, deadlineAt }, mode, admitted })
      .from(tasks)
      .where(and(gte(sequence, sequenceAt(now - LONGEST_TASK_MS)), isNull(finishedAt)))
      .orderBy(asc(sequence))
      .all();
  }

  /** The latest solve times of a mode, at most `most` of them, oldest first. */
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
   * Deletes rows of days that ended more than 30 days ago, after storing the totals of each day. Only whole days are deleted, so that
   * totals remain consistent with rows, and rows with the current month's count are kept.
   */
  async prune(now: number): Promise<void> {
    const { sequence } = tasks;
    const before = oldestKept(now);
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

  /** Stops work in progress before the tables are deleted. */
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
      // The task was rejected, or canceled before it requested admission.
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

  #newRow(request: AdmissionRequest) {
    const {
      taskId,
      mode,
      website,
      createdAt,
      deadlineAt,
      reference = null,
      keyId = null,
      webhookState = null,
    } = request;
    const monthCount = this.#month.mark;
    return { taskId, mode, website, createdAt, deadlineAt, reference, keyId, webhookState, monthCount };
  }

  #admit(sequence: number, mode: KeyMode, now: number): void {
    if (mode === "live") this.#month.add(now);
    this.#rows.admit(sequence, this.#month.mark);
  }

  /**
   * Restores the monthly count. Every row contains the count at its insertion or admission. The latest count is among the newest rows,
   * because tasks are admitted before their deadline.
   */
  #loadMonth(now: number): MonthlyCount {
    const newest = this.#db.select({ sequence: max(tasks.sequence) }).from(tasks);
    const latest = this.#db
      .select({ mark: max(tasks.monthCount) })
      .from(tasks)
      .where(gte(tasks.sequence, sql`(${newest}) - ${LONGEST_TASK_MS * SEQUENCES_PER_MS}`))
      .get();
    if (latest?.mark != null) return MonthlyCount.restore(latest.mark);
    // The newest rows were written by a version without counts. Needed until the next row is inserted.
    const ofMonth = and(gte(tasks.sequence, sequenceAt(monthStartAt(now))), eq(tasks.mode, "live"));
    const admitted = this.#db
      .select({ n: count() })
      .from(tasks)
      .where(and(ofMonth, eq(tasks.admitted, true)))
      .get();
    return MonthlyCount.of(admitted?.n ?? 0, now);
  }
}

/** The first sequence whose row is kept. */
function oldestKept(now: number): number {
  return sequenceOfDay(dayAt(now - LEDGER_KEPT_MS));
}

/** Whether a task is too old for a row. A new row would replace the stored totals of its day. */
function isPruned({ createdAt }: Pick<TaskOutcome, "createdAt">, now: number): boolean {
  return sequenceAt(createdAt) < oldestKept(now);
}

const UNFINISHED = { finishedAt: null, solveMs: null, unsolvedMs: null, errorCode: null } as const;
