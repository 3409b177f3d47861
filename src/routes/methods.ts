// The answer to a known path with a method that it does not take: 405 with `Allow`, before any authentication.

import type { Context, Hono } from "hono";
import { ApiError } from "../errors.ts";
import type { AppEnv } from "../middleware/authenticate.ts";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

/** The methods that a path takes, `HEAD` beside `GET`; empty for an unknown path. Middleware of every path does not count. */
function methodsOf(app: Pick<Hono<AppEnv>, "router">, path: string): string[] {
  const taken = METHODS.filter((method) =>
    app.router.match(method, path)[0].some(([[, route]]) => route.method === method),
  );
  return taken.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
}

/** The error of a request that no route has handled: 405 for a known path, else 404. */
export function unroutedError(app: Pick<Hono<AppEnv>, "router">, c: Context<AppEnv>): ApiError {
  const { method, path } = c.req;
  // Without an operator's token there is no /admin at all.
  const hidden = path.startsWith("/admin/") && c.var.configuration.adminToken === null;
  const allowed = hidden ? [] : methodsOf(app, path);
  if (allowed.length === 0 || allowed.includes(method)) {
    return new ApiError("not_found", "No route has this path. The API is described at /openapi.json.");
  }
  const list = allowed.join(", ");
  return new ApiError("method_not_allowed", `This path takes ${list}.`, { headers: { Allow: list } });
}
