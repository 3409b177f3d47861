// The tenant's ledger: one row a task, from admission to outcome, thirty days long. Each outcome is entered once, whatever is
// retried. Refuses to know a solution. Synchronous: SQLite stands in the object's own thread.

import { and, asc, count, eq, gte, isNull, lt } from "drizzle-orm";
import type { DrizzleSqliteDODatabase } from "drizzle-orm/durable-sqlite";
import type { TaskErrorCode, TaskStatus } from "../tasks/record.ts";
import type { KeyMode } from "./keys.ts";
import { tasks } from "./schema.ts";
import { preferredPlace, SEQUENCES_PER_MS, sequenceAt } from "./sequence.ts";
import { monthStartAt } from "./settings.ts";
import type { SlotRequest } from "./slots.ts";
import { Statements } from "./statements.ts";

/** How long (ms) a row is kept: 30 days. */
const LEDGER_KEPT_MS = 30 * 86_400_000;

/** The longest (ms) that a task can be unfinished: the longest deadline, 300 s, with room for a late alarm. */
const LONGEST_TASK_MS = 900_000;

/** A task that asks for admission. Times in ms. */
export interface AdmissionRequest extends SlotRequest {
  readonly mode: KeyMode;
  readonly website: string;
}

/** A task's outcome, as its object hands it in. Times in ms. */
export interface Settlement {
  readonly taskId: string;
  readonly mode: KeyMode;
  readonly createdAt: number;
  readonly website: string;
  readonly status: TaskStatus;
  readonly finishedAt: number;
  /** From upstream's acceptance to the solution; null where there is none. */
  readonly solveMs: number | null;
  readonly errorCode: TaskErrorCode | null;
  readonly webhookState: "pending" | "delivered" | "exhausted" | null;
}

export interface DeliveryNote {
  readonly taskId: string;
  readonly createdAt: number;
  readonly webhookState: "pending" | "delivered" | "exhausted";
}

export class Ledger {
  readonly #db: DrizzleSqliteDODatabase;
  /** What is read from it. */
  readonly statements: Statements;

  constructor(db: DrizzleSqliteDODatabase) {
    this.#db = db;
    this.statements = new Statements(db);
  }

  /** Enters a task that is admitted or waits; an update where it is known already. */
  enter(request: AdmissionRequest, admitted: boolean): void {
    const known = this.#find(request.taskId, request.createdAt);
    if (known !== null) {
      if (admitted && !known.admitted) this.markAdmitted(request.taskId, request.createdAt);
      return;
    }
    const { taskId, mode, website, createdAt, deadlineAt } = request;
    const sequence = this.#freeSequence(createdAt, taskId);
    this.#db
      .insert(tasks)
      .values({ sequence, taskId, mode, website, status: statusOf(admitted), admitted, createdAt, deadlineAt })
      .run();
  }

  /** A waiting task has got a slot. */
  markAdmitted(taskId: string, createdAt: number): void {
    const known = this.#find(taskId, createdAt);
    if (known === null || known.finishedAt !== null) return;
    const change = { admitted: true, status: statusOf(true) };
    this.#db.update(tasks).set(change).where(eq(tasks.sequence, known.sequence)).run();
  }

  /** Enters an outcome; false where it stands already. */
  settle(settlement: Settlement): boolean {
    const { taskId, createdAt, status, finishedAt, solveMs, errorCode, webhookState } = settlement;
    const outcome = { status, finishedAt, solveMs, errorCode, webhookState };
    const known = this.#find(taskId, createdAt);
    if (known === null) {
      const { mode, website } = settlement;
      const sequence = this.#freeSequence(createdAt, taskId);
      const row = { sequence, taskId, mode, website, admitted: false, createdAt, deadlineAt: finishedAt, ...outcome };
      this.#db.insert(tasks).values(row).run();
      return true;
    }
    if (known.finishedAt !== null) return false;
    this.#db.update(tasks).set(outcome).where(eq(tasks.sequence, known.sequence)).run();
    return true;
  }

  /** Enters how the webhook attempts ended. */
  noteDelivery(note: DeliveryNote): void {
    const known = this.#find(note.taskId, note.createdAt);
    if (known === null || known.webhookState === note.webhookState) return;
    this.#db.update(tasks).set({ webhookState: note.webhookState }).where(eq(tasks.sequence, known.sequence)).run();
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

  #find(taskId: string, createdAt: number) {
    const first = sequenceAt(createdAt);
    const row = this.#db
      .select()
      .from(tasks)
      .where(and(gte(tasks.sequence, first), lt(tasks.sequence, first + SEQUENCES_PER_MS), eq(tasks.taskId, taskId)))
      .get();
    return row ?? null;
  }

  /** The task's place among those of its millisecond: the one it would like, or the next that is free. */
  #freeSequence(createdAt: number, taskId: string): number {
    const first = sequenceAt(createdAt);
    const start = preferredPlace(taskId);
    for (let step = 0; step < SEQUENCES_PER_MS; step += 1) {
      const sequence = first + ((start + step) % SEQUENCES_PER_MS);
      const taken = this.#db.select({ n: count() }).from(tasks).where(eq(tasks.sequence, sequence)).get();
      if (taken === undefined || taken.n === 0) return sequence;
    }
    throw new Error("the ledger has no place left in this millisecond");
  }
}

/** An unfinished task in the ledger's eyes: one that has its slot is with upstream, or about to be. */
function statusOf(admitted: boolean): TaskStatus {
  return admitted ? "processing" : "queued";
}
