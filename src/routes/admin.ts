// /admin: tenants and their keys, for the operator. What it changes is forgotten by this isolate at once; others follow within
// 90 s. Thin: the tenant's object decides.

import { createRoute, OpenAPIHono } from "@hono/zod-openapi";
import type { Env } from "../env.ts";
import { ApiError, invalidField } from "../errors.ts";
import type { AppEnv } from "../middleware/authenticate.ts";
import { authenticateOperator } from "../middleware/authenticate.ts";
import { limitBody, requireJson } from "../middleware/body.ts";
import { withRetry } from "../object-retry.ts";
import { DEFAULT_PAGE, json, jsonContent, noContent, pageQuerySchema, problems } from "../schemas/shared.ts";
import {
  createdKeySchema,
  createdTenantSchema,
  createKeySchema,
  createTenantSchema,
  keyListSchema,
  overlapSchema,
  patchTenantSchema,
  rotatedKeySchema,
  tenantKeyParamSchema,
  tenantListSchema,
  tenantParamSchema,
  tenantSchema,
} from "../schemas/tenants.ts";
import { OPERATOR } from "../tenants/actor.ts";
import { listTenants, tenantStub } from "../tenants/directory.ts";
import { normaliseHosts } from "../tenants/hosts.ts";
import { TENANT_ID_PATTERN } from "../tenants/keys.ts";
import { DEFAULT_LIMITS } from "../tenants/settings.ts";
import { dropCachedTenant, rememberTenant } from "../tenants/snapshot-cache.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import {
  createdOrThrow,
  KEY_OVERLAP_S,
  newKeyOf,
  noSuchKey,
  presentCreatedKey,
  presentKey,
  presentRotatedKey,
  presentTenant,
  rotatedOrThrow,
} from "./tenant-views.ts";
import { rejectInvalid } from "./validation.ts";

const tags = ["Admin"];
const security = [{ operatorToken: [] }];
const operator = [authenticateOperator(), limitBody];
const operatorWithBody = [...operator, requireJson()];

/** What the cursors of the list of tenants are made for. */
const LIST_SCOPE = "admin/tenants";

const createTenantRoute = createRoute({
  method: "post",
  path: "/admin/tenants",
  tags,
  security,
  operationId: "createTenant",
  summary: "Create a tenant",
  middleware: operatorWithBody,
  request: { body: jsonContent(createTenantSchema) },
  responses: {
    201: json(createdTenantSchema, "The tenant, with the signing secret of each mode's webhooks"),
    ...problems(400, 401, 404, 409, 413, 415, 429),
  },
});

const listTenantsRoute = createRoute({
  method: "get",
  path: "/admin/tenants",
  tags,
  security,
  operationId: "listTenants",
  summary: "List tenants",
  middleware: operator,
  request: { query: pageQuerySchema },
  responses: { 200: json(tenantListSchema, "A page of tenants, by id"), ...problems(400, 401, 404, 429) },
});

const getTenantRoute = createRoute({
  method: "get",
  path: "/admin/tenants/{tenantId}",
  tags,
  security,
  operationId: "getTenant",
  summary: "Read a tenant",
  middleware: operator,
  request: { params: tenantParamSchema },
  responses: { 200: json(tenantSchema, "The tenant"), ...problems(401, 404, 429) },
});

const patchTenantRoute = createRoute({
  method: "patch",
  path: "/admin/tenants/{tenantId}",
  tags,
  security,
  operationId: "patchTenant",
  summary: "Change a tenant: name, hosts, limits, suspension",
  middleware: operatorWithBody,
  request: { params: tenantParamSchema, body: jsonContent(patchTenantSchema) },
  responses: { 200: json(tenantSchema, "The tenant as it is now"), ...problems(400, 401, 404, 413, 415, 429) },
});

const deleteTenantRoute = createRoute({
  method: "delete",
  path: "/admin/tenants/{tenantId}",
  tags,
  security,
  operationId: "deleteTenant",
  summary: "Delete a tenant",
  description: "Its keys are dead, its unfinished tasks canceled, its ledger erased.",
  middleware: operator,
  request: { params: tenantParamSchema },
  responses: { 204: noContent("Deleted"), ...problems(401, 404, 413, 429) },
});

const createKeyRoute = createRoute({
  method: "post",
  path: "/admin/tenants/{tenantId}/keys",
  tags,
  security,
  operationId: "createTenantKey",
  summary: "Make a key for a tenant",
  middleware: operatorWithBody,
  request: { params: tenantParamSchema, body: jsonContent(createKeySchema) },
  responses: { 201: json(createdKeySchema, "The key, shown this once"), ...problems(400, 401, 404, 413, 415, 429) },
});

const listKeysRoute = createRoute({
  method: "get",
  path: "/admin/tenants/{tenantId}/keys",
  tags,
  security,
  operationId: "listTenantKeys",
  summary: "List a tenant's keys",
  middleware: operator,
  request: { params: tenantParamSchema },
  responses: { 200: json(keyListSchema, "The keys, without their secrets"), ...problems(401, 404, 429) },
});

const deleteKeyRoute = createRoute({
  method: "delete",
  path: "/admin/tenants/{tenantId}/keys/{keyId}",
  tags,
  security,
  operationId: "deleteTenantKey",
  summary: "Revoke a tenant's key",
  description: "Dead everywhere within 90 s.",
  middleware: operator,
  request: { params: tenantKeyParamSchema },
  responses: { 204: noContent("Revoked"), ...problems(401, 404, 413, 429) },
});

const rotateKeyRoute = createRoute({
  method: "post",
  path: "/admin/tenants/{tenantId}/keys/{keyId}/rotate",
  tags,
  security,
  operationId: "rotateTenantKey",
  summary: "Replace a tenant's key",
  description: "A new key of the same mode and scopes; the old one works on for the overlap.",
  middleware: [...operator, requireJson({ optional: true })],
  request: {
    params: tenantKeyParamSchema,
    body: { required: false, content: { "application/json": { schema: overlapSchema(KEY_OVERLAP_S) } } },
  },
  responses: { 201: json(rotatedKeySchema, "The new key"), ...problems(400, 401, 404, 409, 413, 415, 429) },
});

/** The routes of /admin. */
export function adminRoutes() {
  const app = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid });

  app.openapi(createTenantRoute, async (c) => {
    const { id, name, allowedHosts, limits } = c.req.valid("json");
    const wanted = { id, name, allowedHosts: hostsOf(allowedHosts), limits: { ...DEFAULT_LIMITS, ...defined(limits) } };
    const created = await tenantStub(c.env, id).create(wanted);
    if (created === null) throw new ApiError("tenant_exists", `There is a tenant ${id} already.`);
    dropCachedTenant(id);
    rememberTenant(id);
    return c.json({ ...presentTenant(created.profile), webhookSecrets: created.webhookSecrets }, 201);
  });

  app.openapi(listTenantsRoute, async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const place = cursor === undefined ? null : readCursor(cursor, LIST_SCOPE);
    if (cursor !== undefined && place === null) throw invalidField("cursor", "is not a cursor of this list");
    const page = await listTenants(c.env, limit ?? DEFAULT_PAGE, place);
    const nextCursor = page.nextCursor === null ? null : writeCursor(page.nextCursor, LIST_SCOPE);
    return c.json({ tenants: page.profiles.map(presentTenant), nextCursor }, 200);
  });

  app.openapi(getTenantRoute, async (c) => {
    const { tenantId } = c.req.valid("param");
    const profile = await withRetry(async () => tenantOf(c.env, tenantId).describe());
    if (profile === null) throw noTenant();
    return c.json(presentTenant(profile), 200);
  });

  app.openapi(patchTenantRoute, async (c) => {
    const { tenantId } = c.req.valid("param");
    const { allowedHosts, limits, ...rest } = c.req.valid("json");
    const patch = {
      ...rest,
      limits: limits === undefined ? undefined : defined(limits),
      allowedHosts: allowedHosts === undefined ? undefined : hostsOf(allowedHosts),
    };
    const profile = await withRetry(async () => tenantOf(c.env, tenantId).patch(patch));
    dropCachedTenant(tenantId);
    if (profile === null) throw noTenant();
    return c.json(presentTenant(profile), 200);
  });

  app.openapi(deleteTenantRoute, async (c) => {
    const { tenantId } = c.req.valid("param");
    // A tenant that a repeated call does not find was deleted by the call that was lost.
    const removed = await withRetry(async (attempt) => (await tenantOf(c.env, tenantId).remove()) || attempt > 1);
    dropCachedTenant(tenantId);
    if (!removed) throw noTenant();
    return c.body(null, 204);
  });

  app.openapi(createKeyRoute, async (c) => {
    const { tenantId } = c.req.valid("param");
    const body = c.req.valid("json");
    const result = await tenantOf(c.env, tenantId).createKey(OPERATOR, newKeyOf(body, body.mode, Date.now()));
    dropCachedTenant(tenantId);
    if (result === null) throw noTenant();
    return c.json(presentCreatedKey(createdOrThrow(result)), 201);
  });

  app.openapi(listKeysRoute, async (c) => {
    const { tenantId } = c.req.valid("param");
    const keys = await withRetry(async () => tenantOf(c.env, tenantId).listKeys(OPERATOR));
    if (keys === null) throw noTenant();
    return c.json({ keys: keys.map(presentKey) }, 200);
  });

  app.openapi(deleteKeyRoute, async (c) => {
    const { tenantId, keyId } = c.req.valid("param");
    const revoked = await withRetry(async (attempt) => {
      const result = await tenantOf(c.env, tenantId).revokeKey(OPERATOR, keyId);
      // A key that a repeated call does not find was revoked by the call that was lost.
      return result === true || (result === false && attempt > 1);
    });
    dropCachedTenant(tenantId);
    if (!revoked) throw noSuchKey();
    return c.body(null, 204);
  });

  app.openapi(rotateKeyRoute, async (c) => {
    const { tenantId, keyId } = c.req.valid("param");
    const overlapMs = (c.req.valid("json").overlapSeconds ?? KEY_OVERLAP_S) * 1_000;
    const result = await tenantOf(c.env, tenantId).rotateKey(OPERATOR, keyId, overlapMs);
    dropCachedTenant(tenantId);
    return c.json(presentRotatedKey(rotatedOrThrow(result ?? "absent")), 201);
  });

  return app;
}

const noTenant = () => new ApiError("not_found", "There is no such tenant.");

/** The object of a tenant; an id that no tenant can have wakes none. */
function tenantOf(env: Env, tenantId: string) {
  if (!TENANT_ID_PATTERN.test(tenantId)) throw noTenant();
  return tenantStub(env, tenantId);
}

function hostsOf(patterns: readonly string[]): string[] {
  const result = normaliseHosts(patterns);
  if (result.ok) return result.hosts;
  throw invalidField(`allowedHosts.${result.index}`, result.message);
}

/** Without the members that are there but undefined: what is undefined is not a wish. */
function defined<T extends object>(value: T | undefined): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(value ?? {}).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
