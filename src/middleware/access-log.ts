// One line a request: what was asked, what was answered, how long it took. Never a header, a body or a query: they may hold keys.

import { createMiddleware } from "hono/factory";
import { routePath } from "hono/route";
import { log } from "../log.ts";
import type { AppEnv, Caller } from "./authenticate.ts";

/** Logs each request as it is answered. Paths are logged as their route, so that ids of tasks do not make them all different. */
export function logRequests() {
  return createMiddleware<AppEnv>(async function logRequests(c, next) {
    const startedAt = Date.now();
    await next();
    // Unset on routes that need no key, and where the key was refused.
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
