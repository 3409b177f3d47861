// /admin/tenants/{tenantId}/keys: the operator manages a tenant's keys of both modes.

import type { OpenAPIHono } from "@hono/zod-openapi";
import { createRoute } from "@hono/zod-openapi";
import type { AppEnv } from "../middleware/authenticate.ts";
import { authenticateOperator } from "../middleware/authenticate.ts";
import { limitBody, requireJson } from "../middleware/body.ts";
import { json, jsonContent, noContent, noQuerySchema, problems } from "../schemas/shared.ts";
import {
  createdKeySchema,
  createKeySchema,
  keyListSchema,
  overlapSchema,
  rotatedKeySchema,
  tenantKeyParamSchema,
  tenantParamSchema,
} from "../schemas/tenants.ts";
import { OPERATOR } from "../tenants/actor.ts";
import type { CreateKeyResult, KeyInfo, RotateKeyResult } from "../tenants/rpc.ts";
import { dropCachedTenant } from "../tenants/snapshot-cache.ts";
import { askTenant, askTenantOnce } from "./admin-access.ts";
import {
  createdOrThrow,
  KEY_OVERLAP_S,
  newKeyOf,
  noSuchKey,
  presentCreatedKey,
  presentKey,
  presentRotatedKey,
  rotatedOrThrow,
} from "./tenant-views.ts";
import { requireNoFields } from "./validation.ts";

const base = { tags: ["Admin"], security: [{ operatorToken: [] }] };
const operator = [authenticateOperator(), limitBody];

const createKeyRoute = createRoute({
  method: "post",
  path: "/admin/tenants/{tenantId}/keys",
  ...base,
  operationId: "createTenantKey",
  summary: "Create a key for a tenant",
  middleware: [...operator, requireJson()],
  request: { query: noQuerySchema, params: tenantParamSchema, body: jsonContent(createKeySchema) },
  responses: { 201: json(createdKeySchema, "The key"), ...problems(404, 413, 415) },
});

const listKeysRoute = createRoute({
  method: "get",
  path: "/admin/tenants/{tenantId}/keys",
  ...base,
  operationId: "listTenantKeys",
  summary: "List a tenant's keys",
  middleware: operator,
  request: { query: noQuerySchema, params: tenantParamSchema },
  responses: { 200: json(keyListSchema, "The keys, without their secrets"), ...problems(404) },
});

const deleteKeyRoute = createRoute({
  method: "delete",
  path: "/admin/tenants/{tenantId}/keys/{keyId}",
  ...base,
  operationId: "deleteTenantKey",
  summary: "Revoke a tenant's key",
  description: "The key stops working within 90 seconds.",
  middleware: [...operator, ...requireNoFields],
  request: { query: noQuerySchema, params: tenantKeyParamSchema },
  responses: { 204: noContent("Revoked"), ...problems(404, 413, 415) },
});

const rotateKeyRoute = createRoute({
  method: "post",
  path: "/admin/tenants/{tenantId}/keys/{keyId}/rotate",
  ...base,
  operationId: "rotateTenantKey",
  summary: "Rotate a tenant's key",
  description:
    "Creates a key with the same name, mode, scopes and expiry. The old key works until the overlap ends. A key can be rotated only once.",
  middleware: [...operator, requireJson({ optional: true })],
  request: {
    query: noQuerySchema,
    params: tenantKeyParamSchema,
    body: { required: false, content: { "application/json": { schema: overlapSchema(KEY_OVERLAP_S) } } },
  },
  responses: { 201: json(rotatedKeySchema, "The new key"), ...problems(404, 409, 413, 415) },
});

/** Adds the routes of /admin/tenants/{tenantId}/keys. */
export function addAdminKeyRoutes(app: OpenAPIHono<AppEnv>): void {
  app.openapi(createKeyRoute, async (c) => {
    const { tenantId } = c.req.valid("param");
    const body = c.req.valid("json");
    const wanted = newKeyOf(body, body.mode, Date.now());
    const result = await askTenantOnce<CreateKeyResult>(c.env, tenantId, (tenant) =>
      tenant.createKey(OPERATOR, wanted),
    );
    dropCachedTenant(tenantId);
    return c.json(presentCreatedKey(createdOrThrow(result)), 201);
  });

  app.openapi(listKeysRoute, async (c) => {
    const { tenantId } = c.req.valid("param");
    const keys = await askTenant<KeyInfo[]>(c.env, tenantId, (tenant) => tenant.listKeys(OPERATOR));
    return c.json({ keys: keys.map(presentKey) }, 200);
  });

  app.openapi(deleteKeyRoute, async (c) => {
    const { tenantId, keyId } = c.req.valid("param");
    const revoked = await askTenant(c.env, tenantId, async (tenant, attempt) => {
      const result = await tenant.revokeKey(OPERATOR, keyId);
      // If a retry does not find the key, the failed attempt before it revoked the key.
      return result === false ? attempt > 1 : result;
    });
    dropCachedTenant(tenantId);
    if (!revoked) throw noSuchKey();
    return c.body(null, 204);
  });

  app.openapi(rotateKeyRoute, async (c) => {
    const { tenantId, keyId } = c.req.valid("param");
    const overlapMs = (c.req.valid("json").overlapSeconds ?? KEY_OVERLAP_S) * 1_000;
    const result = await askTenantOnce<RotateKeyResult>(c.env, tenantId, (tenant) =>
      tenant.rotateKey(OPERATOR, keyId, overlapMs),
    );
    dropCachedTenant(tenantId);
    return c.json(presentRotatedKey(rotatedOrThrow(result)), 201);
  });
}
