// The access log: one line per request. Headers, bodies and queries are never logged, because they can contain keys.

import { createMiddleware } from "hono/factory";
import { routePath } from "hono/route";
import { log } from "../log.ts";
import { parseTaskId } from "../tasks/task-id.ts";
import type { AppEnv, Caller } from "./authenticate.ts";

/** Logs each request after its response. Logs the route's pattern instead of the path, so that requests can be grouped. */
export function logRequests() {
  return createMiddleware<AppEnv>(async function logRequests(c, next) {
    const startedAt = Date.now();
    await next();
    // Undefined on routes without authentication, and if authentication failed.
    const caller: Caller | undefined = c.var.caller;
    log("info", "request", {
      requestId: c.var.requestId,
      method: c.req.method,
      route: routePath(c, -1),
      status: c.res.status,
      durationMs: Date.now() - startedAt,
      tenantId: caller?.tenantId,
      mode: caller?.mode,
      taskId: c.var.createdTaskId ?? taskIdOf(c.req.param("id")),
    });
  });
}

/** The path's id if it is a task's. Anything else may be a key that was put there by mistake. */
function taskIdOf(id: string | undefined): string | undefined {
  return id === undefined || parseTaskId(id) === null ? undefined : id;
}
