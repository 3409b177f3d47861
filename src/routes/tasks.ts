// /v1/tasks: creates, reads, cancels and claims tasks, and redelivers their webhooks.

import type { OpenAPIHono } from "@hono/zod-openapi";
import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import { ApiError } from "../errors.ts";
import { describeError, log } from "../log.ts";
import type { AppEnv } from "../middleware/authenticate.ts";
import { authenticate } from "../middleware/authenticate.ts";
import { limitBody, requireJson } from "../middleware/body.ts";
import { limitCalls } from "../middleware/rate-limit.ts";
import { withRetry } from "../object-retry.ts";
import { DOCUMENTED_POLL_MS } from "../poll-interval.ts";
import { json, jsonContent, noQuerySchema, problems } from "../schemas/shared.ts";
import {
  createHeadersSchema,
  createTaskSchema,
  readHeadersSchema,
  solutionSchema,
  taskIdParamSchema,
  taskViewSchema,
  timelineSchema,
} from "../schemas/tasks.ts";
import type { Task } from "../tasks/present.ts";
import { isFinal } from "../tasks/status.ts";
import { parseTaskId } from "../tasks/task-id.ts";
import { parseTraceparent } from "../traceparent.ts";
import { acceptTask } from "./create-task.ts";
import { MAX_WAIT_S, refOf, taskStub, visibleTo, waitForTask, withoutSolution } from "./task-access.ts";
import { requireNoFields } from "./validation.ts";

const base = { tags: ["Tasks"], security: [{ apiKey: [] }] };

/** `Retry-After` (s) of an unfinished task. */
const RETRY_AFTER = String(DOCUMENTED_POLL_MS / 1_000);

const readable = [authenticate("tasks:read"), limitCalls("calls")];
const actions = [authenticate("tasks:write"), limitCalls("calls"), limitBody, ...requireNoFields];

/** The response headers of a created task. */
const created = ["Location", "Preference-Applied", "Idempotency-Replayed"] as const;

const createTaskRoute = createRoute({
  method: "post",
  path: "/v1/tasks",
  ...base,
  operationId: "createTask",
  summary: "Submit a task",
  description:
    "Stores the task and solves it in the background. With `Prefer: wait=N`, the response waits for the task to finish.",
  middleware: [authenticate("tasks:write"), limitCalls("create"), limitBody, requireJson()],
  request: { query: noQuerySchema, headers: createHeadersSchema, body: jsonContent(createTaskSchema) },
  responses: {
    200: json(taskViewSchema, "The task is already finished", ...created),
    202: json(
      taskViewSchema,
      "The task was accepted. Read it at `Location` after `Retry-After` seconds",
      ...created,
      "Retry-After",
    ),
    ...problems(403, 413, 415, 422, 503),
  },
});

const getTaskRoute = createRoute({
  method: "get",
  path: "/v1/tasks/{id}",
  ...base,
  operationId: "getTask",
  summary: "Read a task",
  middleware: readable,
  request: { query: noQuerySchema, params: taskIdParamSchema, headers: readHeadersSchema },
  responses: {
    200: json(taskViewSchema, "The task", "Preference-Applied", "Retry-After"),
    ...problems(403, 404),
  },
});

const cancelTaskRoute = createRoute({
  method: "post",
  path: "/v1/tasks/{id}/cancel",
  ...base,
  operationId: "cancelTask",
  summary: "Cancel a task",
  description: "Canceling a canceled task returns it unchanged.",
  middleware: actions,
  request: { query: noQuerySchema, params: taskIdParamSchema },
  responses: { 200: json(taskViewSchema, "The canceled task"), ...problems(403, 404, 409, 413, 415) },
});

const claimTaskRoute = createRoute({
  method: "post",
  path: "/v1/tasks/{id}/claim",
  ...base,
  operationId: "claimTask",
  summary: "Claim the solution",
  description: "Returns the solution and erases it. A solution can be claimed exactly once.",
  middleware: actions,
  request: { query: noQuerySchema, params: taskIdParamSchema },
  responses: { 200: json(solutionSchema, "The solution"), ...problems(403, 404, 409, 410, 413, 415) },
});

const eventsRoute = createRoute({
  method: "get",
  path: "/v1/tasks/{id}/events",
  ...base,
  operationId: "getTaskEvents",
  summary: "Read a task's timeline",
  middleware: readable,
  request: { query: noQuerySchema, params: taskIdParamSchema },
  responses: { 200: json(timelineSchema, "The timeline"), ...problems(403, 404) },
});

const redeliverRoute = createRoute({
  method: "post",
  path: "/v1/tasks/{id}/redeliver",
  ...base,
  operationId: "redeliverTask",
  summary: "Redeliver the webhook",
  description: "Starts a new delivery cycle with the same `webhook-id`.",
  middleware: actions,
  request: { query: noQuerySchema, params: taskIdParamSchema },
  responses: { 202: json(taskViewSchema, "The task"), ...problems(403, 404, 409, 413, 415) },
});

/** Adds the routes of /v1/tasks. */
export function addTaskRoutes(app: OpenAPIHono<AppEnv>): void {
  app.openapi(createTaskRoute, async (c) => {
    const body = c.req.valid("json");
    const headers = c.req.valid("header");
    const { caller, configuration, requestId } = c.var;
    const wanted = {
      task: body.task,
      webhookUrl: body.webhookUrl,
      webhookField: "webhookUrl" as const,
      reference: body.reference,
      metadata: body.metadata ?? {},
      timeoutSeconds: body.timeoutSeconds,
      idempotencyKey: headers["idempotency-key"],
      compatTaskId: null,
      traceparent: parseTraceparent(headers.traceparent),
    };
    const accepted = await acceptTask(c.env, configuration, caller, wanted, requestId);
    const waitMs = waitOf(c, headers.prefer);
    const { id } = accepted.task;
    c.set("createdTaskId", id);
    if (accepted.replayed) c.header("Idempotency-Replayed", "true");
    c.header("Location", `/v1/tasks/${id}`);
    const current = waitMs > 0 ? await waitForAccepted(c, id, waitMs) : accepted.task;
    const task = visibleTo(caller, current ?? withoutSolution(accepted.task));
    if (current !== null && isFinal(task.status)) return c.json(task, 200);
    c.header("Retry-After", RETRY_AFTER);
    return c.json(task, 202);
  });

  app.openapi(getTaskRoute, async (c) => {
    const { id } = c.req.valid("param");
    const waitMs = waitOf(c, c.req.valid("header").prefer);
    const task = await waitForTask(c, idOf(id), waitMs);
    if (task === null) throw notFound();
    if (!isFinal(task.status)) c.header("Retry-After", RETRY_AFTER);
    return c.json(task, 200);
  });

  app.openapi(cancelTaskRoute, async (c) => {
    const { id } = c.req.valid("param");
    const result = await withRetry(async () => stubOf(c, id).cancel(refOf(c.var.caller, idOf(id))));
    switch (result.tag) {
      case "canceled":
        return c.json(visibleTo(c.var.caller, result.task), 200);
      case "finished":
        throw new ApiError("task_finished", "The task is finished and cannot be canceled.");
      case "absent":
        throw notFound();
    }
  });

  app.openapi(claimTaskRoute, async (c) => {
    // No retries: if the response to a successful claim is lost, a retry could only return 410.
    const { id } = c.req.valid("param");
    const result = await stubOf(c, id).claim(refOf(c.var.caller, idOf(id)));
    switch (result.tag) {
      case "claimed":
        return c.json(result.solution, 200);
      case "not_ready":
        throw new ApiError("task_not_ready", "The task is not ready, so it has no solution to claim.");
      case "already_claimed":
        throw new ApiError("already_claimed", "The solution was already claimed. A solution can be claimed only once.");
      case "expired":
        throw new ApiError("solution_expired", "The solution has expired and was erased.");
      case "absent":
        throw notFound();
    }
  });

  app.openapi(eventsRoute, async (c) => {
    const { id } = c.req.valid("param");
    const events = await withRetry(async () => stubOf(c, id).timeline(refOf(c.var.caller, idOf(id))));
    if (events === null) throw notFound();
    return c.json({ events }, 200);
  });

  app.openapi(redeliverRoute, async (c) => {
    const { id } = c.req.valid("param");
    const result = await withRetry(async () => stubOf(c, id).redeliver(refOf(c.var.caller, idOf(id))));
    switch (result.tag) {
      case "redelivering":
        return c.json(visibleTo(c.var.caller, result.task), 202);
      case "not_redeliverable":
        throw new ApiError(
          "not_redeliverable",
          "The task is not finished, or it has no webhook URL and no endpoint is enabled.",
        );
      case "absent":
        throw notFound();
    }
  });
}

const notFound = () => new ApiError("not_found", "There is no such task.");

/** Parses a task id. @throws ApiError `not_found` for anything else */
function idOf(text: string): string {
  const id = parseTaskId(text);
  if (id === null) throw notFound();
  return id;
}

/**
 * Waits for a task that was just accepted. Null if the wait failed, for example because the key was revoked meanwhile: the task exists
 * and may be charged, so the caller must still get its id.
 */
async function waitForAccepted(c: Context<AppEnv>, id: string, waitMs: number): Promise<Task | null> {
  try {
    return await waitForTask(c, idOf(id), waitMs);
  } catch (error) {
    log("warn", "wait_failed", { requestId: c.var.requestId, taskId: id, ...describeError(error) });
    return null;
  }
}

function stubOf(c: Context<AppEnv>, id: string) {
  const stub = taskStub(c.env, idOf(id));
  if (stub === null) throw notFound();
  return stub;
}

/** Parses `Prefer: wait=N` (RFC 7240) to ms and sets `Preference-Applied`. Other preferences are ignored. */
function waitOf(c: Context<AppEnv>, prefer: string | undefined): number {
  for (const preference of (prefer ?? "").split(",")) {
    const match = /^\s*wait\s*=\s*"?(\d+)"?\s*(?:;|$)/i.exec(preference);
    if (match === null) continue;
    const seconds = Math.min(Number(match[1]), MAX_WAIT_S);
    c.header("Preference-Applied", `wait=${seconds}`);
    return seconds * 1_000;
  }
  return 0;
}
