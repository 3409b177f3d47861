// The list of tasks, read from the ledger in pages. A page looks at a fixed number of rows at most, whatever the filter, because
// the same object admits the tenant's tasks.

import { and, asc, desc, eq, gte, isNull, lt } from "drizzle-orm";
import type { DrizzleSqliteDODatabase } from "drizzle-orm/durable-sqlite";
import type { TaskErrorCode, TaskStatus } from "../tasks/status.ts";
import { isFinal } from "../tasks/status.ts";
import type { WebhookState } from "../webhooks/delivery.ts";
import type { KeyMode } from "./keys.ts";
import { tasks } from "./schema.ts";
import { LONGEST_TASK_MS, sequenceAt } from "./sequence.ts";

/** How many rows a page looks at, in steps: most pages are full after the first. All of them take some 2 ms on an idle machine. */
const SCAN_STEPS = [1_000, 4_000];

/** The same with a reference, whose rows an index finds one by one anywhere in the ledger. */
const REFERENCE_SCAN_STEPS = [2_000];

/** A task as the ledger lists it. Times in ms. */
export interface LedgerRow {
  readonly taskId: string;
  readonly status: TaskStatus;
  readonly reference: string | null;
  /** The host of the task's websiteURL. */
  readonly website: string;
  readonly keyId: string | null;
  readonly createdAt: number;
  readonly finishedAt: number | null;
  readonly solveMs: number | null;
  readonly errorCode: TaskErrorCode | null;
  readonly webhookState: WebhookState | null;
}

/** Which tasks a list shows; a member that is left out matches every task. Times in ms, exclusive. */
export interface TaskFilter {
  readonly status?: TaskStatus | undefined;
  readonly reference?: string | undefined;
  readonly website?: string | undefined;
  readonly webhookState?: WebhookState | undefined;
  readonly createdAfter?: number | undefined;
  readonly createdBefore?: number | undefined;
}

/** A page to read: at most `limit` tasks, before the sequence `before` (null: from the newest). */
export interface TaskPageQuery {
  readonly filter: TaskFilter;
  readonly limit: number;
  readonly before: number | null;
}

/** A page. The next one continues before the sequence `next`; null at the end of the list. It may be short or empty. */
export interface LedgerPage {
  readonly rows: readonly LedgerRow[];
  readonly next: number | null;
}

export class LedgerQueries {
  readonly #db: DrizzleSqliteDODatabase;

  constructor(db: DrizzleSqliteDODatabase) {
    this.#db = db;
  }

  /** The tasks of a mode that match, newest first. `now` in ms. */
  page(mode: KeyMode, { filter, limit, before }: TaskPageQuery, now: number): LedgerPage {
    const start = startOf(filter, now);
    let end = Math.min(
      before ?? Number.MAX_SAFE_INTEGER,
      filter.createdBefore === undefined ? Number.MAX_SAFE_INTEGER : sequenceAt(filter.createdBefore),
    );
    const rows: (typeof tasks.$inferSelect)[] = [];
    for (const budget of filter.reference === undefined ? SCAN_STEPS : REFERENCE_SCAN_STEPS) {
      const stop = this.#stopAfter(budget, filter.reference, start, end);
      rows.push(...this.#matching(mode, filter, stop ?? start, end, limit + 1 - rows.length));
      const last = rows[limit - 1];
      if (rows.length > limit && last !== undefined) return pageOf(rows.slice(0, limit), last.sequence);
      if (stop === null) return pageOf(rows, null);
      end = stop;
    }
    return pageOf(rows, end);
  }

  /** The ids of tasks of a mode that became final at or after `since` (ms), oldest first. */
  finishedSince(mode: KeyMode, since: number): string[] {
    const recent = gte(tasks.sequence, sequenceAt(since - LONGEST_TASK_MS));
    return this.#db
      .select({ taskId: tasks.taskId })
      .from(tasks)
      .where(and(recent, eq(tasks.mode, mode), gte(tasks.finishedAt, since)))
      .orderBy(asc(tasks.finishedAt))
      .all()
      .map(({ taskId }) => taskId);
  }

  /** The sequence of the last of `count` rows, going back from `end` (exclusive) to `start`; null if there are fewer. */
  #stopAfter(count: number, reference: string | undefined, start: number, end: number): number | null {
    const { sequence } = tasks;
    const row = this.#db
      .select({ sequence })
      .from(tasks)
      .where(and(withReference(reference), gte(sequence, start), lt(sequence, end)))
      .orderBy(desc(sequence))
      .limit(1)
      .offset(count - 1)
      .get();
    return row?.sequence ?? null;
  }

  #matching(mode: KeyMode, filter: TaskFilter, start: number, end: number, limit: number) {
    const { status, reference, website, webhookState } = filter;
    return this.#db
      .select()
      .from(tasks)
      .where(
        and(
          withReference(reference),
          gte(tasks.sequence, start),
          lt(tasks.sequence, end),
          eq(tasks.mode, mode),
          status === undefined ? undefined : hasStatus(status),
          website === undefined ? undefined : eq(tasks.website, website),
          webhookState === undefined ? undefined : eq(tasks.webhookState, webhookState),
        ),
      )
      .orderBy(desc(tasks.sequence))
      .limit(limit)
      .all();
  }
}

/** The first sequence that can match. An older task than the longest is finished, or lost for good. */
function startOf({ createdAfter, status }: TaskFilter, now: number): number {
  const start = createdAfter === undefined ? 0 : sequenceAt(createdAfter + 1);
  return status === undefined || isFinal(status) ? start : Math.max(start, sequenceAt(now - LONGEST_TASK_MS));
}

function withReference(reference: string | undefined) {
  return reference === undefined ? undefined : eq(tasks.reference, reference);
}

/** The ledger does not follow an unfinished task from `queued` to `processing`, so it finds both for either. */
function hasStatus(status: TaskStatus) {
  return isFinal(status) ? eq(tasks.status, status) : isNull(tasks.finishedAt);
}

function pageOf(rows: readonly (typeof tasks.$inferSelect)[], next: number | null): LedgerPage {
  return { rows: rows.map(rowOf), next };
}

function rowOf(row: typeof tasks.$inferSelect): LedgerRow {
  const { taskId, status, reference, website, keyId, createdAt, finishedAt, solveMs, errorCode, webhookState } = row;
  return { taskId, status, reference, website, keyId, createdAt, finishedAt, solveMs, errorCode, webhookState };
}
