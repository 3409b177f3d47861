// The access log: one line per request. Never a header, a body or a query, which can contain keys.

import { createMiddleware } from "hono/factory";
import { routePath } from "hono/route";
import { log } from "../log.ts";
import type { AppEnv, Caller } from "./authenticate.ts";

/** Logs each request after its response. Paths are logged as routes, so that requests can be grouped. */
export function logRequests() {
  return createMiddleware<AppEnv>(async function logRequests(c, next) {
    const startedAt = Date.now();
    await next();
    // Not set on routes without a key, and when the key was rejected.
    const caller: Caller | undefined = c.var.caller;
    log("info", "request", {
      requestId: c.var.requestId,
      method: c.req.method,
      route: routePath(c, -1),
      status: c.res.status,
      durationMs: Date.now() - startedAt,
      tenantId: caller?.tenantId,
      mode: caller?.mode,
      taskId: c.req.param("id"),
    });
  });
}
