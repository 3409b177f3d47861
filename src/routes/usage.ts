// GET /v1/usage: a tenant's usage by day.

import type { OpenAPIHono } from "@hono/zod-openapi";
import { createRoute } from "@hono/zod-openapi";
import { invalidField } from "../errors.ts";
import type { AppEnv } from "../middleware/authenticate.ts";
import { authenticate } from "../middleware/authenticate.ts";
import { limitCalls } from "../middleware/rate-limit.ts";
import { json, problems } from "../schemas/shared.ts";
import type { UsageQuery } from "../schemas/usage.ts";
import { usageQuerySchema, usageSchema } from "../schemas/usage.ts";
import { dayAt } from "../tenants/sequence.ts";
import type { UsageRange } from "../tenants/usage.ts";
import { callTenant } from "./account-access.ts";

/** The length of the default range, in days. */
const DEFAULT_DAYS = 30;

/** The maximum length of a range, in days. */
const MAX_DAYS = 366;

const usageRoute = createRoute({
  method: "get",
  path: "/v1/usage",
  tags: ["Account"],
  security: [{ apiKey: [] }],
  operationId: "getUsage",
  summary: "Read usage by day",
  description:
    "Counts the tasks of the key's mode by the day (UTC) on which they were created. Totals are kept for a year.",
  middleware: [authenticate("account:read"), limitCalls("calls")],
  request: { query: usageQuerySchema },
  responses: { 200: json(usageSchema, "Each day of the range"), ...problems(403) },
});

/** Adds the route of a tenant's own usage. */
export function addUsageRoutes(app: OpenAPIHono<AppEnv>): void {
  app.openapi(usageRoute, async (c) => {
    const { mode } = c.var.caller;
    const range = rangeOf(c.req.valid("query"), Date.now());
    return c.json({ days: await callTenant(c, (tenant, actor) => tenant.usage(actor, mode, range)) }, 200);
  });
}

/**
 * The range of a usage query, in days since the epoch.
 * @throws ApiError `invalid_request` for a range that is reversed or too long
 */
export function rangeOf({ from, to, groupBy }: UsageQuery, now: number): UsageRange {
  const last = to === undefined ? dayAt(now) : dayAt(Date.parse(to));
  const first = from === undefined ? last - (DEFAULT_DAYS - 1) : dayAt(Date.parse(from));
  if (first > last) throw invalidField("from", "must not be after to");
  if (last - first >= MAX_DAYS) throw invalidField("from", `must be less than ${MAX_DAYS} days before to`);
  return { from: first, to: last, byKey: groupBy === "key" };
}
