// /v1/tasks: create, read, cancel, claim, timeline, deliver again. Thin: a route reads the wire, calls, and writes the wire.

import { createRoute, OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { ApiError } from "../errors.ts";
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
import { isFinal } from "../tasks/status.ts";
import { parseTaskId } from "../tasks/task-id.ts";
import { parseTraceparent } from "../traceparent.ts";
import { acceptTask } from "./create-task.ts";
import { MAX_WAIT_S, refOf, taskStub, visibleTo, waitForTask } from "./task-access.ts";
import { rejectInvalid, requireNoFields } from "./validation.ts";

const tags = ["Tasks"];
const security = [{ apiKey: [] }];

/** When to read a running task again, in seconds. */
const RETRY_AFTER = String(DOCUMENTED_POLL_MS / 1_000);

const readable = [authenticate("tasks:read"), limitCalls("calls")];
const actions = [authenticate("tasks:write"), limitCalls("calls"), limitBody, ...requireNoFields];

/** What the answer to a creation says in its header. */
const created = ["Location", "Preference-Applied", "Idempotency-Replayed"] as const;

const createTaskRoute = createRoute({
  method: "post",
  path: "/v1/tasks",
  tags,
  security,
  operationId: "createTask",
  summary: "Submit a task",
  description: "Accepts a task, durably, and solves it in the background. With `Prefer: wait=N` the answer is held.",
  middleware: [authenticate("tasks:write"), limitCalls("create"), limitBody, requireJson()],
  request: { query: noQuerySchema, headers: createHeadersSchema, body: jsonContent(createTaskSchema) },
  responses: {
    200: json(taskViewSchema, "Finished already", ...created),
    202: json(
      taskViewSchema,
      "Accepted; `Location` and `Retry-After` say where and when to look",
      ...created,
      "Retry-After",
    ),
    ...problems(403, 413, 415, 422, 503),
  },
});

const getTaskRoute = createRoute({
  method: "get",
  path: "/v1/tasks/{id}",
  tags,
  security,
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
  tags,
  security,
  operationId: "cancelTask",
  summary: "Cancel a task",
  description: "Canceling twice gives the same answer.",
  middleware: actions,
  request: { query: noQuerySchema, params: taskIdParamSchema },
  responses: { 200: json(taskViewSchema, "The canceled task"), ...problems(403, 404, 409, 413, 415) },
});

const claimTaskRoute = createRoute({
  method: "post",
  path: "/v1/tasks/{id}/claim",
  tags,
  security,
  operationId: "claimTask",
  summary: "Take the solution, once",
  description: "Hands out the solution exactly once ever, and erases it as it is handed out.",
  middleware: actions,
  request: { query: noQuerySchema, params: taskIdParamSchema },
  responses: { 200: json(solutionSchema, "The solution"), ...problems(403, 404, 409, 410, 413, 415) },
});

const eventsRoute = createRoute({
  method: "get",
  path: "/v1/tasks/{id}/events",
  tags,
  security,
  operationId: "getTaskEvents",
  summary: "Read a task's timeline",
  middleware: readable,
  request: { query: noQuerySchema, params: taskIdParamSchema },
  responses: { 200: json(timelineSchema, "The timeline"), ...problems(403, 404) },
});

const redeliverRoute = createRoute({
  method: "post",
  path: "/v1/tasks/{id}/redeliver",
  tags,
  security,
  operationId: "redeliverTask",
  summary: "Send the webhook again",
  description: "Starts a fresh round of attempts with the same `webhook-id`.",
  middleware: actions,
  request: { query: noQuerySchema, params: taskIdParamSchema },
  responses: { 202: json(taskViewSchema, "The task"), ...problems(403, 404, 409, 413, 415) },
});

/** The routes of /v1/tasks. */
export function taskRoutes() {
  const app = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid });

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
    const current = waitMs > 0 ? await waitForTask(c, idOf(id), waitMs) : accepted.task;
    if (current === null) throw notFound();
    const task = visibleTo(caller, current);
    if (accepted.replayed) c.header("Idempotency-Replayed", "true");
    c.header("Location", `/v1/tasks/${id}`);
    if (isFinal(task.status)) return c.json(task, 200);
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
        throw new ApiError("task_finished", "The task is finished: it can no longer be canceled.");
      case "absent":
        throw notFound();
    }
  });

  app.openapi(claimTaskRoute, async (c) => {
    // Asked once: a claim whose answer was lost may have been made, and there is no second.
    const { id } = c.req.valid("param");
    const result = await stubOf(c, id).claim(refOf(c.var.caller, idOf(id)));
    switch (result.tag) {
      case "claimed":
        return c.json(result.solution, 200);
      case "not_ready":
        throw new ApiError("task_not_ready", "The task has no solution to claim: it is not ready.");
      case "already_claimed":
        throw new ApiError("already_claimed", "The solution was claimed before; it is handed out once.");
      case "expired":
        throw new ApiError("solution_expired", "The solution has expired and is erased.");
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
        throw new ApiError("not_redeliverable", "The task is not final, or there is nowhere to deliver it to.");
      case "absent":
        throw notFound();
    }
  });

  return app;
}

const notFound = () => new ApiError("not_found", "There is no such task.");

/** @throws ApiError `not_found` for a text that is no task id. */
function idOf(text: string): string {
  const id = parseTaskId(text);
  if (id === null) throw notFound();
  return id;
}

function stubOf(c: Context<AppEnv>, id: string) {
  const stub = taskStub(c.env, idOf(id));
  if (stub === null) throw notFound();
  return stub;
}

/** `Prefer: wait=N` (RFC 7240) in ms, and `Preference-Applied` where there is one. Other preferences are left alone. */
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
