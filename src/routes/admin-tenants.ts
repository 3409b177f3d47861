// /admin/tenants: the operator manages tenants and reads their audit logs.

import type { OpenAPIHono } from "@hono/zod-openapi";
import { createRoute } from "@hono/zod-openapi";
import type { Configuration, Env } from "../env.ts";
import { ApiError, invalidField } from "../errors.ts";
import { describeError, log } from "../log.ts";
import type { AppEnv } from "../middleware/authenticate.ts";
import { authenticateOperator } from "../middleware/authenticate.ts";
import { limitBody, requireJson } from "../middleware/body.ts";
import { withRetry } from "../object-retry.ts";
import { auditListSchema, tenantAuditQuerySchema } from "../schemas/account.ts";
import {
  DEFAULT_PAGE,
  json,
  jsonContent,
  noContent,
  noQuerySchema,
  pageQuerySchema,
  problems,
} from "../schemas/shared.ts";
import {
  createdTenantSchema,
  createTenantSchema,
  patchTenantSchema,
  tenantListSchema,
  tenantParamSchema,
  tenantSchema,
} from "../schemas/tenants.ts";
import { OPERATOR } from "../tenants/actor.ts";
import { listTenants, tenantStub } from "../tenants/directory.ts";
import { normalizeHosts } from "../tenants/hosts.ts";
import type { AuditPage, TenantView } from "../tenants/rpc.ts";
import { DEFAULT_LIMITS } from "../tenants/settings.ts";
import { dropCachedTenant, rememberTenant } from "../tenants/snapshot-cache.ts";
import { askTenant } from "./admin-access.ts";
import { auditPage } from "./audit-page.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import { presentTenant } from "./tenant-views.ts";
import { requireNoFields } from "./validation.ts";

const base = { tags: ["Admin"], security: [{ operatorToken: [] }] };
const operator = [authenticateOperator(), limitBody];

/** The scope of the cursors of the list of tenants. */
const LIST_SCOPE = "admin/tenants";

const createTenantRoute = createRoute({
  method: "post",
  path: "/admin/tenants",
  ...base,
  operationId: "createTenant",
  summary: "Create a tenant",
  middleware: [...operator, requireJson()],
  request: { query: noQuerySchema, body: jsonContent(createTenantSchema) },
  responses: {
    201: json(createdTenantSchema, "The tenant and its webhook signing secrets"),
    ...problems(404, 409, 413, 415),
  },
});

const listTenantsRoute = createRoute({
  method: "get",
  path: "/admin/tenants",
  ...base,
  operationId: "listTenants",
  summary: "List tenants",
  description: "Lists tenants by id. A new tenant can take a minute to appear.",
  middleware: operator,
  request: { query: pageQuerySchema },
  responses: { 200: json(tenantListSchema, "A page of tenants"), ...problems(404) },
});

const getTenantRoute = createRoute({
  method: "get",
  path: "/admin/tenants/{tenantId}",
  ...base,
  operationId: "getTenant",
  summary: "Read a tenant",
  middleware: operator,
  request: { query: noQuerySchema, params: tenantParamSchema },
  responses: { 200: json(tenantSchema, "The tenant"), ...problems(404) },
});

const patchTenantRoute = createRoute({
  method: "patch",
  path: "/admin/tenants/{tenantId}",
  ...base,
  operationId: "patchTenant",
  summary: "Update a tenant",
  description: "Fields that are left out do not change. Changes take effect everywhere within 90 seconds.",
  middleware: [...operator, requireJson()],
  request: { query: noQuerySchema, params: tenantParamSchema, body: jsonContent(patchTenantSchema) },
  responses: { 200: json(tenantSchema, "The updated tenant"), ...problems(404, 413, 415) },
});

const deleteTenantRoute = createRoute({
  method: "delete",
  path: "/admin/tenants/{tenantId}",
  ...base,
  operationId: "deleteTenant",
  summary: "Delete a tenant",
  description:
    "The tenant's keys stop working within 90 seconds, its unfinished tasks are canceled without webhooks, and its ledger is erased.",
  middleware: [...operator, ...requireNoFields],
  request: { query: noQuerySchema, params: tenantParamSchema },
  responses: { 204: noContent("Deleted"), ...problems(404, 413, 415) },
});

const tenantAuditRoute = createRoute({
  method: "get",
  path: "/admin/tenants/{tenantId}/audit",
  ...base,
  operationId: "listTenantAudit",
  summary: "List a tenant's audit log",
  description: "Lists the entries of `GET /v1/audit` for both modes or for one, newest first.",
  middleware: operator,
  request: { params: tenantParamSchema, query: tenantAuditQuerySchema },
  responses: { 200: json(auditListSchema, "A page of entries"), ...problems(404) },
});

/** Adds the routes of /admin/tenants, without keys, tasks and usage. */
export function addAdminTenantRoutes(app: OpenAPIHono<AppEnv>): void {
  app.openapi(createTenantRoute, async (c) => {
    const { id, name, allowedHosts, limits, upstreamAccount, location } = c.req.valid("json");
    assertConfigured(c.var.configuration, upstreamAccount);
    const wanted = {
      id,
      name,
      allowedHosts: hostsOf(allowedHosts),
      limits: { ...DEFAULT_LIMITS, ...defined(limits) },
      upstreamAccount,
      location,
    };
    // The platform uses the location hint only for the first call to an object.
    const created = await tenantStub(c.env, id, location).create(wanted);
    if (created === null) throw new ApiError("tenant_exists", `The tenant ${id} already exists.`);
    dropCachedTenant(id);
    rememberTenant(id);
    return c.json({ ...presentTenant(created.tenant), webhookSecrets: created.webhookSecrets }, 201);
  });

  app.openapi(listTenantsRoute, async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const place = cursor === undefined ? null : readCursor(cursor, LIST_SCOPE);
    if (cursor !== undefined && place === null) throw invalidField("cursor", "is not a cursor of this list");
    const page = await listTenants(c.env, limit ?? DEFAULT_PAGE, place);
    const views = await Promise.all(page.profiles.map(({ id }) => viewOf(c.env, id)));
    // KV can still list a deleted tenant. Its view is null.
    const tenants = views.filter((view) => view !== null && view !== "unavailable").map(presentTenant);
    const unavailable = page.profiles.flatMap(({ id }, index) => (views[index] === "unavailable" ? [id] : []));
    const nextCursor = page.nextCursor === null ? null : writeCursor(page.nextCursor, LIST_SCOPE);
    return c.json({ tenants, ...(unavailable.length === 0 ? {} : { unavailable }), nextCursor }, 200);
  });

  app.openapi(getTenantRoute, async (c) => {
    const { tenantId } = c.req.valid("param");
    return c.json(presentTenant(await askTenant<TenantView>(c.env, tenantId, (tenant) => tenant.describe())), 200);
  });

  app.openapi(patchTenantRoute, async (c) => {
    const { tenantId } = c.req.valid("param");
    const { allowedHosts, limits, ...rest } = c.req.valid("json");
    assertConfigured(c.var.configuration, rest.upstreamAccount);
    const patch = {
      ...rest,
      limits: limits === undefined ? undefined : defined(limits),
      allowedHosts: allowedHosts === undefined ? undefined : hostsOf(allowedHosts),
    };
    const view = await askTenant<TenantView>(c.env, tenantId, (tenant) => tenant.patch(patch));
    dropCachedTenant(tenantId);
    return c.json(presentTenant(view), 200);
  });

  app.openapi(deleteTenantRoute, async (c) => {
    const { tenantId } = c.req.valid("param");
    // If a retry does not find the tenant, the failed attempt before it deleted the tenant.
    await askTenant(c.env, tenantId, async (tenant, attempt) => (await tenant.remove()) || attempt > 1 || null);
    dropCachedTenant(tenantId);
    return c.body(null, 204);
  });

  app.openapi(tenantAuditRoute, async (c) => {
    const { tenantId } = c.req.valid("param");
    const { mode = null, ...query } = c.req.valid("query");
    const page = await auditPage(query, JSON.stringify(["admin/audit", tenantId, mode]), (limit, before) =>
      askTenant<AuditPage>(c.env, tenantId, (tenant) => tenant.auditLog(OPERATOR, mode, limit, before)),
    );
    return c.json(page, 200);
  });
}

/** A tenant of the list, or null if it does not exist. An object that fails does not fail the whole list. */
async function viewOf(env: Env, tenantId: string): Promise<TenantView | "unavailable" | null> {
  try {
    return await withRetry(async (): Promise<TenantView | null> => await tenantStub(env, tenantId).describe());
  } catch (error) {
    log("warn", "tenant_view_unavailable", { tenantId, ...describeError(error) });
    return "unavailable";
  }
}

/** @throws ApiError `invalid_request` if `name` is not a configured upstream account */
function assertConfigured({ upstreamAccounts }: Configuration, name: string | null | undefined): void {
  if (name == null || upstreamAccounts.some((account) => account.name === name)) return;
  throw invalidField("upstreamAccount", "is not the name of a configured upstream account");
}

function hostsOf(patterns: readonly string[]): string[] {
  const result = normalizeHosts(patterns);
  if (result.ok) return result.hosts;
  throw invalidField(`allowedHosts.${result.index}`, result.message);
}

/** Removes undefined members, which would overwrite stored values. */
function defined<T extends object>(value: T | undefined): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(value ?? {}).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
