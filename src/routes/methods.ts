// 404 and 405 responses. A wrong method is reported before authentication.

import type { Context, Hono } from "hono";
import { ApiError, unknownPath } from "../errors.ts";
import type { AppEnv } from "../middleware/authenticate.ts";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

/** The methods that a path supports. Empty for an unknown path. Middleware for all paths and methods is not counted. */
function methodsOf(app: Pick<Hono<AppEnv>, "router">, path: string): string[] {
  const supported = METHODS.filter((method) =>
    app.router.match(method, path)[0].some(([[, route]]) => route.method === method),
  );
  return supported.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
}

/** The error for a request without a route: `method_not_allowed` with `Allow` for a known path, else `not_found`. */
export function unroutedError(app: Pick<Hono<AppEnv>, "router">, c: Context<AppEnv>): ApiError {
  const { method, path } = c.req;
  // Without a configured token, /admin must look like an unknown path.
  const hidden = path.startsWith("/admin/") && c.var.configuration.adminToken === null;
  const allowed = hidden ? [] : methodsOf(app, path);
  if (allowed.length === 0 || allowed.includes(method)) {
    return unknownPath();
  }
  const list = allowed.join(", ");
  return new ApiError("method_not_allowed", `This path supports ${list}.`, { headers: { Allow: list } });
}
