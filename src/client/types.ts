// The client's types. Those of the wire are generated from the OpenAPI document (`wire.gen.ts`); this file names their parts and
// narrows the Task by its status.

import type {
  CreateKey,
  CreateOwnKey,
  CreateTask,
  CreateTenant,
  Key,
  PatchTenant,
  Problem,
  Solution,
  Task,
  TaskList,
  TenantUsageList,
  Timeline,
  UpstreamAccounts,
  Usage,
} from "./wire.gen.ts";

export type {
  Account,
  AuditEntry,
  AuditList,
  CreatedKey,
  CreatedTenant,
  CurrentKey,
  Endpoint,
  EndpointTest,
  Key,
  RotatedKey,
  RotatedSecret,
  Solution,
  Task,
  TaskList,
  Tenant,
  TenantList,
  TenantUsageList,
  UpstreamAccounts,
  WebhookSecret,
} from "./wire.gen.ts";

/** `queued` and `processing` are not final; the other three are. */
export type TaskStatus = Task["status"];

/** `live` tasks spend an upstream account; `test` tasks are solved by the gateway's sandbox and cost nothing. */
export type Mode = Task["mode"];

/** Whether a solution can be read: `claimed` and `expired` ones are erased. */
export type SolutionState = Task["solutionState"];

/** Why a task failed. */
export type TaskError = NonNullable<Task["error"]>;
export type TaskErrorCode = TaskError["code"];

/** The state of a task's webhook. */
export type WebhookDelivery = NonNullable<Task["webhook"]>;
export type WebhookState = WebhookDelivery["state"];

/** A task to solve. The type can be omitted: there is one. */
export type TaskInput = Omit<CreateTask["task"], "type"> & { type?: CreateTask["task"]["type"] | undefined };

/** What `tasks.create` takes. */
export type NewTask = Omit<CreateTask, "task"> & { task: TaskInput };

/** A ready task whose solution can be read. */
export interface SolvedTask extends Task {
  status: "ready";
  solution: Solution;
  solutionState: "available";
  error: null;
}

/** A ready task whose solution was claimed or has expired. */
export interface SpentTask extends Task {
  status: "ready";
  solution: null;
  solutionState: "claimed" | "expired";
  error: null;
}

/** A failed task. */
export interface FailedTask extends Task {
  status: "failed";
  solution: null;
  solutionState: "none";
  error: TaskError;
}

/** A canceled task. */
export interface CanceledTask extends Task {
  status: "canceled";
  solution: null;
  solutionState: "none";
  error: null;
}

/** A finished task. Narrow it by `status`, and a ready one by `solutionState`. */
export type FinalTask = SolvedTask | SpentTask | FailedTask | CanceledTask;

/** One row of the task list. */
export type TaskSummary = TaskList["tasks"][number];

/** One entry of a task's timeline. */
export type TimelineEntry = Timeline["events"][number];

/** Usage of one day (UTC). */
export type UsageDay = Usage["days"][number];

/** Usage of one day (UTC), tenant and mode. */
export type TenantUsage = TenantUsageList["usage"][number];

/** What a key may do. */
export type Scope = Key["scopes"][number];

/** A key to create, in the calling key's mode. It can have no scope that the calling key lacks. */
export type NewKey = CreateOwnKey;

/** A key that the operator creates for a tenant. */
export type NewTenantKey = CreateKey;

/** A tenant to create. */
export type NewTenant = CreateTenant;

/** What can be changed of a tenant; omitted fields stay as they are. */
export type TenantPatch = PatchTenant;

/** An upstream account and whether it works. */
export type UpstreamAccount = UpstreamAccounts["accounts"][number];

/** A change of the state of an upstream account. */
export type UpstreamChange = UpstreamAccounts["history"][number];

/** The gateway's error codes. `/docs/problems#<code>` of the gateway explains each. */
export type ProblemCode = Problem["code"];

/** One invalid field of a request: a dotted path into the body, or the name of a parameter or header. */
export type FieldError = NonNullable<Problem["errors"]>[number];

/** A page of a list. `cursor` is the `nextCursor` of the page before it. */
export interface PageOptions {
  /** Entries per page, 1 to 100; 50 by default. A page can hold fewer, or none, and still not be the last. */
  limit?: number | undefined;
  cursor?: string | undefined;
}

/** How a key or secret is replaced. */
export interface Rotation {
  /** For how long (s) the old one stays valid, 0 to 604,800. By default a day for a secret and an hour for a key. */
  overlapSeconds?: number | undefined;
}

/** The days of a usage report, both included. */
export interface UsageOptions {
  /** Such as `2026-11-01`; by default 29 days before `to`. */
  from?: string | undefined;
  /** By default today (UTC). */
  to?: string | undefined;
  /** `key`: each day also has `keys`, the counts by key. */
  groupBy?: "key" | undefined;
}

/** Which tasks a list holds. Without a filter: all tasks of the last 30 days. */
export interface TaskFilter {
  status?: TaskStatus | undefined;
  /** Your own name of the task, as given when it was created. */
  reference?: string | undefined;
  /** The host of `websiteURL`. Case, port and trailing dot do not count. */
  website?: string | undefined;
  webhookState?: WebhookState | undefined;
  /** RFC 3339. */
  createdAfter?: string | undefined;
  /** RFC 3339. */
  createdBefore?: string | undefined;
}
