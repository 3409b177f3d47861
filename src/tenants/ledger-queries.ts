// What is read from the ledger: the list of tasks, page by page, and usage by day. Reads only.

import { and, asc, count, desc, eq, gte, isNotNull, isNull, lt } from "drizzle-orm";
import type { DrizzleSqliteDODatabase } from "drizzle-orm/durable-sqlite";
import type { TaskErrorCode, TaskStatus } from "../tasks/status.ts";
import { isFinal } from "../tasks/status.ts";
import type { KeyMode } from "./keys.ts";
import { tasks } from "./schema.ts";
import { SEQUENCES_PER_MS } from "./sequence.ts";

const DAY_MS = 86_400_000;

/** A task as the ledger lists it. Times in ms. */
export interface LedgerRow {
  readonly taskId: string;
  readonly status: TaskStatus;
  readonly website: string;
  readonly createdAt: number;
  readonly finishedAt: number | null;
  readonly solveMs: number | null;
  readonly errorCode: TaskErrorCode | null;
  readonly webhookState: "pending" | "delivered" | "exhausted" | null;
}

/** A page; `next` is the sequence before which the next one begins, or null at the end. */
export interface LedgerPage {
  readonly rows: readonly LedgerRow[];
  readonly next: number | null;
}

/** What a day's tasks (by creation, UTC) came to. */
export interface UsageDay {
  readonly day: string;
  readonly submitted: number;
  readonly ready: number;
  readonly failed: Readonly<Record<string, number>>;
  readonly canceled: number;
  /** Nearest-rank percentiles in ms; null where nothing was solved. */
  readonly solveMs: { readonly p50: number | null; readonly p95: number | null };
}

export class LedgerQueries {
  readonly #db: DrizzleSqliteDODatabase;

  constructor(db: DrizzleSqliteDODatabase) {
    this.#db = db;
  }

  /** Newest first. A cursor is a place in time: what comes in later moves no page. */
  page(mode: KeyMode, status: TaskStatus | null, limit: number, before: number | null): LedgerPage {
    const wanted = and(
      eq(tasks.mode, mode),
      status === null ? undefined : hasStatus(status),
      before === null ? undefined : lt(tasks.sequence, before),
    );
    const found = this.#db
      .select()
      .from(tasks)
      .where(wanted)
      .orderBy(desc(tasks.sequence))
      .limit(limit + 1)
      .all();
    const rows = found.slice(0, limit);
    const last = rows.at(-1);
    return { rows: rows.map(rowOf), next: found.length > limit && last !== undefined ? last.sequence : null };
  }

  /** Each day from `from` to `to`, both included, empty ones too. */
  usage(mode: KeyMode, from: string, to: string): UsageDay[] {
    const days: UsageDay[] = [];
    for (let at = Date.parse(from); at <= Date.parse(to); at += DAY_MS) days.push(this.#day(mode, at));
    return days;
  }

  #day(mode: KeyMode, startsAt: number): UsageDay {
    const ofDay = and(
      gte(tasks.sequence, startsAt * SEQUENCES_PER_MS),
      lt(tasks.sequence, (startsAt + DAY_MS) * SEQUENCES_PER_MS),
      eq(tasks.mode, mode),
    );
    const groups = this.#db
      .select({ status: tasks.status, errorCode: tasks.errorCode, n: count() })
      .from(tasks)
      .where(ofDay)
      .groupBy(tasks.status, tasks.errorCode)
      .all();
    const total = (status: TaskStatus) =>
      groups.filter((group) => group.status === status).reduce((sum, { n }) => sum + n, 0);
    const failed = groups.filter((group) => group.status === "failed");
    const solved = and(ofDay, isNotNull(tasks.solveMs));
    const solvedCount = this.#db.select({ n: count() }).from(tasks).where(solved).get()?.n ?? 0;
    const percentile = (share: number): number | null => {
      if (solvedCount === 0) return null;
      const offset = Math.max(Math.ceil(share * solvedCount) - 1, 0);
      const row = this.#db
        .select({ solveMs: tasks.solveMs })
        .from(tasks)
        .where(solved)
        .orderBy(asc(tasks.solveMs))
        .limit(1)
        .offset(offset)
        .get();
      return row?.solveMs ?? null;
    };
    return {
      day: new Date(startsAt).toISOString().slice(0, 10),
      submitted: groups.reduce((sum, { n }) => sum + n, 0),
      ready: total("ready"),
      failed: Object.fromEntries(failed.map(({ errorCode, n }) => [errorCode ?? "internal", n])),
      canceled: total("canceled"),
      solveMs: { p50: percentile(0.5), p95: percentile(0.95) },
    };
  }
}

/** Which of the unfinished ones a task is, its own object knows; the ledger knows that it is one. */
function hasStatus(status: TaskStatus) {
  return isFinal(status) ? eq(tasks.status, status) : isNull(tasks.finishedAt);
}

function rowOf(row: typeof tasks.$inferSelect): LedgerRow {
  const { taskId, status, website, createdAt, finishedAt, solveMs, errorCode, webhookState } = row;
  return { taskId, status, website, createdAt, finishedAt, solveMs, errorCode, webhookState };
}
