// GET /v1/account and GET /v1/audit: a tenant's own account and its audit log.

import type { OpenAPIHono } from "@hono/zod-openapi";
import { createRoute } from "@hono/zod-openapi";
import type { AppEnv } from "../middleware/authenticate.ts";
import { authenticate } from "../middleware/authenticate.ts";
import { limitCalls } from "../middleware/rate-limit.ts";
import { accountSchema, auditListSchema } from "../schemas/account.ts";
import { json, noQuerySchema, pageQuerySchema, problems } from "../schemas/shared.ts";
import { callTenant } from "./account-access.ts";
import { auditPage } from "./audit-page.ts";

const base = { tags: ["Account"], security: [{ apiKey: [] }] };

const accountRoute = createRoute({
  method: "get",
  path: "/v1/account",
  ...base,
  operationId: "getAccount",
  summary: "Read the account",
  description: "Returns the tenant of the calling key, its limits and its current usage. Requires no scope.",
  middleware: [authenticate(null), limitCalls("calls")],
  request: { query: noQuerySchema },
  responses: { 200: json(accountSchema, "The account"), ...problems() },
});

const auditRoute = createRoute({
  method: "get",
  path: "/v1/audit",
  ...base,
  operationId: "listAudit",
  summary: "List the audit log",
  description:
    "Lists changes to the keys, the endpoint and the secrets of the calling key's mode, and to the tenant, newest first. Entries are kept for a year.",
  middleware: [authenticate("account:read"), limitCalls("calls")],
  request: { query: pageQuerySchema },
  responses: { 200: json(auditListSchema, "A page of entries"), ...problems(403) },
});

/** Adds the routes of a tenant's own account. */
export function addAccountRoutes(app: OpenAPIHono<AppEnv>): void {
  app.openapi(accountRoute, async (c) => {
    const { mode } = c.var.caller;
    const account = await callTenant(c, async (tenant, actor) => tenant.account(actor, mode));
    return c.json({ ...account, allowedHosts: [...account.allowedHosts] }, 200);
  });

  app.openapi(auditRoute, async (c) => {
    const { tenantId, mode } = c.var.caller;
    const scope = JSON.stringify(["audit", tenantId, mode]);
    const page = await auditPage(c.req.valid("query"), scope, (limit, before) =>
      callTenant(c, async (tenant, actor) => tenant.auditLog(actor, mode, limit, before)),
    );
    return c.json(page, 200);
  });
}
