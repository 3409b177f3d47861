// What the gateway answers, looked at before it is believed: a body in, a typed value or undefined out. PURE. It checks what the
// client and its users lean on, not every field: a newer gateway may say more.

import type { CreatedKey, Endpoint, EndpointTest, FieldError, Key, RotatedSecret, UsageDay } from "./account-types.ts";
import type { FinalTask, Solution, SolvedTask, Task, TaskPage, TaskStatus, TimelineEvent } from "./types.ts";

type Fields = Readonly<Record<string, unknown>>;

const STATUSES: readonly TaskStatus[] = ["queued", "processing", "ready", "failed", "canceled"];

/** The JSON value of a text; undefined where it is not JSON. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The value as an object with fields, or undefined. */
export function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

export function readTask(body: unknown): Task | undefined {
  const fields = fieldsOf(body);
  if (fields === undefined) return undefined;
  const { id, status, task, solution, error } = fields;
  const known =
    typeof id === "string" &&
    STATUSES.some((one) => one === status) &&
    fieldsOf(task) !== undefined &&
    typeof fields.createdAt === "string" &&
    typeof fields.deadlineAt === "string" &&
    (solution === null || readSolution(solution) !== undefined) &&
    (error === null ? status !== "failed" : typeof fieldsOf(error)?.code === "string");
  return known ? (body as Task) : undefined;
}

export function readSolution(body: unknown): Solution | undefined {
  return typeof fieldsOf(body)?.gRecaptchaResponse === "string" ? (body as Solution) : undefined;
}

export function readPage(body: unknown): TaskPage | undefined {
  const fields = fieldsOf(body);
  const { tasks, nextCursor } = fields ?? {};
  const known = areAll(tasks, "id") && (nextCursor === null || typeof nextCursor === "string");
  return known ? (body as TaskPage) : undefined;
}

export function readTimeline(body: unknown): readonly TimelineEvent[] | undefined {
  const { events } = fieldsOf(body) ?? {};
  return areAll(events, "type") ? (events as readonly TimelineEvent[]) : undefined;
}

export function readUsage(body: unknown): readonly UsageDay[] | undefined {
  const { days } = fieldsOf(body) ?? {};
  return areAll(days, "day") ? (days as readonly UsageDay[]) : undefined;
}

export function readKeys(body: unknown): readonly Key[] | undefined {
  const { keys } = fieldsOf(body) ?? {};
  return areAll(keys, "id") ? (keys as readonly Key[]) : undefined;
}

export function readCreatedKey(body: unknown): CreatedKey | undefined {
  const { id, key } = fieldsOf(body) ?? {};
  return typeof id === "string" && typeof key === "string" ? (body as CreatedKey) : undefined;
}

export function readSecret(body: unknown): RotatedSecret | undefined {
  return typeof fieldsOf(body)?.secret === "string" ? (body as RotatedSecret) : undefined;
}

export function readEndpoint(body: unknown): Endpoint | undefined {
  const { url } = fieldsOf(body) ?? {};
  return url === null || typeof url === "string" ? (body as Endpoint) : undefined;
}

export function readEndpointTest(body: unknown): EndpointTest | undefined {
  return typeof fieldsOf(body)?.latencyMs === "number" ? (body as EndpointTest) : undefined;
}

/** A problem document: its code, and what else it says. */
export interface ReadProblem {
  readonly code: string;
  readonly detail: string;
  readonly requestId: string | null;
  readonly errors: readonly FieldError[];
}

export function readProblem(body: unknown): ReadProblem | undefined {
  const { code, detail, title, requestId, errors } = fieldsOf(body) ?? {};
  if (typeof code !== "string") return undefined;
  return {
    code,
    detail: [detail, title].find((text) => typeof text === "string") ?? "The gateway refused.",
    requestId: typeof requestId === "string" ? requestId : null,
    errors: areAll(errors, "path") ? (errors as readonly FieldError[]) : [],
  };
}

/** Whether nothing will change a task's status any more. */
export function isFinal(task: Task): task is FinalTask {
  return task.status === "ready" || task.status === "failed" || task.status === "canceled";
}

/** Whether a task has its solution at hand. */
export function isSolved(task: Task): task is SolvedTask {
  return task.status === "ready" && task.solution !== null;
}

/** Whether a value is a list of objects that each have a text under `field`. */
function areAll(value: unknown, field: string): boolean {
  return Array.isArray(value) && value.every((entry) => typeof fieldsOf(entry)?.[field] === "string");
}
