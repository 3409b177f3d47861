// GET /v1/usage: a tenant's usage by day, from its ledger.

import { createRoute, OpenAPIHono } from "@hono/zod-openapi";
import type { Env } from "../env.ts";
import { invalidField } from "../errors.ts";
import type { AppEnv } from "../middleware/authenticate.ts";
import { authenticate } from "../middleware/authenticate.ts";
import { limitCalls } from "../middleware/rate-limit.ts";
import { json, problems } from "../schemas/shared.ts";
import type { UsageQuery, UsageRange } from "../schemas/usage.ts";
import { usageQuerySchema, usageSchema } from "../schemas/usage.ts";
import { tenantStub } from "../tenants/directory.ts";
import type { KeyMode } from "../tenants/keys.ts";
import { dayAt } from "../tenants/sequence.ts";
import { rejectInvalid } from "./validation.ts";

/** Days of usage if the caller names none. */
const DEFAULT_DAYS = 30;

/** The longest range of a call, in days. */
const MAX_DAYS = 366;

const usageRoute = createRoute({
  method: "get",
  path: "/v1/usage",
  tags: ["Account"],
  security: [{ apiKey: [] }],
  operationId: "getUsage",
  summary: "Usage by day",
  description:
    "The tasks of the key's mode by the day (UTC) on which they were created. Tasks are listed for 30 days; the totals of a day stay for a year.",
  middleware: [authenticate("account:read"), limitCalls("calls")],
  request: { query: usageQuerySchema },
  responses: { 200: json(usageSchema, "Each day of the range"), ...problems(400, 401, 403, 429) },
});

/** The route of usage. */
export function usageRoutes() {
  const app = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid });

  app.openapi(usageRoute, async (c) => {
    const { tenantId, mode } = c.var.caller;
    return c.json({ days: (await usageOf(c.env, tenantId, mode, c.req.valid("query"))) ?? [] }, 200);
  });

  return app;
}

/**
 * A tenant's usage by day; null if there is no such tenant.
 * @throws ApiError for a range that is reversed or too long.
 */
export function usageOf(env: Env, tenantId: string, mode: KeyMode, query: UsageQuery) {
  const { first, last } = daysOf(query, Date.now());
  return tenantStub(env, tenantId).usage(mode, first, last, query.groupBy === "key");
}

/**
 * The first and the last day of a range, as days since the epoch.
 * @throws ApiError for a range that is reversed or too long.
 */
export function daysOf(range: UsageRange, now: number): { readonly first: number; readonly last: number } {
  const last = range.to === undefined ? dayAt(now) : dayAt(Date.parse(range.to));
  const first = range.from === undefined ? last - (DEFAULT_DAYS - 1) : dayAt(Date.parse(range.from));
  if (first > last) throw invalidField("from", "must not be after to");
  if (last - first >= MAX_DAYS) throw invalidField("from", `must be less than ${MAX_DAYS} days before to`);
  return { first, last };
}
