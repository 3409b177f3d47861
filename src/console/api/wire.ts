// The API's types, as the client has them.

import type * as client from "../../client/index.ts";

export type {
  Account,
  AuditEntry,
  AuditList,
  CreatedKey,
  CreatedTenant,
  CurrentKey,
  Endpoint,
  EndpointTest,
  FieldError,
  Key,
  Mode,
  NewTask,
  NewTenant,
  NewTenantKey as NewKey,
  Scope,
  Solution,
  Task,
  TaskFilter,
  TaskList,
  TaskStatus,
  TaskSummary,
  Tenant,
  TenantList,
  TenantPatch,
  TenantUsage,
  TimelineEntry,
  UpstreamAccount,
  UsageDay,
  WebhookSecret,
} from "../../client/index.ts";

export type WebhookState = client.WebhookDelivery["state"];

/** A part of a list. */
export interface Page {
  readonly limit?: number;
  readonly cursor: string | null;
}
