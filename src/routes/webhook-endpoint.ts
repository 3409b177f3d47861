// /v1/webhook: the default endpoint and the signing secrets of the calling key's mode.

import type { OpenAPIHono } from "@hono/zod-openapi";
import { createRoute } from "@hono/zod-openapi";
import { ApiError } from "../errors.ts";
import type { AppEnv } from "../middleware/authenticate.ts";
import { authenticate } from "../middleware/authenticate.ts";
import { limitBody, requireJson } from "../middleware/body.ts";
import { beginWebhookTest, limitCalls } from "../middleware/rate-limit.ts";
import { rfc3339, rfc3339OrNull } from "../rfc3339.ts";
import { json, jsonContent, noContent, noQuerySchema, problems } from "../schemas/shared.ts";
import { overlapSchema } from "../schemas/tenants.ts";
import {
  endpointSchema,
  probeSchema,
  putEndpointSchema,
  rotatedSecretSchema,
  secretSchema,
} from "../schemas/webhook-endpoints.ts";
import type { EndpointInfo, SecretInfo } from "../tenants/rpc.ts";
import { probeEndpoint } from "../webhooks/probe.ts";
import { checkWebhookTarget } from "../webhooks/target.ts";
import { callTenant, callTenantOnce } from "./account-access.ts";
import { targetError } from "./create-task.ts";
import { requireNoFields } from "./validation.ts";

const base = { tags: ["Webhooks"], security: [{ apiKey: [] }] };
const readable = [authenticate("account:read"), limitCalls("calls")];
const writable = [authenticate("account:write"), limitCalls("calls"), limitBody];

/** Default overlap (s) of a rotated signing secret with its replacement: a day. */
const SECRET_OVERLAP_S = 86_400;

const getEndpointRoute = createRoute({
  method: "get",
  path: "/v1/webhook",
  ...base,
  operationId: "getWebhook",
  summary: "Read the default endpoint",
  description: "Returns the endpoint of the calling key's mode. `url` is null if no endpoint is set.",
  middleware: readable,
  request: { query: noQuerySchema },
  responses: { 200: json(endpointSchema, "The endpoint"), ...problems(403) },
});

const putEndpointRoute = createRoute({
  method: "put",
  path: "/v1/webhook",
  ...base,
  operationId: "putWebhook",
  summary: "Set the default endpoint",
  description: "Sets the endpoint of the calling key's mode, and enables it if it was disabled.",
  middleware: [...writable, requireJson()],
  request: { query: noQuerySchema, body: jsonContent(putEndpointSchema) },
  responses: { 200: json(endpointSchema, "The endpoint"), ...problems(403, 413, 415) },
});

const deleteEndpointRoute = createRoute({
  method: "delete",
  path: "/v1/webhook",
  ...base,
  operationId: "deleteWebhook",
  summary: "Delete the default endpoint",
  description: "Deletes the endpoint of the calling key's mode.",
  middleware: [...writable, ...requireNoFields],
  request: { query: noQuerySchema },
  responses: { 204: noContent("Deleted"), ...problems(403, 413, 415) },
});

const getSecretRoute = createRoute({
  method: "get",
  path: "/v1/webhook/secret",
  ...base,
  operationId: "getWebhookSecret",
  summary: "Read the signing secret",
  description:
    "Returns the secret of the calling key's mode. Requires `account:write`. Each read is recorded in the audit log.",
  middleware: [authenticate("account:write"), limitCalls("calls")],
  request: { query: noQuerySchema },
  responses: { 200: json(secretSchema, "The current and the previous secret"), ...problems(403) },
});

const rotateSecretRoute = createRoute({
  method: "post",
  path: "/v1/webhook/rotate",
  ...base,
  operationId: "rotateWebhookSecret",
  summary: "Rotate the signing secret",
  description:
    "Replaces the secret of the calling key's mode. Webhooks are also signed with the old secret until the overlap ends.",
  middleware: [...writable, requireJson({ optional: true })],
  request: {
    query: noQuerySchema,
    body: { required: false, content: { "application/json": { schema: overlapSchema(SECRET_OVERLAP_S) } } },
  },
  responses: { 200: json(rotatedSecretSchema, "The new secret"), ...problems(403, 413, 415) },
});

const testEndpointRoute = createRoute({
  method: "post",
  path: "/v1/webhook/test",
  ...base,
  operationId: "testWebhook",
  summary: "Send `webhook.test` to the default endpoint",
  description:
    "Sends one signed event immediately, without retries. A tenant can send at most 10 tests per mode in 60 seconds.",
  middleware: [...writable, ...requireNoFields],
  request: { query: noQuerySchema },
  responses: { 200: json(probeSchema, "The response of the endpoint"), ...problems(403, 404, 413, 415) },
});

/** Adds the routes of /v1/webhook. */
export function addWebhookEndpointRoutes(app: OpenAPIHono<AppEnv>): void {
  app.openapi(getEndpointRoute, async (c) => {
    const { mode } = c.var.caller;
    const endpoint = await callTenant(c, async (tenant, actor) => tenant.endpoint(actor, mode));
    return c.json(presentEndpoint(endpoint), 200);
  });

  app.openapi(putEndpointRoute, async (c) => {
    const { url } = c.req.valid("json");
    const target = checkWebhookTarget(url, { allowPrivate: c.var.configuration.allowPrivateWebhooks });
    if (!target.ok) throw targetError(target, "url");
    const { mode } = c.var.caller;
    const endpoint = await callTenant(c, async (tenant, actor) => tenant.setEndpoint(actor, mode, url));
    return c.json(presentEndpoint(endpoint), 200);
  });

  app.openapi(deleteEndpointRoute, async (c) => {
    const { mode } = c.var.caller;
    await callTenant(c, async (tenant, actor) => tenant.setEndpoint(actor, mode, null));
    return c.body(null, 204);
  });

  app.openapi(getSecretRoute, async (c) => {
    const { mode } = c.var.caller;
    const secret = await callTenant(c, async (tenant, actor) => tenant.webhookSecret(actor, mode));
    return c.json(presentSecret(secret), 200);
  });

  app.openapi(rotateSecretRoute, async (c) => {
    const overlapMs = (c.req.valid("json").overlapSeconds ?? SECRET_OVERLAP_S) * 1_000;
    const { mode } = c.var.caller;
    const secret = await callTenantOnce(c, async (tenant, actor) => tenant.rotateSecret(actor, mode, overlapMs));
    return c.json({ secret }, 200);
  });

  app.openapi(testEndpointRoute, async (c) => {
    const { configuration, caller } = c.var;
    const test = beginWebhookTest(c);
    const settings = await callTenant(c, async (tenant, actor) => tenant.probeSettings(actor, caller.mode));
    if (settings.endpoint === null) {
      test.refund();
      throw new ApiError("not_found", "No endpoint is set.");
    }
    await test.commit();
    const result = await probeEndpoint(settings.endpoint, caller.tenantId, settings.secrets, configuration);
    return c.json(result, 200);
  });
}

function presentEndpoint({ url, disabledAt, disabledReason }: EndpointInfo) {
  return { url, disabledAt: rfc3339OrNull(disabledAt), disabledReason };
}

function presentSecret({ secret, previous }: SecretInfo) {
  if (previous === null) return { secret, previous };
  return { secret, previous: { ...previous, expiresAt: rfc3339(previous.expiresAt) } };
}
