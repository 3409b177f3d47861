// A tenant's own account: its keys and its default endpoint for webhooks. A key gives no scope that it lacks.

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { ApiError } from "../errors.ts";
import type { AppEnv } from "../middleware/authenticate.ts";
import { authenticate, authFailure, UNAUTHENTICATED } from "../middleware/authenticate.ts";
import { limitBody, requireJson } from "../middleware/body.ts";
import { limitCalls } from "../middleware/rate-limit.ts";
import { json, jsonContent, noContent, problems } from "../schemas/shared.ts";
import {
  createdKeySchema,
  createKeySchema,
  currentKeySchema,
  keyListSchema,
  overlapSchema,
} from "../schemas/tenants.ts";
import { endpointSchema, probeSchema, putEndpointSchema, rotatedSecretSchema } from "../schemas/webhook-endpoints.ts";
import { dropCachedTenant, tenantStub } from "../tenants/directory.ts";
import type { EndpointInfo } from "../tenants/state.ts";
import { checkWebhookTarget } from "../webhooks/target.ts";
import { assertNotSuspended, targetError } from "./create-task.ts";
import { KEY_OVERLAP_S, mintedOrThrow, newKeyOf, presentCurrent, presentKey, presentMinted } from "./tenant-views.ts";
import { rejectInvalid } from "./validation.ts";

const security = [{ apiKey: [] }];
const keyTags = ["Keys"];
const webhookTags = ["Webhooks"];
const anyKey = [authenticate(null), limitCalls("calls")];
const readable = [authenticate("account:read"), limitCalls("calls")];
const writable = [authenticate("account:write"), limitCalls("calls"), limitBody];
const writableWithBody = [...writable, requireJson()];
const writableWithOptionalBody = [...writable, requireJson({ optional: true })];

/** An old signing secret signs this long (s) beside its successor where the caller names no overlap: a day. */
const SECRET_OVERLAP_S = 86_400;

const keyParamSchema = z.object({ id: z.string().openapi({ example: "key_0f8fad5bd9cb469fa16570867728950e" }) });

const listKeysRoute = createRoute({
  method: "get",
  path: "/v1/keys",
  tags: keyTags,
  security,
  operationId: "listKeys",
  summary: "List the tenant's keys",
  middleware: readable,
  responses: { 200: json(keyListSchema, "The keys, without their secrets"), ...problems(401, 403, 429) },
});

const currentKeyRoute = createRoute({
  method: "get",
  path: "/v1/keys/current",
  tags: keyTags,
  security,
  operationId: "getCurrentKey",
  summary: "Read the calling key",
  description: "For any key, whatever its scopes: it tells a caller what the caller holds.",
  middleware: anyKey,
  responses: { 200: json(currentKeySchema, "The key, without its secret"), ...problems(401, 429) },
});

const createKeyRoute = createRoute({
  method: "post",
  path: "/v1/keys",
  tags: keyTags,
  security,
  operationId: "createKey",
  summary: "Make a key",
  description: "Of the calling key's mode, and with no scope that it lacks.",
  middleware: writableWithBody,
  request: { body: jsonContent(createKeySchema) },
  responses: { 201: json(createdKeySchema, "The key, shown this once"), ...problems(400, 401, 403, 413, 415, 429) },
});

const deleteKeyRoute = createRoute({
  method: "delete",
  path: "/v1/keys/{id}",
  tags: keyTags,
  security,
  operationId: "deleteKey",
  summary: "Revoke a key",
  description: "Dead everywhere within 90 s.",
  middleware: writable,
  request: { params: keyParamSchema },
  responses: { 204: noContent("Revoked"), ...problems(401, 403, 404, 413, 429) },
});

const rotateKeyRoute = createRoute({
  method: "post",
  path: "/v1/keys/{id}/rotate",
  tags: keyTags,
  security,
  operationId: "rotateKey",
  summary: "Replace a key",
  description: "A new key of the same mode and scopes; the old one works on for the overlap.",
  middleware: writableWithOptionalBody,
  request: {
    params: keyParamSchema,
    body: { required: false, content: { "application/json": { schema: overlapSchema(KEY_OVERLAP_S) } } },
  },
  responses: {
    201: json(createdKeySchema, "The new key, shown this once"),
    ...problems(400, 401, 403, 404, 413, 415, 429),
  },
});

const getEndpointRoute = createRoute({
  method: "get",
  path: "/v1/webhook",
  tags: webhookTags,
  security,
  operationId: "getWebhook",
  summary: "Read the default endpoint",
  middleware: readable,
  responses: { 200: json(endpointSchema, "The endpoint; `url` is null where none is set"), ...problems(401, 403, 429) },
});

const putEndpointRoute = createRoute({
  method: "put",
  path: "/v1/webhook",
  tags: webhookTags,
  security,
  operationId: "putWebhook",
  summary: "Set the default endpoint, and enable it",
  middleware: writableWithBody,
  request: { body: jsonContent(putEndpointSchema) },
  responses: { 200: json(endpointSchema, "The endpoint"), ...problems(400, 401, 403, 413, 415, 429) },
});

const deleteEndpointRoute = createRoute({
  method: "delete",
  path: "/v1/webhook",
  tags: webhookTags,
  security,
  operationId: "deleteWebhook",
  summary: "Remove the default endpoint",
  middleware: writable,
  responses: { 204: noContent("There is none now"), ...problems(401, 403, 413, 429) },
});

const rotateSecretRoute = createRoute({
  method: "post",
  path: "/v1/webhook/rotate",
  tags: webhookTags,
  security,
  operationId: "rotateWebhookSecret",
  summary: "Replace the signing secret",
  description: "The old secret signs too for the overlap.",
  middleware: writableWithOptionalBody,
  request: { body: { required: false, content: { "application/json": { schema: overlapSchema(SECRET_OVERLAP_S) } } } },
  responses: {
    200: json(rotatedSecretSchema, "The new secret, shown this once"),
    ...problems(400, 401, 403, 413, 415, 429),
  },
});

const testEndpointRoute = createRoute({
  method: "post",
  path: "/v1/webhook/test",
  tags: webhookTags,
  security,
  operationId: "testWebhook",
  summary: "Send `webhook.test` to the endpoint now",
  middleware: writable,
  responses: { 200: json(probeSchema, "What the endpoint did"), ...problems(401, 403, 404, 413, 429) },
});

/** The routes of the account. */
export function accountRoutes() {
  const app = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid });

  app.openapi(listKeysRoute, async (c) => {
    const keys = (await tenantOf(c).listKeys()) ?? [];
    return c.json({ keys: keys.map(presentKey) }, 200);
  });

  app.openapi(currentKeyRoute, async (c) => {
    const { tenantId, keyId } = c.var.caller;
    const key = (await tenantOf(c).listKeys())?.find(({ id }) => id === keyId);
    // The edge's copy may be 90 s old; the object that was just asked knows better.
    if (key === undefined) throw await authFailure(c, UNAUTHENTICATED);
    return c.json(presentCurrent(key, tenantId), 200);
  });

  app.openapi(createKeyRoute, async (c) => {
    assertNotSuspended(c.var.caller);
    const { mode, scopes } = c.var.caller;
    const wanted = newKeyOf(c.req.valid("json"), Date.now());
    const minted = await tenantOf(c).mintKey(wanted, { mode, scopes });
    return c.json(presentMinted(mintedOrThrow(minted, noKey)), 201);
  });

  app.openapi(deleteKeyRoute, async (c) => {
    const revoked = await tenantOf(c).revokeKey(c.req.valid("param").id);
    dropCachedTenant(c.var.caller.tenantId);
    if (!revoked) throw noKey();
    return c.body(null, 204);
  });

  app.openapi(rotateKeyRoute, async (c) => {
    assertNotSuspended(c.var.caller);
    const { mode, scopes, tenantId } = c.var.caller;
    const overlapMs = (c.req.valid("json").overlapSeconds ?? KEY_OVERLAP_S) * 1_000;
    const minted = await tenantOf(c).rotateKey(c.req.valid("param").id, overlapMs, { mode, scopes });
    dropCachedTenant(tenantId);
    return c.json(presentMinted(mintedOrThrow(minted, noKey)), 201);
  });

  app.openapi(getEndpointRoute, async (c) => c.json(presentEndpoint(await tenantOf(c).endpoint()), 200));

  app.openapi(putEndpointRoute, async (c) => {
    const { url } = c.req.valid("json");
    const target = checkWebhookTarget(url, { allowPrivate: c.var.configuration.allowPrivateWebhooks });
    if (!target.ok) throw targetError(target, "url");
    return c.json(presentEndpoint(await tenantOf(c).setEndpoint(url)), 200);
  });

  app.openapi(deleteEndpointRoute, async (c) => {
    await tenantOf(c).setEndpoint(null);
    return c.body(null, 204);
  });

  app.openapi(rotateSecretRoute, async (c) => {
    const overlapMs = (c.req.valid("json").overlapSeconds ?? SECRET_OVERLAP_S) * 1_000;
    const secret = await tenantOf(c).rotateSecret(overlapMs);
    if (secret === null) throw new ApiError("not_found", "There is no such tenant.");
    return c.json({ secret }, 200);
  });

  app.openapi(testEndpointRoute, async (c) => {
    const result = await tenantOf(c).testEndpoint();
    if (result === null) throw new ApiError("not_found", "No endpoint is set.");
    return c.json(result, 200);
  });

  return app;
}

const tenantOf = (c: Context<AppEnv>) => tenantStub(c.env, c.var.caller.tenantId);
const noKey = () => new ApiError("not_found", "There is no such key.");

function presentEndpoint(endpoint: EndpointInfo | null) {
  const { url = null, disabledAt = null, disabledReason = null } = endpoint ?? {};
  return { url, disabledAt: disabledAt === null ? null : new Date(disabledAt).toISOString(), disabledReason };
}
