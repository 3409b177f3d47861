// The operator's view of one tenant's tasks and usage, and of the usage of all tenants.

import type { OpenAPIHono } from "@hono/zod-openapi";
import { createRoute } from "@hono/zod-openapi";
import type { z } from "zod";
import { withTimeLimit } from "../client/time-limits.ts";
import type { Env } from "../env.ts";
import { invalidField } from "../errors.ts";
import { describeError, log } from "../log.ts";
import type { AppEnv } from "../middleware/authenticate.ts";
import { authenticateOperator } from "../middleware/authenticate.ts";
import { withRetry } from "../object-retry.ts";
import {
  allUsageQuerySchema,
  allUsageSchema,
  tenantTasksQuerySchema,
  tenantUsageQuerySchema,
} from "../schemas/admin-usage.ts";
import { json, problems } from "../schemas/shared.ts";
import { taskListSchema } from "../schemas/task-list.ts";
import { tenantParamSchema } from "../schemas/tenants.ts";
import { usageSchema } from "../schemas/usage.ts";
import { OPERATOR } from "../tenants/actor.ts";
import { listTenants, tenantStub } from "../tenants/directory.ts";
import type { KeyMode } from "../tenants/keys.ts";
import { KEY_MODES } from "../tenants/keys.ts";
import type { LedgerPage } from "../tenants/ledger-queries.ts";
import type { TenantView } from "../tenants/rpc.ts";
import type { UsageDay, UsageRange } from "../tenants/usage.ts";
import { askTenant } from "./admin-access.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import { taskPage } from "./list-tasks.ts";
import { rangeOf } from "./usage.ts";

const base = { tags: ["Admin"], security: [{ operatorToken: [] }] };
const middleware = [authenticateOperator()];

/** The maximum number of tenants on a page of /admin/usage. Long ranges have fewer. */
const MAX_TENANTS_PER_PAGE = 20;

/** The target size of such a page, if every tenant had tasks in both modes on every day. */
const ENTRIES_PER_PAGE = 1_200;

/** Timeout (ms) for a tenant's object, which may have to count days for the first time. */
const TENANT_TIMEOUT_MS = 10_000;

const tenantTasksRoute = createRoute({
  method: "get",
  path: "/admin/tenants/{tenantId}/tasks",
  ...base,
  operationId: "listTenantTasks",
  summary: "List a tenant's tasks",
  description: "Lists tasks as `GET /v1/tasks` does for the tenant's keys of the mode.",
  middleware,
  request: { params: tenantParamSchema, query: tenantTasksQuerySchema },
  responses: { 200: json(taskListSchema, "A page of tasks"), ...problems(404) },
});

const tenantUsageRoute = createRoute({
  method: "get",
  path: "/admin/tenants/{tenantId}/usage",
  ...base,
  operationId: "getTenantUsage",
  summary: "Read a tenant's usage by day",
  description: "Returns usage as `GET /v1/usage` does for the tenant's keys of the mode.",
  middleware,
  request: { params: tenantParamSchema, query: tenantUsageQuerySchema },
  responses: { 200: json(usageSchema, "Each day of the range"), ...problems(404) },
});

const allUsageRoute = createRoute({
  method: "get",
  path: "/admin/usage",
  ...base,
  operationId: "getUsageOfAllTenants",
  summary: "Read the usage of all tenants by day and mode",
  description:
    "Lists usage by tenant id. Days without tasks are left out. A page may be empty and still have a `nextCursor`. A tenant whose data is not available is listed in `unavailable`.",
  middleware,
  request: { query: allUsageQuerySchema },
  responses: { 200: json(allUsageSchema, "A page of usage"), ...problems(404) },
});

/** Adds the routes of /admin for tasks and usage. */
export function addAdminUsageRoutes(app: OpenAPIHono<AppEnv>): void {
  app.openapi(tenantTasksRoute, async (c) => {
    const { mode, ...query } = c.req.valid("query");
    const { tenantId } = c.req.valid("param");
    const { createdAt } = await askTenant<TenantView>(c.env, tenantId, (tenant) => tenant.describe());
    const owner = { tenantId, mode, tenantSince: createdAt };
    const page = await taskPage(c.env, owner, query, (ledgerQuery) =>
      askTenant<LedgerPage>(c.env, tenantId, (tenant) => tenant.listTasks(OPERATOR, mode, ledgerQuery)),
    );
    return c.json(page, 200);
  });

  app.openapi(tenantUsageRoute, async (c) => {
    const { mode, ...query } = c.req.valid("query");
    const range = rangeOf(query, Date.now());
    const days = await askTenant<UsageDay[]>(c.env, c.req.valid("param").tenantId, (tenant) =>
      tenant.usage(OPERATOR, mode, range),
    );
    return c.json({ days }, 200);
  });

  app.openapi(allUsageRoute, async (c) => c.json(await usagePage(c.env, c.req.valid("query")), 200));
}

async function usagePage(
  env: Env,
  { cursor, ...days }: z.output<typeof allUsageQuerySchema>,
): Promise<z.output<typeof allUsageSchema>> {
  const scope = JSON.stringify(["admin/usage", days.from, days.to]);
  const start = cursor === undefined ? { range: rangeOf(days, Date.now()), after: null } : placeOf(cursor, scope);
  const { range, after } = start;
  const entriesPerTenant = KEY_MODES.length * (range.to - range.from + 1);
  const tenants = Math.min(Math.max(Math.floor(ENTRIES_PER_PAGE / entriesPerTenant), 1), MAX_TENANTS_PER_PAGE);
  const { profiles, nextCursor } = await listTenants(env, tenants, after);
  const found = await Promise.all(profiles.map(({ id }) => usageOfTenant(env, id, range)));
  const unavailable = profiles.flatMap(({ id }, index) => (found[index] === null ? [id] : []));
  return {
    usage: found.flatMap((entries) => entries ?? []),
    ...(unavailable.length === 0 ? {} : { unavailable }),
    // The cursor contains the range, so that a default range does not change at midnight.
    nextCursor: nextCursor === null ? null : writeCursor(`${range.from}/${range.to}/${nextCursor}`, scope),
  };
}

/** @throws ApiError `invalid_request` for a cursor of another list or range */
function placeOf(cursor: string, scope: string): { readonly range: UsageRange; readonly after: string } {
  const [, from, to, after] = /^(\d+)\/(\d+)\/(.+)$/s.exec(readCursor(cursor, scope) ?? "") ?? [];
  if (after === undefined) throw invalidField("cursor", "is not a cursor of this list with this range");
  return { range: { from: Number(from), to: Number(to), byKey: false }, after };
}

/** A tenant's usage in both modes, without empty days. Null if its object did not respond. */
async function usageOfTenant(env: Env, tenantId: string, range: UsageRange) {
  const ofMode = async (mode: KeyMode) => {
    const days = await withRetry(() => tenantStub(env, tenantId).usage(OPERATOR, mode, range));
    return (days ?? []).filter(({ submitted }) => submitted > 0).map((day) => entryOf(tenantId, mode, day));
  };
  try {
    const work = () => Promise.all(KEY_MODES.map(ofMode));
    return (await withTimeLimit(TENANT_TIMEOUT_MS, undefined, work)).flat();
  } catch (error) {
    log("warn", "tenant_usage_unavailable", { tenantId, ...describeError(error) });
    return null;
  }
}

function entryOf(tenantId: string, mode: KeyMode, { day, submitted, ready, failed, canceled }: UsageDay) {
  const failures = Object.values(failed).reduce((sum, n) => sum + n, 0);
  return { tenantId, mode, day, submitted, ready, failed: failures, canceled };
}
