// What a tenant has had done: GET /v1/tasks (the list) and GET /v1/usage, from the tenant's ledger.

import { createRoute, OpenAPIHono } from "@hono/zod-openapi";
import type { Env } from "../env.ts";
import { invalidField } from "../errors.ts";
import type { AppEnv, Caller } from "../middleware/authenticate.ts";
import { authenticate } from "../middleware/authenticate.ts";
import { limitCalls } from "../middleware/rate-limit.ts";
import { DEFAULT_PAGE, json, problems } from "../schemas/shared.ts";
import { taskListQuerySchema, taskListSchema, usageQuerySchema, usageSchema } from "../schemas/webhook-endpoints.ts";
import type { Task } from "../tasks/present.ts";
import { TASK_ID_PREFIX } from "../tasks/present.ts";
import { tenantStub } from "../tenants/directory.ts";
import type { LedgerRow } from "../tenants/ledger-queries.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import { viewTask } from "./task-access.ts";
import { rejectInvalid } from "./validation.ts";

const security = [{ apiKey: [] }];
const DAY_MS = 86_400_000;

/** Days of usage where the caller names none: a month, as long as the ledger is. */
const DEFAULT_USAGE_DAYS = 30;

/** Days of usage at once. */
const MAX_USAGE_DAYS = 366;

const listTasksRoute = createRoute({
  method: "get",
  path: "/v1/tasks",
  tags: ["Tasks"],
  security,
  operationId: "listTasks",
  summary: "List tasks, newest first",
  description:
    "The tenant's tasks of the key's mode, for 30 days. A task appears once the tenant's object knows of it. With `status` a page may hold fewer than `limit`; `nextCursor` tells whether there are more.",
  middleware: [authenticate("tasks:read"), limitCalls("calls")],
  request: { query: taskListQuerySchema },
  responses: { 200: json(taskListSchema, "A page of tasks"), ...problems(400, 401, 403, 429) },
});

const usageRoute = createRoute({
  method: "get",
  path: "/v1/usage",
  tags: ["Account"],
  security,
  operationId: "getUsage",
  summary: "Usage by day",
  middleware: [authenticate("account:read"), limitCalls("calls")],
  request: { query: usageQuerySchema },
  responses: {
    200: json(usageSchema, "Each day of the range, by the day (UTC) of creation"),
    ...problems(400, 401, 403, 429),
  },
});

/** The routes of the ledger. */
export function ledgerRoutes() {
  const app = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid });

  app.openapi(listTasksRoute, async (c) => {
    const { status, limit, cursor } = c.req.valid("query");
    const { tenantId, mode } = c.var.caller;
    const scope = `${tenantId}/${mode}`;
    const place = cursor === undefined ? null : readCursor(cursor, scope);
    if (cursor !== undefined && place === null) throw invalidField("cursor", "is not a cursor of this list");
    const before = place === null ? null : Number(place);
    if (before !== null && !Number.isSafeInteger(before)) throw invalidField("cursor", "is not a cursor of this list");
    const stub = tenantStub(c.env, tenantId);
    const page = await stub.listTasks(mode, status ?? null, limit ?? DEFAULT_PAGE, before);
    const nextCursor = page.next === null ? null : writeCursor(String(page.next), scope);
    const rows = await Promise.all(page.rows.map((row) => asItStands(c.env, c.var.caller, row)));
    const shown = rows.filter((row) => status === undefined || row.status === status);
    return c.json({ tasks: shown.map(presentRow), nextCursor }, 200);
  });

  app.openapi(usageRoute, async (c) => {
    const query = c.req.valid("query");
    const to = query.to ?? dayOf(Date.now());
    const from = query.from ?? dayOf(Date.parse(to) - (DEFAULT_USAGE_DAYS - 1) * DAY_MS);
    const days = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;
    if (days < 1) throw invalidField("from", "must not be after to");
    if (days > MAX_USAGE_DAYS) throw invalidField("from", `must be at most ${MAX_USAGE_DAYS} days before to`);
    const { tenantId, mode } = c.var.caller;
    return c.json({ days: await tenantStub(c.env, tenantId).usage(mode, from, to) }, 200);
  });

  return app;
}

/** A row with the word of its own object, where the task is not finished: the ledger does not follow it step by step. */
async function asItStands(env: Env, caller: Caller, row: LedgerRow): Promise<LedgerRow> {
  if (row.finishedAt !== null) return row;
  const task = await viewTask(env, row.taskId, caller, 0).catch(() => null);
  if (task === null) return row;
  const { status, error } = task;
  const finishedAt = task.finishedAt === null ? null : Date.parse(task.finishedAt);
  return { ...row, status, finishedAt, solveMs: solveMsOf(task), errorCode: error?.code ?? null };
}

/** From the upstream's acceptance to the solution (ms), or null where there is none. */
function solveMsOf({ status, submittedAt, finishedAt }: Task): number | null {
  if (status !== "ready" || submittedAt === null || finishedAt === null) return null;
  return Date.parse(finishedAt) - Date.parse(submittedAt);
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

function presentRow(row: LedgerRow) {
  const { taskId, createdAt, finishedAt, ...rest } = row;
  return {
    id: TASK_ID_PREFIX + taskId,
    ...rest,
    createdAt: new Date(createdAt).toISOString(),
    finishedAt: finishedAt === null ? null : new Date(finishedAt).toISOString(),
  };
}
