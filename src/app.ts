// Assembles the Hono app: middleware, routes, the OpenAPI document and the error handler.

import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import { timing } from "hono/timing";
import { ConfigurationError, configurationOf } from "./env.ts";
import { ApiError, problemOf } from "./errors.ts";
import { describeError, log } from "./log.ts";
import { logRequests } from "./middleware/access-log.ts";
import type { AppEnv } from "./middleware/authenticate.ts";
import { overloadedError } from "./object-retry.ts";
import { OPENAPI_HEAD, SECURITY_SCHEMES } from "./openapi.ts";
import { addAccountRoutes } from "./routes/account.ts";
import { addAdminKeyRoutes } from "./routes/admin-keys.ts";
import { addAdminTenantRoutes } from "./routes/admin-tenants.ts";
import { addAdminUpstreamRoutes } from "./routes/admin-upstream.ts";
import { addAdminUsageRoutes } from "./routes/admin-usage.ts";
import {
  addCompatibilityRoutes,
  CompatibilityError,
  compatibilityFailure,
  isCompatibilityPath,
  routedPath,
} from "./routes/compatibility.ts";
import { addHomeRoutes } from "./routes/home.ts";
import { addKeyRoutes } from "./routes/keys.ts";
import { addListTasksRoutes } from "./routes/list-tasks.ts";
import { addMetaRoutes } from "./routes/meta.ts";
import { unroutedError } from "./routes/methods.ts";
import { addPageRoutes } from "./routes/pages.ts";
import { addStreamRoutes } from "./routes/stream.ts";
import { addTaskRoutes } from "./routes/tasks.ts";
import { addUsageRoutes } from "./routes/usage.ts";
import { rejectInvalid } from "./routes/validation.ts";
import { addWebhookEndpointRoutes } from "./routes/webhook-endpoint.ts";
import { HEADER_COMPONENTS } from "./schemas/headers.ts";
import { registerWebhookEvents } from "./schemas/webhook-events.ts";
import { variableWarnings } from "./variable-warnings.ts";

/** Creates the app. */
export function createApp() {
  const app = new OpenAPIHono<AppEnv>({ getPath: routedPath, defaultHook: rejectInvalid });

  app.use(requestId());
  app.use(timing());
  app.use(secureHeaders());
  app.use(logRequests());
  app.use(async function forbidCaching(c, next) {
    await next();
    // Responses of the APIs can contain keys, secrets and solutions.
    if (isApiPath(c.req.path)) c.res.headers.set("Cache-Control", "no-store");
  });
  app.use(async function configure(c, next) {
    warnOnce(c.env);
    c.set("configuration", configurationOf(c.env));
    await next();
  });

  addTaskRoutes(app);
  addListTasksRoutes(app);
  addUsageRoutes(app);
  addStreamRoutes(app);
  addKeyRoutes(app);
  addWebhookEndpointRoutes(app);
  addCompatibilityRoutes(app);
  addAccountRoutes(app);
  addAdminTenantRoutes(app);
  addAdminKeyRoutes(app);
  addAdminUsageRoutes(app);
  addAdminUpstreamRoutes(app);
  addMetaRoutes(app);
  addHomeRoutes(app);
  addPageRoutes(app);

  for (const [name, scheme] of Object.entries(SECURITY_SCHEMES)) {
    app.openAPIRegistry.registerComponent("securitySchemes", name, scheme);
  }
  for (const [name, header] of Object.entries(HEADER_COMPONENTS)) {
    app.openAPIRegistry.registerComponent("headers", name, header);
  }
  registerWebhookEvents(app);
  app.doc31("/openapi.json", OPENAPI_HEAD);

  app.notFound((c) => errorResponse(c, unroutedError(app, c)));
  app.onError((error, c) => errorResponse(c, error));
  return app;
}

function isApiPath(path: string): boolean {
  return /^\/(?:v1|admin)(?:\/|$)/.test(path) || isCompatibilityPath(path);
}

/** Environments whose variables were already checked for warnings: one per isolate. */
const warned = new WeakSet<object>();

function warnOnce(env: object): void {
  if (warned.has(env)) return;
  warned.add(env);
  for (const warning of variableWarnings(env)) log("warn", "configuration_warning", { warning });
}

function errorResponse(c: Context<AppEnv>, error: unknown): Response {
  if (error instanceof CompatibilityError) return compatibilityFailure(c, error);
  const expected = expectedError(error);
  if (expected.code === "internal" || expected.code === "configuration") {
    log("error", "request_failed", { requestId: c.var.requestId, code: expected.code, ...describeError(error) });
  }
  if (isCompatibilityPath(c.req.path)) {
    return compatibilityFailure(c, expected.code === "internal" ? error : expected);
  }
  const problem = problemOf(expected, c.var.requestId);
  return c.body(JSON.stringify(problem), expected.status, {
    ...expected.headers,
    "Content-Type": "application/problem+json",
  });
}

/** The error to send to the caller. An unexpected error becomes `internal`, which reveals nothing about its cause. */
function expectedError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof ConfigurationError)
    return new ApiError(
      "configuration",
      "The gateway's configuration is not valid. The gateway's log names the variable.",
    );
  if (error instanceof HTTPException && error.status === 415) {
    return new ApiError("unsupported_media_type", "The body must have Content-Type: application/json.");
  }
  if (error instanceof HTTPException && error.status === 400) {
    return new ApiError("invalid_json", "The body is not valid JSON.");
  }
  return (
    overloadedError(error) ??
    new ApiError("internal", "The gateway failed. Its operator can find the cause in the log by the request id.")
  );
}
