// Reads the task list from the ledger. A page scans a limited number of rows, whatever the filter, because the tenant's object must not
// be blocked.

import { and, asc, desc, eq, gte, isNull, lt, or } from "drizzle-orm";
import type { DrizzleSqliteDODatabase } from "drizzle-orm/durable-sqlite";
import type { TaskStatus } from "../tasks/status.ts";
import { isFinal } from "../tasks/status.ts";
import type { WebhookState } from "../webhooks/delivery.ts";
import { parseHost } from "./hosts.ts";
import type { KeyMode } from "./keys.ts";
import { tasks } from "./schema.ts";
import { LONGEST_TASK_MS, sequenceAt } from "./sequence.ts";

/** The number of rows that a page scans, in steps, because most pages are full after the first. Takes about 2 ms. */
const SCAN_STEPS = [1_000, 4_000];

/** The same for a filter by reference, which uses an index. */
const REFERENCE_SCAN_STEPS = [2_000];

type Row = typeof tasks.$inferSelect;

/** A task in the ledger. Times are in ms. */
export type LedgerRow = ReturnType<typeof rowOf>;

/** A filter of tasks. Undefined fields match all tasks. Times are in ms, exclusive. */
export interface TaskFilter {
  readonly status?: TaskStatus | undefined;
  readonly reference?: string | undefined;
  readonly website?: string | undefined;
  readonly webhookState?: WebhookState | undefined;
  readonly createdAfter?: number | undefined;
  readonly createdBefore?: number | undefined;
}

/** A query for at most `limit` tasks before the sequence `before`. Null: the newest tasks. */
export interface TaskPageQuery {
  readonly filter: TaskFilter;
  readonly limit: number;
  readonly before: number | null;
}

/** A page, which may be short or empty. `next` is the `before` of the next page, or null on the last page. */
export interface LedgerPage {
  readonly rows: readonly LedgerRow[];
  readonly next: number | null;
}

/** Queries on the ledger. */
export class LedgerQueries {
  readonly #db: DrizzleSqliteDODatabase;

  constructor(db: DrizzleSqliteDODatabase) {
    this.#db = db;
  }

  /** The matching tasks of a mode, newest first. `now` is in ms. */
  page(mode: KeyMode, { filter, limit, before }: TaskPageQuery, now: number): LedgerPage {
    const start = startOf(filter, now);
    let end = Math.min(
      before ?? Number.MAX_SAFE_INTEGER,
      filter.createdBefore === undefined ? Number.MAX_SAFE_INTEGER : sequenceAt(filter.createdBefore),
    );
    const rows: Row[] = [];
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

  /** The sequence of the `count`-th row before `end`. Null if there are fewer rows after `start`. */
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
          website === undefined ? undefined : hasWebsite(website),
          webhookState === undefined ? undefined : eq(tasks.webhookState, webhookState),
        ),
      )
      .orderBy(desc(tasks.sequence))
      .limit(limit)
      .all();
  }
}

/** The first sequence that can match. Unfinished tasks are not older than `LONGEST_TASK_MS`. */
function startOf({ createdAfter, status }: TaskFilter, now: number): number {
  const start = createdAfter === undefined ? 0 : sequenceAt(createdAfter + 1);
  return status === undefined || isFinal(status) ? start : Math.max(start, sequenceAt(now - LONGEST_TASK_MS));
}

function withReference(reference: string | undefined) {
  return reference === undefined ? undefined : eq(tasks.reference, reference);
}

/** The ledger does not distinguish `queued` and `processing` reliably, so either status matches all unfinished tasks. */
function hasStatus(status: TaskStatus) {
  return isFinal(status) ? eq(tasks.status, status) : isNull(tasks.finishedAt);
}

/** Older versions wrote the host with its port and trailing dot. The ranges contain all ports, because `;` follows `:`. */
function hasWebsite(host: string) {
  const { website } = tasks;
  const withPort = [host, `${host}.`].map((name) => and(gte(website, `${name}:`), lt(website, `${name};`)));
  return or(eq(website, host), eq(website, `${host}.`), ...withPort);
}

function pageOf(rows: readonly Row[], next: number | null): LedgerPage {
  return { rows: rows.map(rowOf), next };
}

function rowOf(row: Row) {
  const { taskId, status, reference, keyId, createdAt, finishedAt, solveMs, errorCode, webhookState } = row;
  const website = parseHost(row.website) ?? row.website;
  return { taskId, status, reference, website, keyId, createdAt, finishedAt, solveMs, errorCode, webhookState };
}
