// GET /v1/tasks: lists a tenant's tasks from its ledger.

import type { OpenAPIHono } from "@hono/zod-openapi";
import { createRoute } from "@hono/zod-openapi";
import { withTimeLimit } from "../client/time-limits.ts";
import type { Env } from "../env.ts";
import type { AppEnv } from "../middleware/authenticate.ts";
import { authenticate } from "../middleware/authenticate.ts";
import { limitCalls } from "../middleware/rate-limit.ts";
import { rfc3339, rfc3339OrNull } from "../rfc3339.ts";
import { DEFAULT_PAGE, json, problems } from "../schemas/shared.ts";
import type { TaskListQuery } from "../schemas/task-list.ts";
import { taskListQuerySchema, taskListSchema } from "../schemas/task-list.ts";
import type { Task } from "../tasks/present.ts";
import type { TaskOwner } from "../tasks/rpc.ts";
import { TASK_ID_PREFIX } from "../tasks/task-id.ts";
import type { LedgerPage, LedgerRow, TaskPageQuery } from "../tenants/ledger-queries.ts";
import { callTenant } from "./account-access.ts";
import { readNumericCursor, writeCursor } from "./cursor.ts";
import { ownerOf, taskStub } from "./task-access.ts";

/** Timeout (ms) for the objects of a page's unfinished tasks. After that, the page shows their last state in the ledger. */
const TASK_TIMEOUT_MS = 2_000;

const listTasksRoute = createRoute({
  method: "get",
  path: "/v1/tasks",
  tags: ["Tasks"],
  security: [{ apiKey: [] }],
  operationId: "listTasks",
  summary: "List tasks",
  description:
    "Lists the tenant's tasks of the key's mode from the last 30 days, newest first. Each request searches a limited part of the list, so a filtered page may be short or empty and still have a `nextCursor`. Continue until `nextCursor` is null.",
  middleware: [authenticate("tasks:read"), limitCalls("calls")],
  request: { query: taskListQuerySchema },
  responses: { 200: json(taskListSchema, "A page of tasks"), ...problems(403) },
});

/** Adds the route of the task list. */
export function addListTasksRoutes(app: OpenAPIHono<AppEnv>): void {
  app.openapi(listTasksRoute, async (c) => {
    const owner = ownerOf(c.var.caller);
    const read = (query: TaskPageQuery) => callTenant(c, (tenant, actor) => tenant.listTasks(actor, owner.mode, query));
    return c.json(await taskPage(c.env, owner, c.req.valid("query"), read), 200);
  });
}

/**
 * A page of the task list of a tenant and mode.
 * @param read reads a page of the tenant's ledger
 * @throws ApiError `invalid_request` for a cursor of another tenant, mode or filter
 */
export async function taskPage(
  env: Env,
  owner: TaskOwner,
  query: TaskListQuery,
  read: (query: TaskPageQuery) => Promise<LedgerPage>,
) {
  const { limit = DEFAULT_PAGE, cursor, ...filter } = query;
  const { tenantId, mode } = owner;
  const { status, reference, website, webhookState, createdAfter, createdBefore } = filter;
  const scope = JSON.stringify([tenantId, mode, status, reference, website, webhookState, createdAfter, createdBefore]);
  const page = await read({ filter, limit, before: cursor === undefined ? null : readNumericCursor(cursor, scope) });
  const rows = await withCurrentStatus(env, owner, page.rows);
  return {
    tasks: rows
      .filter((row) => status === undefined || row.status === status)
      .filter((row) => webhookState === undefined || row.webhookState === webhookState)
      .map(presentRow),
    nextCursor: page.next === null ? null : writeCursor(String(page.next), scope),
  };
}

/** Updates unfinished tasks from their objects, because the ledger only records a task's admission and outcome. */
async function withCurrentStatus(env: Env, owner: TaskOwner, rows: readonly LedgerRow[]): Promise<LedgerRow[]> {
  if (rows.every(({ finishedAt }) => finishedAt !== null)) return [...rows];
  return Promise.all(
    rows.map(async (row) => {
      if (row.finishedAt !== null) return row;
      const view = async () => (await taskStub(env, row.taskId)?.view({ ...owner, taskId: row.taskId })) ?? null;
      // An object that fails or does not respond does not fail the whole list.
      const task = await withTimeLimit(TASK_TIMEOUT_MS, undefined, view).catch(() => null);
      return task === null ? row : rowWith(row, task);
    }),
  );
}

function rowWith(row: LedgerRow, { status, submittedAt, finishedAt, error, webhook }: Task): LedgerRow {
  const endedAt = finishedAt === null ? null : Date.parse(finishedAt);
  const solved = status === "ready" && endedAt !== null && submittedAt !== null;
  const solveMs = solved ? endedAt - Date.parse(submittedAt) : null;
  const webhookState = webhook?.state ?? null;
  return { ...row, status, finishedAt: endedAt, solveMs, errorCode: error?.code ?? null, webhookState };
}

function presentRow({ taskId, createdAt, finishedAt, ...row }: LedgerRow) {
  return {
    id: TASK_ID_PREFIX + taskId,
    ...row,
    createdAt: rfc3339(createdAt),
    finishedAt: rfc3339OrNull(finishedAt),
  };
}
