// GET /healthz.

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
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

/** The route of the health check. */
export function metaRoutes() {
  const app = new OpenAPIHono<AppEnv>();
  app.openapi(healthRoute, (c) => c.json({ status: "ok" as const }, 200));
  return app;
}
