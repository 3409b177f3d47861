// Reads a page of the task list. A page of the API may be short or empty and still be followed by another, so several are read until
// there are enough rows.

import type { TaskFilter, TaskList, TaskPageOptions, TaskSummary } from "../../client/index.ts";
import { isFinal } from "../../tasks/status.ts";
import type { RefreshPolicy } from "../refresh/refresh-interval.ts";
import type { ListFilter } from "../route.ts";

/** Rows of a page. */
export const PAGE_SIZE = 50;

/** Requests for one page, at most. With a rare filter over a long list, the reader continues. */
const MAX_REQUESTS = 10;

/** Rows of the console's list, and where the next ones begin. */
export interface LoadedPage extends TaskList {
  /** How many requests it took. */
  readonly requests: number;
}

export async function loadPage(
  list: (options: TaskPageOptions) => Promise<TaskList>,
  start: string | null,
  signal: AbortSignal,
): Promise<LoadedPage> {
  const tasks: TaskSummary[] = [];
  let cursor = start;
  for (let requests = 1; ; requests += 1) {
    const page = await list({ limit: PAGE_SIZE - tasks.length, cursor: cursor ?? undefined, signal });
    tasks.push(...page.tasks);
    cursor = page.nextCursor;
    if (cursor === null || tasks.length >= PAGE_SIZE || requests >= MAX_REQUESTS) {
      return { tasks, nextCursor: cursor, requests };
    }
  }
}

/** How long (ms) after a task's end its webhook is attempted at short intervals. */
const EARLY_ATTEMPTS_MS = 90_000;

/** Whether a row of the list is about to change: its task runs, or its webhook is being attempted at short intervals. */
function isMoving(row: Pick<TaskSummary, "status" | "finishedAt" | "webhookState">, now: number): boolean {
  if (!isFinal(row.status)) return true;
  return (
    row.webhookState === "pending" && row.finishedAt !== null && now - Date.parse(row.finishedAt) < EARLY_ATTEMPTS_MS
  );
}

/** A page that took several requests is loaded again only on request. */
export const pagePolicy = (page: LoadedPage, now: number): RefreshPolicy => ({
  running: page.tasks.some((row) => isMoving(row, now)),
  nextChangeAt: null,
  final: page.requests > 1,
});

/** The list's filter in the API's terms. Days begin at the reader's midnight; `to` is included. */
export function apiFilterOf(filter: ListFilter): TaskFilter {
  const { status, reference, website, webhook, from, to } = filter;
  return {
    status: status ?? undefined,
    reference: reference ?? undefined,
    website: website ?? undefined,
    webhookState: webhook ?? undefined,
    createdAfter: from === null ? undefined : startOfDay(from, 0),
    createdBefore: to === null ? undefined : startOfDay(to, 1),
  };
}

/** The reader's midnight at which a day (`2026-11-23`) begins, or that of a later day, in RFC 3339. */
function startOfDay(day: string, later: number): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}
