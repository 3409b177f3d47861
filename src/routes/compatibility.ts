// The compatible face: POST /createTask and /getTaskResult, so that a client of that protocol becomes one of Solvegate by a
// change of address. The same door as v1; HTTP 200 for API errors too, because an error status hides the code from most clients.

import { createRoute, OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { CompatibilityCode } from "../errors.ts";
import { ApiError, compatibilityCodeOf } from "../errors.ts";
import { parseTraceparent } from "../http.ts";
import type { AppEnv, Caller } from "../middleware/authenticate.ts";
import { authFailure, callerOf } from "../middleware/authenticate.ts";
import { limitBody, readJson } from "../middleware/body.ts";
import { spend } from "../middleware/rate-limit.ts";
import {
  compatibilityCreateSchema,
  compatibilityResponseSchema,
  compatibilityResultSchema,
  compatibilityTaskSchema,
  createTaskDocSchema,
  getTaskResultDocSchema,
  isSupportedType,
} from "../schemas/compatibility.ts";
import { json, jsonContent } from "../schemas/shared.ts";
import { createHeadersSchema } from "../schemas/tasks.ts";
import type { StoredSolution, TaskRecord } from "../tasks/record.ts";
import type { Scope } from "../tenants/keys.ts";
import { acceptTask, assertNotSuspended, viewTask } from "./create-task.ts";
import { invalidRequest } from "./validation.ts";

/** An error with a code of this face that v1's codes do not tell apart. */
export class CompatibilityError extends Error {
  override readonly name = "CompatibilityError";
  readonly code: string;

  constructor(code: CompatibilityCode | (string & {}), message: string) {
    super(message);
    this.code = code;
  }
}

const SAID = "The answer; `errorId` 1 is an error";
const answers = {
  200: json(compatibilityResponseSchema, SAID),
  413: json(compatibilityResponseSchema, "Over 64 KiB: `ERROR_BAD_REQUEST`"),
  429: json(compatibilityResponseSchema, "Too much: `ERROR_NO_SLOT_AVAILABLE`", "Retry-After", "RateLimit-Policy"),
  500: json(compatibilityResponseSchema, "A fault of the gateway: `ERROR_SERVICE_UNAVAILABLE`"),
};

const createRouteDefinition = createRoute({
  method: "post",
  path: "/createTask",
  tags: ["Compatible"],
  // The key stands in the body, where the protocol has it.
  security: [],
  operationId: "compatibleCreateTask",
  summary: "Submit a task, in the protocol's words",
  request: { headers: createHeadersSchema.omit({ prefer: true }), body: jsonContent(createTaskDocSchema) },
  responses: { ...answers, 200: json(compatibilityResponseSchema, SAID, "Idempotency-Replayed") },
});

const resultRouteDefinition = createRoute({
  method: "post",
  path: "/getTaskResult",
  tags: ["Compatible"],
  // The key stands in the body, where the protocol has it.
  security: [],
  operationId: "compatibleGetTaskResult",
  summary: "Read a result, in the protocol's words",
  request: { body: jsonContent(getTaskResultDocSchema) },
  responses: answers,
});

/** The paths whose every answer, an error of the gateway too, has the compatible form. */
export function isCompatibilityCall(method: string, path: string): boolean {
  return method === "POST" && (path === "/createTask" || path === "/getTaskResult");
}

/** An error in this face's form. `errorDescription` begins with the code: one client shows nothing else. */
export function compatibilityFailure(c: Context, error: unknown): Response {
  if (error instanceof CompatibilityError) return failure(c, error.code, error.message, 200, {});
  if (error instanceof ApiError) {
    const status = error.status === 413 || error.status === 429 || error.status === 500 ? error.status : 200;
    const faults = (error.errors ?? []).map(({ path, message }) => (path === "" ? message : `${path} ${message}`));
    const message = faults.length === 0 ? error.message : faults.join("; ");
    // What a bearer is told of its challenge is not this face's: its key comes in the body.
    const { "WWW-Authenticate": _, ...headers } = error.headers;
    return failure(c, compatibilityCodeOf(error.code), message, status, headers);
  }
  return failure(c, "ERROR_SERVICE_UNAVAILABLE", "The gateway failed.", 500, {});
}

function failure(
  c: Context,
  code: string,
  message: string,
  status: 200 | 413 | 429 | 500,
  headers: Readonly<Record<string, string>>,
): Response {
  return c.json({ errorId: 1, errorCode: code, errorDescription: `${code}: ${message}` }, status, { ...headers });
}

/** The routes of the compatible face. Their bodies are read here: the schemas in the definitions only describe them. */
export function compatibilityRoutes() {
  const app = new OpenAPIHono<AppEnv>();
  app.openAPIRegistry.registerPath(createRouteDefinition);
  app.openAPIRegistry.registerPath(resultRouteDefinition);

  app.post("/createTask", limitBody, async (c) => {
    const raw = await readJson(c);
    const body = compatibilityCreateSchema.safeParse(raw);
    const caller = await admit(c, keyIn(raw), "tasks:write");
    assertNotSuspended(caller);
    await spend(c, caller, "create");
    if (!body.success) throw invalidRequest(body.error);
    const task = parseTask(body.data.task);
    const headers = createHeadersSchema.safeParse(c.req.header());
    if (!headers.success) throw invalidRequest(headers.error);
    const wanted = {
      task,
      webhookUrl: body.data.callbackUrl,
      webhookField: "callbackUrl" as const,
      metadata: {},
      timeoutSeconds: undefined,
      idempotencyKey: headers.data["idempotency-key"],
      traceparent: parseTraceparent(headers.data.traceparent),
    };
    const { record, replayed } = await acceptTask(c.env, c.var.configuration, caller, wanted, c.var.requestId);
    if (replayed) c.header("Idempotency-Replayed", "true");
    return c.json({ errorId: 0, errorCode: "", errorDescription: "", status: "idle", taskId: decimalId(record.id) });
  });

  app.post("/getTaskResult", limitBody, async (c) => {
    const raw = await readJson(c);
    const body = compatibilityResultSchema.safeParse(raw);
    const caller = await admit(c, keyIn(raw), "tasks:read");
    await spend(c, caller, "calls");
    if (!body.success) throw invalidRequest(body.error);
    const hex = hexOf(body.data.taskId);
    const record = hex === null ? null : await viewTask(c.env, hex, caller, 0);
    if (record === null) throw new CompatibilityError("ERROR_NO_SUCH_CAPCHA_ID", "There is no such task.");
    return c.json(resultOf(record));
  });

  return app;
}

/** The caller, or the one error that no key, a wrong key and a key without the scope share. */
async function admit(c: Context<AppEnv>, key: unknown, scope: Scope): Promise<Caller> {
  const caller = await callerOf(c, key);
  if (caller === null) throw await authFailure(c, "The clientKey is not a valid key.");
  if (!caller.scopes.includes(scope)) throw new ApiError("insufficient_scope", `The key lacks the scope ${scope}.`);
  return caller;
}

function keyIn(body: unknown): unknown {
  return typeof body === "object" && body !== null && "clientKey" in body ? body.clientKey : undefined;
}

function parseTask(task: unknown) {
  if (task === undefined || task === null) throw new CompatibilityError("ERROR_TASK_ABSENT", "There is no task.");
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

interface Progress {
  readonly errorId: 0;
  readonly errorCode: null;
  readonly errorDescription: null;
  readonly status: "processing" | "ready";
  readonly solution?: StoredSolution;
}

function resultOf(record: TaskRecord): Progress {
  const fine = { errorId: 0, errorCode: null, errorDescription: null } as const;
  switch (record.status) {
    case "queued":
    case "processing":
      return { ...fine, status: "processing" };
    case "ready":
      if (record.solution === null) {
        throw new CompatibilityError("ERROR_TOKEN_EXPIRED", "The solution has expired or was handed out before.");
      }
      return { ...fine, status: "ready", solution: record.solution };
    case "canceled":
      throw new CompatibilityError("ERROR_TASK_CANCELED", "The task was canceled.");
    case "failed":
      throw new CompatibilityError(failureCodeOf(record), record.error?.message ?? "The task failed.");
  }
}

/** The code of a failed task: upstream's own where there is one. */
function failureCodeOf({ error }: TaskRecord): string {
  if (error?.upstreamCode !== undefined) return error.upstreamCode;
  switch (error?.code) {
    case "upstream_rejected":
      return "ERROR_BAD_REQUEST";
    case "unsolvable":
      return "ERROR_CAPTCHA_UNSOLVABLE";
    case "timeout":
      return "ERROR_TASK_TIMEOUT";
    case "quota_exceeded":
      return "ERROR_NO_SLOT_AVAILABLE";
    case "tenant_suspended":
    case "upstream_unavailable":
    case "internal":
    case undefined:
      return "ERROR_SERVICE_UNAVAILABLE";
  }
}

/** Task ids are decimal digits here: the most used client runs `while (taskId > 0)`. */
function decimalId(hex: string): string {
  return BigInt(`0x${hex}`).toString();
}

/** Digits of the largest 256-bit number. */
const MAX_DIGITS = 78;

/** The object's id in a taskId: decimal digits, as a string or as a number that was not rounded on the way. */
function hexOf(taskId: unknown): string | null {
  const digits = typeof taskId === "bigint" || typeof taskId === "number" ? String(taskId) : taskId;
  if (typeof digits !== "string" || digits.length > MAX_DIGITS || !/^[1-9]\d*$/.test(digits)) return null;
  const hex = BigInt(digits).toString(16).padStart(64, "0");
  return hex.length === 64 ? hex : null;
}
