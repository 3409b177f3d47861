// GET /healthz.

import type { OpenAPIHono } from "@hono/zod-openapi";
import { createRoute, z } from "@hono/zod-openapi";
import type { AppEnv } from "../middleware/authenticate.ts";
import { json, publicProblems } from "../schemas/shared.ts";

const healthSchema = z.object({ status: z.literal("ok") }).openapi("Health", { example: { status: "ok" } });

const healthRoute = createRoute({
  method: "get",
  path: "/healthz",
  tags: ["Meta"],
  security: [],
  operationId: "health",
  summary: "Check the gateway's health",
  responses: { 200: json(healthSchema, "The gateway responds, and its configuration is valid"), ...publicProblems() },
});

/** Adds the route of the health check. */
export function addMetaRoutes(app: OpenAPIHono<AppEnv>): void {
  app.openapi(healthRoute, (c) => c.json({ status: "ok" as const }, 200));
}
