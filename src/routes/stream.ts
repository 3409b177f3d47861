// GET /v1/stream: authenticates the WebSocket upgrade and forwards it to the tenant's object, which holds the connection.

import type { OpenAPIHono } from "@hono/zod-openapi";
import { createRoute, z } from "@hono/zod-openapi";
import { ApiError } from "../errors.ts";
import type { AppEnv } from "../middleware/authenticate.ts";
import { authenticate, authFailure, bearerOf, UNAUTHENTICATED } from "../middleware/authenticate.ts";
import { limitCalls } from "../middleware/rate-limit.ts";
import { withRetry } from "../object-retry.ts";
import { noContent, problems, timeInputSchema } from "../schemas/shared.ts";
import { MAX_CONNECTIONS } from "../stream/connections.ts";
import { keyFromProtocols, offersStreamProtocol, STREAM_EVENTS, STREAM_PROTOCOL } from "../stream/protocol.ts";
import { tenantStub } from "../tenants/directory.ts";

/** `Retry-After` (s) if the tenant has too many connections. */
const RETRY_AFTER_S = 60;

const protocolsOf = (c: { req: { header(name: string): string | undefined } }) =>
  c.req.header("sec-websocket-protocol");

const querySchema = z.strictObject({
  events: z
    .string()
    .transform((text) => text.split(","))
    .pipe(z.array(z.enum(STREAM_EVENTS, `must be one or more of ${STREAM_EVENTS.join(", ")}`)))
    .optional()
    .openapi({
      type: "string",
      description: "The events to send, separated by commas. By default, all events",
      example: "task.ready,task.failed",
    }),
  since: timeInputSchema.optional().openapi({
    description:
      "First send the events since this time again, with the same `webhook-id`. Inclusive, at most 5 minutes ago",
  }),
});

const streamRoute = createRoute({
  method: "get",
  path: "/v1/stream",
  tags: ["Events"],
  security: [{ apiKey: [] }],
  operationId: "streamEvents",
  summary: "Receive events over a WebSocket",
  description: `Sends every event of the key's tenant and mode in the form of its webhook: a JSON text frame \`{ "id", "headers", "body" }\`, signed with the mode's secret. Clients that cannot set headers send the key as the subprotocol \`bearer.<key>\`, together with \`${STREAM_PROTOCOL}\`. Send \`ping\` at least every 30 s and after each megabyte: the response is \`pong\`. A tenant can have at most ${MAX_CONNECTIONS} connections per mode. Delivery is best-effort while connected. After reconnecting with \`since\`, ignore duplicates by \`id\`.`,
  middleware: [authenticate("tasks:read", (c) => bearerOf(c) ?? keyFromProtocols(protocolsOf(c))), limitCalls("calls")],
  request: { query: querySchema },
  responses: { 101: noContent("The connection is open"), ...problems(403, 426) },
});

/** Adds the route of the event stream. */
export function addStreamRoutes(app: OpenAPIHono<AppEnv>): void {
  app.openapi(streamRoute, async (c) => {
    // Hono routes HEAD requests here too, and they cannot be upgraded.
    if (c.req.method !== "GET" || c.req.header("upgrade")?.toLowerCase() !== "websocket") {
      throw new ApiError("upgrade_required", "The event stream is a WebSocket. Send an upgrade request.", {
        headers: { Upgrade: "websocket", Connection: "Upgrade" },
      });
    }
    const { events, since } = c.req.valid("query");
    const { tenantId, mode, keyId, profile } = c.var.caller;
    const query = new URLSearchParams({ mode, keyId, tenantCreatedAt: String(profile.createdAt) });
    if (events !== undefined) query.set("events", events.join(","));
    if (since !== undefined) query.set("since", String(since));
    const response = await withRetry(() =>
      tenantStub(c.env, tenantId).fetch(`https://tenant.invalid/stream?${query}`, {
        headers: { Upgrade: "websocket" },
      }),
    );
    if (response.status === 401) throw await authFailure(c, UNAUTHENTICATED);
    if (response.webSocket === null) {
      const message = `The tenant has ${MAX_CONNECTIONS} open connections of this mode, which is the limit. Close one first.`;
      const headers = {
        "Retry-After": String(RETRY_AFTER_S),
        "RateLimit-Policy": `"stream-connections";q=${MAX_CONNECTIONS}`,
      };
      throw new ApiError("rate_limited", message, { headers });
    }
    // Hono's own responses, which have the headers set by middleware, cannot have a WebSocket.
    const headers = new Headers({ "X-Request-Id": c.var.requestId });
    if (offersStreamProtocol(protocolsOf(c))) headers.set("Sec-WebSocket-Protocol", STREAM_PROTOCOL);
    return new Response(null, { status: 101, webSocket: response.webSocket, headers });
  });
}
