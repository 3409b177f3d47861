// Reads and writes single rows of the ledger. Uses prepared statements, because building a query costs more than running it.

import { and, eq, gte, lt, sql } from "drizzle-orm";
import type { DrizzleSqliteDODatabase } from "drizzle-orm/durable-sqlite";
import type { WebhookState } from "../webhooks/delivery.ts";
import { tasks } from "./schema.ts";
import { preferredPlace, SEQUENCES_PER_MS, sequenceAt } from "./sequence.ts";

type TaskRow = typeof tasks.$inferSelect;
type KnownRow = Pick<TaskRow, "sequence" | "taskId" | "admitted" | "finishedAt" | "webhookState">;
type OutcomeColumns = "status" | "finishedAt" | "solveMs" | "unsolvedMs" | "errorCode" | "webhookState";

/** The row of a task, or a function that returns the sequence for a new row. */
export type Found =
  | { readonly row: KnownRow; readonly free: null }
  | { readonly row: null; readonly free: () => number };

/** The rows of the ledger. */
export class LedgerRows {
  readonly #prepared: ReturnType<typeof prepareStatements>;

  constructor(db: DrizzleSqliteDODatabase) {
    this.#prepared = prepareStatements(db);
  }

  /** Finds the row of a task. `createdAt` is in ms. */
  find(taskId: string, createdAt: number): Found {
    const first = sequenceAt(createdAt);
    const sameMs = this.#prepared.ofMillisecond.all({ first, end: first + SEQUENCES_PER_MS });
    const row = sameMs.find((each) => each.taskId === taskId);
    if (row !== undefined) return { row, free: null };
    return { row: null, free: () => freeSequence(taskId, first, sameMs) };
  }

  insert(row: TaskRow): void {
    this.#prepared.insert.run({ ...row });
  }

  admit(sequence: number, monthCount: number): void {
    this.#prepared.admit.run({ sequence, monthCount });
  }

  finish(sequence: number, outcome: Pick<TaskRow, OutcomeColumns>): void {
    this.#prepared.finish.run({ sequence, ...outcome });
  }

  setWebhookState(sequence: number, webhookState: WebhookState): void {
    this.#prepared.setWebhookState.run({ sequence, webhookState });
  }
}

/** The preferred sequence of a task, or the next free one of the same millisecond. */
function freeSequence(taskId: string, first: number, sameMs: readonly KnownRow[]): number {
  const taken = new Set(sameMs.map(({ sequence }) => sequence));
  const start = preferredPlace(taskId);
  for (let step = 0; step < SEQUENCES_PER_MS; step += 1) {
    const sequence = first + ((start + step) % SEQUENCES_PER_MS);
    if (!taken.has(sequence)) return sequence;
  }
  throw new Error("the ledger has no free sequence in this millisecond");
}

function prepareStatements(db: DrizzleSqliteDODatabase) {
  const param = sql.placeholder;
  const bySequence = eq(tasks.sequence, param("sequence"));
  const { sequence, taskId, admitted, finishedAt, webhookState } = tasks;
  return {
    ofMillisecond: db
      .select({ sequence, taskId, admitted, finishedAt, webhookState })
      .from(tasks)
      .where(and(gte(sequence, param("first")), lt(sequence, param("end"))))
      .prepare(),
    insert: db
      .insert(tasks)
      .values({
        sequence: param("sequence"),
        taskId: param("taskId"),
        mode: param("mode"),
        website: param("website"),
        status: param("status"),
        admitted: param("admitted"),
        createdAt: param("createdAt"),
        deadlineAt: param("deadlineAt"),
        finishedAt: param("finishedAt"),
        solveMs: param("solveMs"),
        unsolvedMs: param("unsolvedMs"),
        errorCode: param("errorCode"),
        webhookState: param("webhookState"),
        reference: param("reference"),
        keyId: param("keyId"),
        monthCount: param("monthCount"),
      })
      .prepare(),
    admit: db
      .update(tasks)
      .set({ admitted: true, status: "processing", monthCount: sql`${param("monthCount")}` })
      .where(bySequence)
      .prepare(),
    finish: db
      .update(tasks)
      .set({
        status: sql`${param("status")}`,
        finishedAt: sql`${param("finishedAt")}`,
        solveMs: sql`${param("solveMs")}`,
        unsolvedMs: sql`${param("unsolvedMs")}`,
        errorCode: sql`${param("errorCode")}`,
        webhookState: sql`${param("webhookState")}`,
      })
      .where(bySequence)
      .prepare(),
    setWebhookState: db
      .update(tasks)
      .set({ webhookState: sql`${param("webhookState")}` })
      .where(bySequence)
      .prepare(),
  };
}
