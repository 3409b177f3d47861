// The tenant's ledger: one row a task, from admission to outcome, thirty days long. Each outcome is entered once, whatever is
// retried. Refuses to know a solution. Synchronous: SQLite stands in the object's own thread.

import { and, asc, count, desc, eq, gte, isNotNull, isNull, lt, sql } from "drizzle-orm";
import type { DrizzleSqliteDODatabase } from "drizzle-orm/durable-sqlite";
import type { TaskErrorCode, TaskStatus } from "../tasks/status.ts";
import type { KeyMode } from "./keys.ts";
import { LedgerQueries } from "./ledger-queries.ts";
import { tasks } from "./schema.ts";
import { preferredPlace, SEQUENCES_PER_MS, sequenceAt } from "./sequence.ts";
import { monthStartAt } from "./settings.ts";
import type { SlotRequest } from "./slots.ts";
import type { SolveSample } from "./solve-times.ts";

/** How long (ms) a row is kept: 30 days. */
const LEDGER_KEPT_MS = 30 * 86_400_000;

/** The longest (ms) that a task can be unfinished: the longest deadline, 300 s, with room for a late alarm. */
const LONGEST_TASK_MS = 900_000;

/** Outcomes that wait for their entry at once; one more, and all are entered. */
const MOST_HELD = 1_000;

/** Rows that are looked through for solve times: where few tasks are solved, the search has an end. */
const LOOKED_THROUGH = 4_096;

/** A task that asks for admission. Times in ms. */
export interface AdmissionRequest extends SlotRequest {
  readonly mode: KeyMode;
  readonly website: string;
}

/** A task's outcome, as its object hands it in. Times in ms. */
export interface TaskOutcome {
  readonly taskId: string;
  readonly mode: KeyMode;
  readonly createdAt: number;
  readonly website: string;
  readonly status: TaskStatus;
  readonly finishedAt: number;
  /** From upstream's acceptance to the solution; null where there is none. */
  readonly solveMs: number | null;
  /** The last moment before it at which there was no solution yet, counted from the same; null where there is none. */
  readonly unsolvedMs: number | null;
  readonly errorCode: TaskErrorCode | null;
  readonly webhookState: "pending" | "delivered" | "exhausted" | null;
}

export interface DeliveryState {
  readonly taskId: string;
  readonly createdAt: number;
  readonly webhookState: "pending" | "delivered" | "exhausted";
}

export class Ledger {
  readonly #db: DrizzleSqliteDODatabase;
  readonly #prepared: ReturnType<typeof prepareQueries>;
  readonly #queries: LedgerQueries;
  /** Outcomes whose entry waits for the first webhook attempt, by task. */
  readonly #held = new Map<string, TaskOutcome>();

  constructor(db: DrizzleSqliteDODatabase) {
    this.#db = db;
    this.#prepared = prepareQueries(db);
    this.#queries = new LedgerQueries(db);
  }

  /** What is read from it. Who reads finds every outcome that is known: those whose entry waits are entered first. */
  get queries(): LedgerQueries {
    this.#enterHeld();
    return this.#queries;
  }

  /** Enters a task that is admitted or waits; an update where it is known already. */
  enter(request: AdmissionRequest, admitted: boolean): void {
    const { taskId, mode, website, createdAt, deadlineAt } = request;
    const { known, free } = this.#look(taskId, createdAt);
    if (known !== null) {
      if (admitted && !known.admitted) this.#admit(known);
      return;
    }
    const outcome = { finishedAt: null, solveMs: null, unsolvedMs: null, errorCode: null, webhookState: null };
    const row = { sequence: free(), taskId, mode, website, admitted, createdAt, deadlineAt, ...outcome };
    this.#prepared.insert.run({ ...row, status: statusOf(admitted) });
  }

  /** A waiting task has got a slot. */
  markAdmitted(taskId: string, createdAt: number): void {
    const { known } = this.#look(taskId, createdAt);
    if (known !== null) this.#admit(known);
  }

  /**
   * Keeps an outcome in memory until it is settled, or read. Should it be lost with the object, the task, which has it, settles it
   * all the same. False where it was known.
   */
  hold(report: TaskOutcome): boolean {
    const { taskId, createdAt } = report;
    if (this.#held.has(taskId) || (this.#look(taskId, createdAt).known?.finishedAt ?? null) !== null) return false;
    if (this.#held.size >= MOST_HELD) this.#enterHeld();
    this.#held.set(taskId, report);
    return true;
  }

  /** Enters an outcome, or only how its webhook fared where it stands already. False where it was known. */
  recordOutcome(report: TaskOutcome): boolean {
    const held = this.#held.delete(report.taskId);
    if (this.#enter(report)) return !held;
    const { taskId, createdAt, webhookState } = report;
    if (webhookState !== null) this.recordDeliveryState({ taskId, createdAt, webhookState });
    return false;
  }

  #enterHeld(): void {
    for (const report of this.#held.values()) this.#enter(report);
    this.#held.clear();
  }

  #enter(report: TaskOutcome): boolean {
    const { taskId, createdAt, status, finishedAt, solveMs, unsolvedMs, errorCode, webhookState } = report;
    const outcome = { status, finishedAt, solveMs, unsolvedMs, errorCode, webhookState };
    const { known, free } = this.#look(taskId, createdAt);
    if (known === null) {
      const { mode, website } = report;
      const row = { sequence: free(), taskId, mode, website, admitted: false, createdAt, deadlineAt: finishedAt };
      this.#prepared.insert.run({ ...row, ...outcome });
      return true;
    }
    if (known.finishedAt !== null) return false;
    this.#prepared.finish.run({ sequence: known.sequence, ...outcome });
    return true;
  }

  /** Enters how the webhook attempts ended. */
  recordDeliveryState({ taskId, createdAt, webhookState }: DeliveryState): void {
    const { known } = this.#look(taskId, createdAt);
    if (known === null || known.webhookState === webhookState) return;
    this.#prepared.recordDeliveryState.run({ sequence: known.sequence, webhookState });
  }

  /** The tasks that may be unfinished, oldest first, with whether they have a slot. */
  unfinished(now: number): { readonly request: SlotRequest; readonly mode: KeyMode; readonly admitted: boolean }[] {
    const since = sequenceAt(now - LONGEST_TASK_MS);
    const rows = this.#db
      .select()
      .from(tasks)
      .where(and(gte(tasks.sequence, since), isNull(tasks.finishedAt)))
      .orderBy(asc(tasks.sequence))
      .all();
    return rows.map(({ taskId, createdAt, deadlineAt, mode, admitted }) => ({
      request: { taskId, createdAt, deadlineAt },
      mode,
      admitted,
    }));
  }

  /** What is known of the last solve times of a mode, at most `most`, oldest first. */
  solveTimes(mode: KeyMode, most: number): SolveSample[] {
    const newest = this.#db.select().from(tasks).orderBy(desc(tasks.sequence)).limit(LOOKED_THROUGH).as("newest");
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

  /** Live tasks of `now`'s calendar month (UTC) that had a slot. */
  liveTasksOfMonth(now: number): number {
    const since = sequenceAt(monthStartAt(now));
    const row = this.#db
      .select({ n: count() })
      .from(tasks)
      .where(and(gte(tasks.sequence, since), eq(tasks.mode, "live"), eq(tasks.admitted, true)))
      .get();
    return row?.n ?? 0;
  }

  /** Forgets what is older than 30 days, but nothing of the present month, whose quota is counted from these rows. */
  prune(now: number): void {
    const before = sequenceAt(Math.min(now - LEDGER_KEPT_MS, monthStartAt(now)));
    this.#db.delete(tasks).where(lt(tasks.sequence, before)).run();
  }

  #admit({ sequence, admitted, finishedAt }: KnownRow): void {
    if (!admitted && finishedAt === null) this.#prepared.admit.run({ sequence });
  }

  /** The task's row, and a place for one: the place it would like, or the next that is free in its millisecond. */
  #look(taskId: string, createdAt: number): { readonly known: KnownRow | null; readonly free: () => number } {
    const first = sequenceAt(createdAt);
    const neighbours = this.#prepared.ofMillisecond.all({ first, end: first + SEQUENCES_PER_MS });
    const known = neighbours.find((row) => row.taskId === taskId) ?? null;
    const free = () => {
      const taken = new Set(neighbours.map(({ sequence }) => sequence));
      const start = preferredPlace(taskId);
      for (let step = 0; step < SEQUENCES_PER_MS; step += 1) {
        const sequence = first + ((start + step) % SEQUENCES_PER_MS);
        if (!taken.has(sequence)) return sequence;
      }
      throw new Error("the ledger has no place left in this millisecond");
    };
    return { known, free };
  }
}

type KnownRow = Pick<typeof tasks.$inferSelect, "sequence" | "taskId" | "admitted" | "finishedAt" | "webhookState">;

/** What is asked for each task, prepared once: building a query costs more than running it. */
function prepareQueries(db: DrizzleSqliteDODatabase) {
  const given = sql.placeholder;
  const bySequence = eq(tasks.sequence, given("sequence"));
  const { sequence, taskId, admitted, finishedAt, webhookState } = tasks;
  return {
    ofMillisecond: db
      .select({ sequence, taskId, admitted, finishedAt, webhookState })
      .from(tasks)
      .where(and(gte(tasks.sequence, given("first")), lt(tasks.sequence, given("end"))))
      .prepare(),
    insert: db
      .insert(tasks)
      .values({
        sequence: given("sequence"),
        taskId: given("taskId"),
        mode: given("mode"),
        website: given("website"),
        status: given("status"),
        admitted: given("admitted"),
        createdAt: given("createdAt"),
        deadlineAt: given("deadlineAt"),
        finishedAt: given("finishedAt"),
        solveMs: given("solveMs"),
        unsolvedMs: given("unsolvedMs"),
        errorCode: given("errorCode"),
        webhookState: given("webhookState"),
      })
      .prepare(),
    admit: db
      .update(tasks)
      .set({ admitted: true, status: statusOf(true) })
      .where(bySequence)
      .prepare(),
    finish: db
      .update(tasks)
      .set({
        status: sql`${given("status")}`,
        finishedAt: sql`${given("finishedAt")}`,
        solveMs: sql`${given("solveMs")}`,
        unsolvedMs: sql`${given("unsolvedMs")}`,
        errorCode: sql`${given("errorCode")}`,
        webhookState: sql`${given("webhookState")}`,
      })
      .where(bySequence)
      .prepare(),
    recordDeliveryState: db
      .update(tasks)
      .set({ webhookState: sql`${given("webhookState")}` })
      .where(bySequence)
      .prepare(),
  };
}

/** An unfinished task in the ledger's eyes: one that has its slot is with upstream, or about to be. */
function statusOf(admitted: boolean): TaskStatus {
  return admitted ? "processing" : "queued";
}
