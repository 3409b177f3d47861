// The compatibility API: POST /createTask, /getTaskResult and /getBalance. Existing clients of the protocol only change their base URL.

import type { OpenAPIHono } from "@hono/zod-openapi";
import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { getPath } from "hono/utils/url";
import type { CompatibilityCode } from "../compatibility-codes.ts";
import { codeOfFailedTask, compatibilityCodeOf } from "../compatibility-codes.ts";
import { ApiError } from "../errors.ts";
import type { AppEnv, Caller } from "../middleware/authenticate.ts";
import { requireCaller } from "../middleware/authenticate.ts";
import { limitBody, readJson } from "../middleware/body.ts";
import { spend } from "../middleware/rate-limit.ts";
import {
  balanceSchema,
  compatibilityCreateSchema,
  compatibilityResponseSchema,
  compatibilityResultSchema,
  compatibilityTaskSchema,
  createTaskDocSchema,
  getBalanceDocSchema,
  getTaskResultDocSchema,
  isSupportedType,
} from "../schemas/compatibility.ts";
import { json, jsonContent } from "../schemas/shared.ts";
import { createHeadersSchema } from "../schemas/tasks.ts";
import type { Task } from "../tasks/present.ts";
import type { Scope } from "../tenants/keys.ts";
import { parseTraceparent } from "../traceparent.ts";
import { balanceOf } from "./balance.ts";
import { createNumberedTask, findTask } from "./compatibility-ids.ts";
import { invalidRequest } from "./validation.ts";

/** An error with a code of the protocol. */
export class CompatibilityError extends Error {
  override readonly name = "CompatibilityError";
  readonly code: string;

  constructor(code: CompatibilityCode | (string & {}), message: string) {
    super(message);
    this.code = code;
  }
}

const RESULT = "The result, or an error if `errorId` is 1";
const answers = {
  200: json(compatibilityResponseSchema, RESULT),
  413: json(compatibilityResponseSchema, "The body is larger than 64 KiB: `ERROR_BAD_REQUEST`"),
  429: json(
    compatibilityResponseSchema,
    "Too many requests: `ERROR_NO_SLOT_AVAILABLE`",
    "Retry-After",
    "RateLimit-Policy",
  ),
  500: json(compatibilityResponseSchema, "The gateway's configuration is not valid: `ERROR_SERVICE_UNAVAILABLE`"),
};

const createRouteDefinition = createRoute({
  method: "post",
  path: "/createTask",
  tags: ["Compatibility"],
  // The key is in the body.
  security: [],
  operationId: "compatibilityCreateTask",
  summary: "Create a task",
  request: { headers: createHeadersSchema.omit({ prefer: true }), body: jsonContent(createTaskDocSchema) },
  responses: { ...answers, 200: json(compatibilityResponseSchema, RESULT, "Idempotency-Replayed") },
});

const resultRouteDefinition = createRoute({
  method: "post",
  path: "/getTaskResult",
  tags: ["Compatibility"],
  // The key is in the body.
  security: [],
  operationId: "compatibilityGetTaskResult",
  summary: "Read a task's result",
  request: { body: jsonContent(getTaskResultDocSchema) },
  responses: answers,
});

const balanceRouteDefinition = createRoute({
  method: "post",
  path: "/getBalance",
  tags: ["Compatibility"],
  // The key is in the body.
  security: [],
  operationId: "compatibilityGetBalance",
  summary: "Read the balance",
  description:
    "The live tasks left this month, up to 90 s old. 1,000,000 for test keys and for tenants without a quota.",
  request: { body: jsonContent(getBalanceDocSchema) },
  responses: { ...answers, 200: json(balanceSchema, RESULT) },
});

/**
 * Methods of the protocol that the gateway does not support. They must not return 404: several clients take a body without `errorId`
 * for success.
 */
const UNSUPPORTED = [
  "/reportIncorrectRecaptcha",
  "/reportCorrectRecaptcha",
  "/reportIncorrectImageCaptcha",
  "/reportIncorrectHcaptcha",
  "/reportIncorrectTokenCaptcha",
  "/reportIncorrect",
  "/reportCorrect",
  "/feedbackTask",
  "/pushAntiGateVariable",
  "/getQueueStats",
  "/getSpendingStats",
  "/getAppStats",
  "/test",
];
const PATHS = new Set(["/createTask", "/getTaskResult", "/getBalance", ...UNSUPPORTED]);

/** Whether a path belongs to the compatibility API, so that all its responses have the protocol's form. */
export function isCompatibilityPath(path: string): boolean {
  return PATHS.has(path);
}

/** The path used for routing. Ignores doubled and trailing slashes in compatibility paths, because some clients send them. */
export function routedPath(request: Request): string {
  const path = getPath(request);
  const plain = path.replaceAll(/\/{2,}/g, "/").replace(/\/$/, "");
  return isCompatibilityPath(plain) ? plain : path;
}

/**
 * The response for an error. `errorDescription` begins with the code, because one client shows nothing else. The status is 200,
 * because most clients ignore the body of an error status. Exceptions are 413, 429, and 500 for an invalid configuration.
 */
export function compatibilityFailure(c: Context, error: unknown): Response {
  if (error instanceof CompatibilityError) return failure(c, error.code, error.message, 200, {});
  if (!(error instanceof ApiError)) return failure(c, "ERROR_SERVICE_UNAVAILABLE", "The gateway failed.", 200, {});
  const status = error.status === 413 || error.status === 429 || error.code === "configuration" ? error.status : 200;
  const errors = (error.errors ?? []).map(({ path, message }) => `${path || "The body"} ${message}`);
  const message = errors.length === 0 ? error.message : errors.join("; ");
  // Clients send the key in the body, so a challenge for the Authorization header would be wrong.
  const { "WWW-Authenticate": _, ...headers } = error.headers;
  return failure(c, compatibilityCodeOf(error.code), message, status, headers);
}

function failure(
  c: Context,
  code: string,
  message: string,
  status: ContentfulStatusCode,
  headers: Readonly<Record<string, string>>,
): Response {
  return c.json({ errorId: 1, errorCode: code, errorDescription: `${code}: ${message}` }, status, { ...headers });
}

/** Adds the routes of the compatibility API. They parse bodies themselves: the route definitions only describe them. */
export function addCompatibilityRoutes(app: OpenAPIHono<AppEnv>): void {
  app.openAPIRegistry.registerPath(createRouteDefinition);
  app.openAPIRegistry.registerPath(resultRouteDefinition);
  app.openAPIRegistry.registerPath(balanceRouteDefinition);

  app.post("/createTask", limitBody, async (c) => {
    const raw = await readJson(c);
    const body = compatibilityCreateSchema.safeParse(raw);
    const caller = await authenticateKey(c, keyIn(raw), "tasks:write");
    await spend(c, caller, "create");
    if (!body.success) throw invalidRequest(body.error);
    const task = parseTask(body.data.task);
    const headers = createHeadersSchema.safeParse(c.req.header());
    if (!headers.success) throw invalidRequest(headers.error);
    const wanted = {
      task,
      webhookUrl: body.data.callbackUrl,
      webhookField: "callbackUrl" as const,
      reference: undefined,
      metadata: {},
      timeoutSeconds: undefined,
      idempotencyKey: headers.data["idempotency-key"],
      traceparent: parseTraceparent(headers.data.traceparent),
    };
    const { configuration, requestId } = c.var;
    const { number, taskId, replayed } = await createNumberedTask(c.env, configuration, caller, wanted, requestId);
    c.set("createdTaskId", taskId);
    if (replayed) c.header("Idempotency-Replayed", "true");
    return c.json({ errorId: 0, errorCode: "", errorDescription: "", status: "idle", taskId: number });
  });

  app.post("/getTaskResult", limitBody, async (c) => {
    const raw = await readJson(c);
    const body = compatibilityResultSchema.safeParse(raw);
    const caller = await authenticateKey(c, keyIn(raw), "tasks:read");
    await spend(c, caller, "calls");
    if (!body.success) throw invalidRequest(body.error);
    const { taskId } = body.data;
    if (taskId === undefined || taskId === null || taskId === "") {
      throw new CompatibilityError("ERROR_NO_SUCH_CAPCHA_ID", "taskId is missing.");
    }
    const task = await findTask(c.env, caller, taskId);
    if (task === null) throw new CompatibilityError("ERROR_NO_SUCH_CAPCHA_ID", "There is no such task.");
    return c.json(resultOf(task));
  });

  app.post("/getBalance", limitBody, async (c) => {
    const caller = await authenticateKey(c, keyIn(await readJson(c)), null);
    await spend(c, caller, "calls");
    c.set("caller", caller);
    return c.json({ errorId: 0, balance: await balanceOf(c) });
  });

  // Everything that the routes above do not handle: HTTP methods other than POST, and unsupported methods of the protocol.
  for (const path of PATHS) {
    app.all(path, (c) => {
      if (c.req.method !== "POST") throw new CompatibilityError("ERROR_BAD_REQUEST", "The HTTP method must be POST.");
      throw new CompatibilityError("ERROR_NO_SUCH_METHOD", `The gateway does not support ${path.slice(1)}.`);
    });
  }
}

/** Authenticates the key in a body. @throws ApiError for an invalid key, or a key without `scope` (null: any key) */
async function authenticateKey(c: Context<AppEnv>, key: unknown, scope: Scope | null): Promise<Caller> {
  const missing = key === undefined || key === null || key === "";
  const caller = await requireCaller(c, key, missing ? "clientKey is missing." : "The clientKey is not a valid key.");
  if (scope !== null && !caller.scopes.includes(scope)) {
    throw new ApiError("insufficient_scope", `The key lacks the scope ${scope}.`);
  }
  return caller;
}

function keyIn(body: unknown): unknown {
  return typeof body === "object" && body !== null && "clientKey" in body ? body.clientKey : undefined;
}

function parseTask(task: unknown) {
  if (task === undefined || task === null) throw new CompatibilityError("ERROR_TASK_ABSENT", "The body has no task.");
  if (typeof task !== "object" || Array.isArray(task)) {
    throw new CompatibilityError("ERROR_BAD_REQUEST", "The task must be an object.");
  }
  if (!("type" in task) || !isSupportedType(task.type)) {
    throw new CompatibilityError("ERROR_TASK_NOT_SUPPORTED", "The only supported type is RecaptchaV3TaskProxyless.");
  }
  const parsed = compatibilityTaskSchema.safeParse(task);
  if (!parsed.success) throw invalidRequest(parsed.error);
  return parsed.data;
}

function resultOf(task: Task) {
  const success = { errorId: 0, errorCode: null, errorDescription: null } as const;
  switch (task.status) {
    case "queued":
    case "processing":
      return { ...success, status: "processing" };
    case "ready":
      if (task.solution === null) {
        throw new CompatibilityError("ERROR_TOKEN_EXPIRED", "The solution has expired or was claimed.");
      }
      return { ...success, status: "ready", solution: task.solution };
    case "canceled":
      throw new CompatibilityError("ERROR_TASK_CANCELED", "The task was canceled.");
    case "failed":
      throw new CompatibilityError(codeOfFailedTask(task.error), task.error?.message ?? "The task failed.");
  }
}
