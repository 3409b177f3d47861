// /v1/keys: a tenant manages its own keys of the calling key's mode.

import type { OpenAPIHono } from "@hono/zod-openapi";
import { createRoute, z } from "@hono/zod-openapi";
import { ApiError } from "../errors.ts";
import type { AppEnv } from "../middleware/authenticate.ts";
import { authenticate } from "../middleware/authenticate.ts";
import { limitBody, requireJson } from "../middleware/body.ts";
import { limitCalls } from "../middleware/rate-limit.ts";
import { json, jsonContent, noContent, noQuerySchema, problems } from "../schemas/shared.ts";
import {
  createdKeySchema,
  createOwnKeySchema,
  currentKeySchema,
  keyListSchema,
  overlapSchema,
  rotatedKeySchema,
} from "../schemas/tenants.ts";
import { dropCachedTenant } from "../tenants/snapshot-cache.ts";
import { callTenant, callTenantOnce } from "./account-access.ts";
import { assertNotSuspended } from "./create-task.ts";
import {
  createdOrThrow,
  KEY_OVERLAP_S,
  newKeyOf,
  noSuchKey,
  presentCreatedKey,
  presentCurrentKey,
  presentKey,
  presentRotatedKey,
  rotatedOrThrow,
} from "./tenant-views.ts";
import { requireNoFields } from "./validation.ts";

const base = { tags: ["Keys"], security: [{ apiKey: [] }] };
const anyKey = [authenticate(null), limitCalls("calls")];
const readable = [authenticate("account:read"), limitCalls("calls")];
const writable = [authenticate("account:write"), limitCalls("calls"), limitBody];

const keyParamSchema = z.object({ id: z.string().openapi({ example: "key_0f8fad5bd9cb469fa16570867728950e" }) });

const listKeysRoute = createRoute({
  method: "get",
  path: "/v1/keys",
  ...base,
  operationId: "listKeys",
  summary: "List keys",
  description: "Lists the valid keys of the calling key's mode.",
  middleware: readable,
  request: { query: noQuerySchema },
  responses: { 200: json(keyListSchema, "The keys, without their secrets"), ...problems(403) },
});

const currentKeyRoute = createRoute({
  method: "get",
  path: "/v1/keys/current",
  ...base,
  operationId: "getCurrentKey",
  summary: "Read the calling key",
  description: "Requires no scope.",
  middleware: anyKey,
  request: { query: noQuerySchema },
  responses: { 200: json(currentKeySchema, "The key, without its secret"), ...problems() },
});

const createKeyRoute = createRoute({
  method: "post",
  path: "/v1/keys",
  ...base,
  operationId: "createKey",
  summary: "Create a key",
  description: "The new key has the calling key's mode. It can only have scopes that the calling key has.",
  middleware: [...writable, requireJson()],
  request: { query: noQuerySchema, body: jsonContent(createOwnKeySchema) },
  responses: { 201: json(createdKeySchema, "The key"), ...problems(403, 413, 415) },
});

const deleteKeyRoute = createRoute({
  method: "delete",
  path: "/v1/keys/{id}",
  ...base,
  operationId: "deleteKey",
  summary: "Revoke a key",
  description: "The key stops working within 90 seconds.",
  middleware: [...writable, ...requireNoFields],
  request: { query: noQuerySchema, params: keyParamSchema },
  responses: { 204: noContent("Revoked"), ...problems(403, 404, 413, 415) },
});

const rotateKeyRoute = createRoute({
  method: "post",
  path: "/v1/keys/{id}/rotate",
  ...base,
  operationId: "rotateKey",
  summary: "Rotate a key",
  description:
    "Creates a key with the same name, mode, scopes and expiry. The old key works until the overlap ends. A key can be rotated only once.",
  middleware: [...writable, requireJson({ optional: true })],
  request: {
    query: noQuerySchema,
    params: keyParamSchema,
    body: { required: false, content: { "application/json": { schema: overlapSchema(KEY_OVERLAP_S) } } },
  },
  responses: {
    201: json(rotatedKeySchema, "The new key"),
    ...problems(403, 404, 409, 413, 415),
  },
});

/** Adds the routes of /v1/keys. */
export function addKeyRoutes(app: OpenAPIHono<AppEnv>): void {
  app.openapi(listKeysRoute, async (c) => {
    const keys = await callTenant(c, async (tenant, actor) => tenant.listKeys(actor));
    return c.json({ keys: keys.map(presentKey) }, 200);
  });

  app.openapi(currentKeyRoute, async (c) => {
    const { tenantId, keyId } = c.var.caller;
    const key = await callTenant(c, async (tenant, actor) => {
      const keys = await tenant.listKeys(actor);
      return keys?.find(({ id }) => id === keyId) ?? null;
    });
    return c.json(presentCurrentKey(key, tenantId), 200);
  });

  app.openapi(createKeyRoute, async (c) => {
    assertNotSuspended(c.var.caller);
    const { mode, tenantId } = c.var.caller;
    const body = c.req.valid("json");
    if (body.mode !== undefined && body.mode !== mode) {
      throw new ApiError("insufficient_scope", "A key can only create keys of its own mode.");
    }
    const wanted = newKeyOf(body, mode, Date.now());
    const result = await callTenantOnce(c, async (tenant, actor) => tenant.createKey(actor, wanted));
    dropCachedTenant(tenantId);
    return c.json(presentCreatedKey(createdOrThrow(result)), 201);
  });

  app.openapi(deleteKeyRoute, async (c) => {
    const { id } = c.req.valid("param");
    const revoked = await callTenant(c, async (tenant, actor, attempt) => {
      const result = await tenant.revokeKey(actor, id);
      // If a retry does not find the key, the failed attempt before it revoked the key.
      return result === false ? attempt > 1 : result;
    });
    dropCachedTenant(c.var.caller.tenantId);
    if (!revoked) throw noSuchKey();
    return c.body(null, 204);
  });

  app.openapi(rotateKeyRoute, async (c) => {
    assertNotSuspended(c.var.caller);
    const overlapMs = (c.req.valid("json").overlapSeconds ?? KEY_OVERLAP_S) * 1_000;
    const { id } = c.req.valid("param");
    const result = await callTenantOnce(c, async (tenant, actor) => tenant.rotateKey(actor, id, overlapMs));
    dropCachedTenant(c.var.caller.tenantId);
    return c.json(presentRotatedKey(rotatedOrThrow(result)), 201);
  });
}
