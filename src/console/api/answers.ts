// The gateway's answers as the console reads them: each is checked field by field before anything is shown. PURE, and no zod: a
// schema library would be half of the page. Refuses an answer that lacks what is shown; what it does not know of, it leaves alone,
// so that a newer gateway's additions break nothing.

import type { z } from "zod";
import type { FieldError } from "../../errors.ts";
import type { taskListSchema } from "../../schemas/task-list.ts";
import type { createdKeySchema, currentKeySchema, keyListSchema } from "../../schemas/tenants.ts";
import type { usageSchema } from "../../schemas/usage.ts";
import type { endpointSchema, probeSchema } from "../../schemas/webhook-endpoints.ts";
import type { TimelineEvent, Task as WireTask } from "../../tasks/present.ts";
import { SCOPES } from "../../tenants/keys.ts";
import { STATUSES } from "../route.ts";

/** A code is text here: a newer gateway may know more of them. */
type Coded<T extends { readonly errorCode: unknown }> = Omit<T, "errorCode"> & { readonly errorCode: string | null };

export type TaskRow = Coded<z.output<typeof taskListSchema>["tasks"][number]>;
export interface TaskPage {
  readonly tasks: readonly TaskRow[];
  readonly nextCursor: string | null;
}
export interface TaskFailure {
  readonly code: string;
  readonly message: string;
  readonly upstreamCode?: string | undefined;
}
export type Task = Omit<WireTask, "error"> & { readonly error: TaskFailure | null };
export type { TimelineEvent };
export type UsageDay = Omit<z.output<typeof usageSchema>["days"][number], "keys">;
export type Endpoint = z.output<typeof endpointSchema>;
export type Probe = z.output<typeof probeSchema>;
export type CurrentKey = z.output<typeof currentKeySchema>;
export type Key = z.output<typeof keyListSchema>["keys"][number];
export type CreatedKey = z.output<typeof createdKeySchema>;

/** What a refusal says of itself, as far as it does. */
export interface ProblemText {
  readonly code: string | null;
  readonly detail: string | null;
  readonly errors: readonly FieldError[];
  readonly requestId: string | null;
}

/** An answer that is not what it should be. The message names the field, and none of its content. */
export class MalformedAnswer extends Error {
  override readonly name = "MalformedAnswer";
}

/** Reads a value, or throws MalformedAnswer; `path` is where it stands. */
type Read<T> = (value: unknown, path: string) => T;
type Fields<T> = { readonly [K in keyof T]-?: Read<T[K]> };

const fault = (path: string): MalformedAnswer => new MalformedAnswer(`${path} is not what it should be`);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const text: Read<string> = (value, path) => {
  if (typeof value !== "string") throw fault(path);
  return value;
};

const number: Read<number> = (value, path) => {
  if (typeof value !== "number" || !Number.isFinite(value)) throw fault(path);
  return value;
};

const flag: Read<boolean> = (value, path) => {
  if (typeof value !== "boolean") throw fault(path);
  return value;
};

const time: Read<string> = (value, path) => {
  if (Number.isNaN(Date.parse(text(value, path)))) throw fault(path);
  return text(value, path);
};

const nullable =
  <T>(read: Read<T>): Read<T | null> =>
  (value, path) =>
    value === null ? null : read(value, path);

const optional =
  <T>(read: Read<T>): Read<T | undefined> =>
  (value, path) =>
    value === null || value === undefined ? undefined : read(value, path);

const oneOf =
  <const T extends string>(...values: readonly T[]): Read<T> =>
  (value, path) => {
    const known = values.find((one) => one === value);
    if (known === undefined) throw fault(path);
    return known;
  };

const list =
  <T>(read: Read<T>): Read<T[]> =>
  (value, path) => {
    if (!Array.isArray(value)) throw fault(path);
    return value.map((entry: unknown, index) => read(entry, `${path}.${index}`));
  };

const record =
  <T>(read: Read<T>): Read<Record<string, T>> =>
  (value, path) => {
    if (!isObject(value)) throw fault(path);
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, read(entry, `${path}.${key}`)]));
  };

function object<T extends object>(fields: Fields<T>): Read<T> {
  const entries = Object.entries(fields) as [string, Read<unknown>][];
  return (value, path) => {
    if (!isObject(value)) throw fault(path);
    const read = entries.map(([name, field]) => [name, field(value[name], path === "" ? name : `${path}.${name}`)]);
    return Object.fromEntries(read.filter(([, part]) => part !== undefined)) as T;
  };
}

const status = oneOf(...STATUSES);
const webhookState = oneOf("pending", "delivered", "exhausted");

const taskRow = object<TaskRow>({
  id: text,
  status,
  reference: nullable(text),
  website: text,
  keyId: nullable(text),
  createdAt: time,
  finishedAt: nullable(time),
  solveMs: nullable(number),
  errorCode: nullable(text),
  webhookState: nullable(webhookState),
});

/** The solution with whatever rides along in it; only what is shown is checked. */
const solution: Read<NonNullable<Task["solution"]>> = (value, path) => {
  const { gRecaptchaResponse, userAgent, secChUa } = object<{
    gRecaptchaResponse: string;
    userAgent: string;
    secChUa: string;
  }>({ gRecaptchaResponse: text, userAgent: text, secChUa: text })(value, path);
  return { gRecaptchaResponse, userAgent, secChUa };
};

const task = object<Task>({
  id: text,
  status,
  mode: oneOf("live", "test"),
  task: object<Task["task"]>({
    type: oneOf("RecaptchaV3TaskProxyless"),
    websiteURL: text,
    websiteKey: text,
    pageAction: text,
    checkField: optional(text),
    websiteTitle: optional(text),
    isInvisible: (value, path) => {
      if (!flag(value, path)) throw fault(path);
      return true;
    },
  }),
  metadata: record(text),
  createdAt: time,
  submittedAt: nullable(time),
  finishedAt: nullable(time),
  deadlineAt: time,
  solution: nullable(solution),
  solutionState: oneOf("none", "available", "claimed", "expired"),
  solutionExpiresAt: nullable(time),
  solutionBestBefore: nullable(time),
  error: nullable(object<TaskFailure>({ code: text, message: text, upstreamCode: optional(text) })),
  polls: number,
  submissions: number,
  webhook: nullable(
    object<NonNullable<Task["webhook"]>>({
      url: text,
      state: webhookState,
      attempts: number,
      lastStatus: nullable(number),
      nextAttemptAt: nullable(time),
    }),
  ),
});

const event = object<TimelineEvent>({
  at: time,
  type: text,
  durationMs: optional(number),
  detail: optional(text),
  status: optional(number),
  error: optional(text),
});

const keyFields: Fields<Omit<CurrentKey, "tenantId">> = {
  id: text,
  name: text,
  mode: oneOf("live", "test"),
  // A scope that this console does not know of opens nothing here.
  scopes: (value, path) => {
    const held = list(text)(value, path);
    return SCOPES.filter((scope) => held.includes(scope));
  },
  createdAt: time,
  expiresAt: nullable(time),
};

const whole =
  <T>(read: Read<T>) =>
  (value: unknown): T =>
    read(value, "");

/** Each throws MalformedAnswer for an answer that cannot be shown. */
export const readTask = whole(task);
export const readTaskPage = whole(object<TaskPage>({ tasks: list(taskRow), nextCursor: nullable(text) }));
export const readEvents = whole(object<{ readonly events: readonly TimelineEvent[] }>({ events: list(event) }));
export const readUsage = whole(
  object<{ readonly days: readonly UsageDay[] }>({
    days: list(
      object<UsageDay>({
        day: time,
        submitted: number,
        ready: number,
        failed: record(number),
        canceled: number,
        solveMs: object<UsageDay["solveMs"]>({ p50: nullable(number), p95: nullable(number) }),
      }),
    ),
  }),
);
export const readEndpoint = whole(
  object<Endpoint>({ url: nullable(text), disabledAt: nullable(time), disabledReason: nullable(text) }),
);
export const readProbe = whole(
  object<Probe>({ status: nullable(number), latencyMs: number, redirected: flag, error: nullable(text) }),
);
export const readSecret = whole(object<{ readonly secret: string }>({ secret: text }));
export const readCurrentKey = whole(object<CurrentKey>({ ...keyFields, tenantId: text }));
export const readKeys = whole(
  object<{ readonly keys: readonly Key[] }>({ keys: list(object<Key>({ ...keyFields, lastUsedOn: nullable(text) })) }),
);
export const readCreatedKey = whole(object<CreatedKey>({ ...keyFields, key: text }));

/** What a refusal says; nulls where it says nothing. Never throws: a proxy's refusal is no problem document. */
export function readProblem(value: unknown): ProblemText {
  const { code, detail, requestId, errors } = isObject(value) ? value : {};
  const faults: unknown[] = Array.isArray(errors) ? errors : [];
  return {
    code: typeof code === "string" ? code : null,
    detail: typeof detail === "string" ? detail : null,
    requestId: typeof requestId === "string" ? requestId : null,
    errors: faults.flatMap((entry) =>
      isObject(entry) && typeof entry.path === "string" && typeof entry.message === "string"
        ? [{ path: entry.path, message: entry.message }]
        : [],
    ),
  };
}
