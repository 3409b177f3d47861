// Reads a page of the task list. A page of the API may be short or empty and still be followed by another, so several are read until
// there are enough rows.

import type { Result } from "../api/failure.ts";
import type { Page, TaskFilter, TaskList, TaskSummary } from "../api/wire.ts";
import type { ListFilter } from "../route.ts";

/** Rows of a page. */
export const PAGE_SIZE = 50;

/** Requests for one page, at most. A rare filter over a long list is continued by the reader. */
const MAX_REQUESTS = 10;

/** Rows of the console's list, and where the next ones begin. */
export interface LoadedPage extends TaskList {
  /** How many requests it took. */
  readonly requests: number;
}

export async function loadPage(
  list: (page: Page, signal: AbortSignal) => Promise<Result<TaskList>>,
  start: string | null,
  signal: AbortSignal,
): Promise<Result<LoadedPage>> {
  const tasks: TaskSummary[] = [];
  let cursor = start;
  for (let requests = 1; ; requests += 1) {
    const page = await list({ limit: PAGE_SIZE - tasks.length, cursor }, signal);
    if (!page.ok) return page;
    tasks.push(...page.value.tasks);
    cursor = page.value.nextCursor;
    if (cursor === null || tasks.length >= PAGE_SIZE || requests >= MAX_REQUESTS) {
      return { ok: true, value: { tasks, nextCursor: cursor, requests } };
    }
  }
}

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
