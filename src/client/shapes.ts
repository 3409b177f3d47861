// Checks of response bodies: an unknown value in, a typed one or undefined out. They cover the fields that the client and its users
// depend on, not all of them: a newer gateway may add some.

import { isFinal as isFinalStatus, TASK_STATUSES } from "../tasks/status.ts";
import type * as wire from "./types.ts";
import type { FieldError, FinalTask, SolvedTask, Task } from "./types.ts";
import type { KeyList, Timeline, Usage } from "./wire.gen.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Reads a response body (undefined if it is not JSON); undefined for anything but a `T`. */
export type Read<T> = (body: unknown, status: number) => T | undefined;

const STATUSES: readonly unknown[] = TASK_STATUSES;

/** The JSON value of a text; undefined if it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The value if it is an object; otherwise undefined. */
export function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

const isText = (value: unknown): boolean => typeof value === "string";
const isTextOrNull = (value: unknown): boolean => value === null || isText(value);
const isNumber = (value: unknown): boolean => typeof value === "number";
const isObject = (value: unknown): boolean => fieldsOf(value) !== undefined;
/** Whether a value is a list of objects, each with a text in `field`. */
const isListBy = (field: string) => (value: unknown) =>
  Array.isArray(value) && value.every((entry) => isText(fieldsOf(entry)?.[field]));

/** Reads an object whose fields pass their checks. */
const object =
  <T extends object>(checks: { readonly [Name in keyof T]?: (value: unknown) => boolean }): Read<T> =>
  (body) => {
    const fields = fieldsOf(body);
    if (fields === undefined) return undefined;
    const tests = Object.entries(checks) as [string, (value: unknown) => boolean][];
    return tests.every(([name, check]) => check(fields[name])) ? (body as T) : undefined;
  };

/** Reads a page of a list. */
const page = <T extends { nextCursor: string | null }>(field: keyof T, by: string): Read<T> =>
  object<T>({ [field]: isListBy(by), nextCursor: isTextOrNull } as Parameters<typeof object<T>>[0]);

const readTaskFields = object<Task>({
  id: isText,
  status: (value) => STATUSES.includes(value),
  task: isObject,
  createdAt: isText,
  deadlineAt: isText,
  solution: (value) => value === null || readSolution(value, 200) !== undefined,
  error: (value) => value === null || isText(fieldsOf(value)?.code),
});

export const readTask: Read<Task> = (body, status) => {
  const task = readTaskFields(body, status);
  return task?.status === "failed" && task.error === null ? undefined : task;
};

export const readSolution = object<wire.Solution>({ gRecaptchaResponse: isText });
export const readTaskList = page<wire.TaskList>("tasks", "id");
export const readTimeline = object<Timeline>({ events: isListBy("type") });
export const readUsage = object<Usage>({ days: isListBy("day") });
export const readKeyList = object<KeyList>({ keys: isListBy("id") });
export const readCurrentKey = object<wire.CurrentKey>({ id: isText, scopes: Array.isArray });
export const readCreatedKey = object<wire.CreatedKey>({ id: isText, key: isText });
export const readRotatedKey = object<wire.RotatedKey>({ id: isText, key: isText, replaces: isObject });
export const readAccount = object<wire.Account>({ tenant: isObject, limits: isObject, month: isObject });
export const readAuditList = page<wire.AuditList>("entries", "action");
export const readEndpoint = object<wire.Endpoint>({ url: isTextOrNull });
export const readEndpointTest = object<wire.EndpointTest>({ latencyMs: isNumber });
export const readRotatedSecret = object<wire.RotatedSecret>({ secret: isText });
export const readWebhookSecret = object<wire.WebhookSecret>({ secret: isText });
export const readTenant = object<wire.Tenant>({ id: isText, limits: isObject });
export const readCreatedTenant = object<wire.CreatedTenant>({ id: isText, limits: isObject });
export const readTenantList = page<wire.TenantList>("tenants", "id");
export const readTenantUsageList = page<wire.TenantUsageList>("usage", "tenantId");
export const readUpstreamAccounts = object<wire.UpstreamAccounts>({ accounts: isListBy("name") });

/** Reads a response without a body. */
export const readNothing: Read<true> = (_body, status) => (status === 204 ? true : undefined);

/** What problem details contain. */
export interface ProblemDetails {
  readonly code: string;
  readonly detail: string;
  readonly requestId: string | null;
  readonly errors: readonly FieldError[];
}

export function readProblem(body: unknown): ProblemDetails | undefined {
  const { code, detail, title, requestId, errors } = fieldsOf(body) ?? {};
  if (typeof code !== "string") return undefined;
  const text = [detail, title].find((one): one is string => typeof one === "string");
  return {
    code,
    detail: text ?? "The gateway rejected the request.",
    requestId: typeof requestId === "string" ? requestId : null,
    errors: isListBy("path")(errors) ? (errors as readonly FieldError[]) : [],
  };
}

/** Whether a task is finished: `ready`, `failed` or `canceled`. */
export function isFinal(task: Task): task is FinalTask {
  return isFinalStatus(task.status);
}

/** Whether a task's solution can be read. */
export function isSolved(task: Task): task is SolvedTask {
  return task.status === "ready" && task.solution !== null;
}
