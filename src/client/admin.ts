// The client for the operator's API, `/admin`.

import { Keys } from "./account.ts";
import { type ClientOptions, transportOf } from "./client-options.ts";
import { eachPage } from "./pages.ts";
import {
  readAuditList,
  readCreatedTenant,
  readNothing,
  readTaskList,
  readTenant,
  readTenantList,
  readTenantUsageList,
  readUpstreamAccounts,
  readUsage,
} from "./shapes.ts";
import type { ListTasksOptions, TaskPageOptions } from "./tasks.ts";
import type { CallOptions, Transport } from "./transport.ts";
import type {
  AuditEntry,
  AuditList,
  CreatedKey,
  CreatedTenant,
  Key,
  Mode,
  NewTenant,
  NewTenantKey,
  PageOptions,
  RotatedKey,
  Rotation,
  TaskList,
  TaskSummary,
  Tenant,
  TenantList,
  TenantPatch,
  TenantUsage,
  TenantUsageList,
  UpstreamAccount,
  UpstreamAccounts,
  UsageDay,
  UsageOptions,
} from "./types.ts";

export interface SolvegateAdminOptions extends ClientOptions {
  /** The gateway's `ADMIN_TOKEN`. */
  readonly adminToken: string;
}

/** The mode of a tenant's tasks, usage or audit entries. */
export interface ModeOptions {
  readonly mode?: Mode | undefined;
}

/** A range of days over all tenants. */
export type AllUsageOptions = Pick<UsageOptions, "from" | "to"> & PageOptions & CallOptions;

const tenantPath = (tenantId: string): string => `/admin/tenants/${encodeURIComponent(tenantId)}`;

/** A client of a gateway's `/admin` API. */
export class SolvegateAdmin {
  readonly tenants: Tenants;
  readonly keys: TenantKeys;
  readonly #transport: Transport;

  /**
   * @throws TypeError for an invalid URL, token or `fetch`
   * @throws RangeError for a time that is not a finite number in its range
   */
  constructor(options: SolvegateAdminOptions) {
    this.#transport = transportOf(options, "adminToken", options.adminToken);
    this.tenants = new Tenants(this.#transport);
    this.keys = new TenantKeys(this.#transport);
  }

  /** One page of the usage of all tenants, by day and mode. `unavailable` names tenants that are missing for the moment. */
  usagePage(options: AllUsageOptions = {}): Promise<TenantUsageList> {
    return this.#transport.get("/admin/usage", readTenantUsageList, options);
  }

  /** The usage of all tenants, by day and mode. Use `usagePage` to see which tenants are missing for the moment. */
  async *usage(options: Omit<AllUsageOptions, "cursor"> = {}): AsyncGenerator<TenantUsage, void, undefined> {
    for await (const { usage } of eachPage((cursor) => this.usagePage({ ...options, cursor }))) yield* usage;
  }

  /** The upstream accounts in order of preference, with their states. */
  async upstream(options: CallOptions = {}): Promise<UpstreamAccount[]> {
    return (await this.upstreamOverview(options)).accounts;
  }

  /** The upstream accounts, and the last changes of their states. */
  upstreamOverview({ signal }: CallOptions = {}): Promise<UpstreamAccounts> {
    return this.#transport.get("/admin/upstream", readUpstreamAccounts, { signal });
  }
}

/** The tenants of a gateway, and what an operator can see of each. */
export class Tenants {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Creates a tenant. Not retried after a lost response: `get` shows whether it exists. */
  create(tenant: NewTenant, { signal }: CallOptions = {}): Promise<CreatedTenant> {
    return this.#transport.send("POST", "/admin/tenants", readCreatedTenant, { body: tenant, signal });
  }

  get(id: string, { signal }: CallOptions = {}): Promise<Tenant> {
    return this.#transport.get(tenantPath(id), readTenant, { signal });
  }

  update(id: string, patch: TenantPatch, { signal }: CallOptions = {}): Promise<Tenant> {
    return this.#transport.send("PATCH", tenantPath(id), readTenant, { body: patch, idempotent: true, signal });
  }

  /** Deletes a tenant: its keys stop working, unfinished tasks are canceled, and its ledger is erased. */
  async delete(id: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#transport.send("DELETE", tenantPath(id), readNothing, { signal });
  }

  /** One page of the tenants, by id. `unavailable` names tenants that are missing for the moment. */
  page(options: PageOptions & CallOptions = {}): Promise<TenantList> {
    return this.#transport.get("/admin/tenants", readTenantList, options);
  }

  /** All tenants, by id. Use `page` to see which are missing for the moment. */
  async *list(options: Pick<PageOptions, "limit"> & CallOptions = {}): AsyncGenerator<Tenant, void, undefined> {
    for await (const { tenants } of eachPage((cursor) => this.page({ ...options, cursor }))) yield* tenants;
  }

  /** One page of a tenant's tasks, as the tenant sees them. */
  tasksPage(id: string, options: TaskPageOptions & ModeOptions = {}): Promise<TaskList> {
    return this.#transport.get(`${tenantPath(id)}/tasks`, readTaskList, options);
  }

  /** A tenant's tasks, newest first. */
  async *tasks(id: string, options: ListTasksOptions & ModeOptions = {}): AsyncGenerator<TaskSummary, void, undefined> {
    for await (const { tasks } of eachPage((cursor) => this.tasksPage(id, { ...options, cursor }))) yield* tasks;
  }

  /** A tenant's usage by day. */
  async usage(id: string, options: UsageOptions & ModeOptions & CallOptions = {}): Promise<UsageDay[]> {
    return (await this.#transport.get(`${tenantPath(id)}/usage`, readUsage, options)).days;
  }

  /** One page of a tenant's audit log. */
  auditPage(id: string, options: PageOptions & ModeOptions & CallOptions = {}): Promise<AuditList> {
    return this.#transport.get(`${tenantPath(id)}/audit`, readAuditList, options);
  }

  /** A tenant's audit log, newest entry first. */
  async *audit(
    id: string,
    options: Pick<PageOptions, "limit"> & ModeOptions & CallOptions = {},
  ): AsyncGenerator<AuditEntry, void, undefined> {
    for await (const { entries } of eachPage((cursor) => this.auditPage(id, { ...options, cursor }))) yield* entries;
  }
}

/** The keys of a tenant, of both modes. Changes are not retried after a lost response: `list` shows whether they happened. */
export class TenantKeys {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  list(tenantId: string, options?: CallOptions): Promise<Key[]> {
    return this.#of(tenantId).list(options);
  }

  create(tenantId: string, key: NewTenantKey, options?: CallOptions): Promise<CreatedKey> {
    return this.#of(tenantId).create(key, options);
  }

  /** The key stops working everywhere within 90 s. */
  revoke(tenantId: string, keyId: string, options?: CallOptions): Promise<void> {
    return this.#of(tenantId).revoke(keyId, options);
  }

  /** Creates a replacement with the same mode and scopes. The old key works for the overlap. */
  rotate(tenantId: string, keyId: string, rotation?: Rotation, options?: CallOptions): Promise<RotatedKey> {
    return this.#of(tenantId).rotate(keyId, rotation, options);
  }

  #of(tenantId: string): Keys {
    return new Keys(this.#transport, `${tenantPath(tenantId)}/keys`);
  }
}
