// The API's types, as the client has them. Fields that the OpenAPI document does not describe yet are added here, and deleted with it.

import type * as client from "../../client/index.ts";

export type {
  Account,
  AuditEntry,
  AuditList,
  CreatedKey,
  CurrentKey,
  Endpoint,
  EndpointTest,
  FieldError,
  Key,
  Mode,
  NewTenantKey as NewKey,
  Scope,
  Solution,
  TaskFilter,
  TaskList,
  TaskStatus,
  TaskSummary,
  TenantUsage,
  UpstreamAccount,
  UsageDay,
  WebhookSecret,
} from "../../client/index.ts";

export type WebhookState = client.WebhookDelivery["state"];

export type Task = client.Task;
export type NewTask = client.NewTask;
export type TimelineEntry = client.TimelineEntry & { responseBody?: string | null };

/** A count for each mode. */
export interface ByMode {
  live: number;
  test: number;
}
interface TenantState {
  upstreamAccount?: string | null;
  inFlight?: ByMode;
  queued?: ByMode;
  month?: { liveTasks: number; quota: number | null };
}
export type Tenant = client.Tenant & TenantState;
export type TenantList = Omit<client.TenantList, "tenants"> & { tenants: Tenant[] };
export type NewTenant = client.NewTenant & { upstreamAccount?: string };
export type TenantPatch = client.TenantPatch & { upstreamAccount?: string | null };
export type CreatedTenant = client.CreatedTenant & TenantState;

/** A part of a list. */
export interface Page {
  readonly limit?: number;
  readonly cursor: string | null;
}
