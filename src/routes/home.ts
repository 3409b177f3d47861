// GET /: describes the service, as a page for browsers and as JSON for programs.

import type { OpenAPIHono } from "@hono/zod-openapi";
import { createRoute, z } from "@hono/zod-openapi";
import { accepts } from "hono/accepts";
import type { AppEnv } from "../middleware/authenticate.ts";
import { json, publicProblems } from "../schemas/shared.ts";
import { VERSION } from "../version.ts";
import { servePage } from "./pages.ts";

const HOME = { name: "Solvegate", version: VERSION, console: "/console", docs: "/docs", openapi: "/openapi.json" };

const homeSchema = z
  .object({
    name: z.string(),
    version: z.string(),
    console: z.string().openapi({ format: "uri-reference" }),
    docs: z.string().openapi({ format: "uri-reference" }),
    openapi: z.string().openapi({ format: "uri-reference" }),
  })
  .openapi("Home", { example: HOME });

const homeRoute = createRoute({
  method: "get",
  path: "/",
  tags: ["Meta"],
  security: [],
  operationId: "home",
  summary: "Describe the service",
  description: "Returns the service's name, version and links. Browsers (`Accept: text/html`) get a page.",
  responses: { 200: json(homeSchema, "The service"), ...publicProblems() },
});

/** Adds the route of the home page. */
export function addHomeRoutes(app: OpenAPIHono<AppEnv>): void {
  app.openAPIRegistry.registerPath(homeRoute);
  app.get("/", async (c) => {
    const type = accepts(c, {
      header: "Accept",
      supports: ["text/html", "application/json"],
      default: "application/json",
    });
    c.header("Vary", "Accept");
    if (type === "text/html") {
      const page = await servePage(c);
      if (page !== null) return page;
    }
    return c.json(HOME);
  });
}
