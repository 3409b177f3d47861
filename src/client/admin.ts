// The client for the operator's API, `/admin`.

import { createKey, listKeys, revokeKey, rotateKey } from "./account.ts";
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
import { type ListTasksOptions, listTasks, type TaskPageOptions } from "./tasks.ts";
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
    for await (const { usage } of eachPage(undefined, (cursor) => this.usagePage({ ...options, cursor }))) yield* usage;
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
    const call = { method: "POST", path: "/admin/tenants", idempotent: false, read: readCreatedTenant } as const;
    return this.#transport.value({ ...call, body: JSON.stringify(tenant), signal });
  }

  get(id: string, { signal }: CallOptions = {}): Promise<Tenant> {
    return this.#transport.get(tenantPath(id), readTenant, { signal });
  }

  update(id: string, patch: TenantPatch, { signal }: CallOptions = {}): Promise<Tenant> {
    const call = { method: "PATCH", path: tenantPath(id), idempotent: true, read: readTenant, signal } as const;
    return this.#transport.value({ ...call, body: JSON.stringify(patch) });
  }

  /** Deletes a tenant: its keys stop working, unfinished tasks are canceled, and its ledger is erased. */
  async delete(id: string, { signal }: CallOptions = {}): Promise<void> {
    const call = { method: "DELETE", path: tenantPath(id), idempotent: false, read: readNothing, signal } as const;
    await this.#transport.call(call);
  }

  /** One page of the tenants, by id. `unavailable` names tenants that are missing for the moment. */
  page(options: PageOptions & CallOptions = {}): Promise<TenantList> {
    return this.#transport.get("/admin/tenants", readTenantList, options);
  }

  /** All tenants, by id. Use `page` to see which are missing for the moment. */
  async *list(options: Pick<PageOptions, "limit"> & CallOptions = {}): AsyncGenerator<Tenant, void, undefined> {
    for await (const { tenants } of eachPage(undefined, (cursor) => this.page({ ...options, cursor }))) yield* tenants;
  }

  /** One page of a tenant's tasks, as the tenant sees them. */
  tasksPage(id: string, options: TaskPageOptions & ModeOptions = {}): Promise<TaskList> {
    return this.#transport.get(`${tenantPath(id)}/tasks`, readTaskList, options);
  }

  /** A tenant's tasks, newest first. */
  tasks(id: string, options: ListTasksOptions & ModeOptions = {}): AsyncGenerator<TaskSummary, void, undefined> {
    return listTasks((cursor) => this.tasksPage(id, { ...options, cursor }));
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
    const load = (cursor: string | undefined) => this.auditPage(id, { ...options, cursor });
    for await (const { entries } of eachPage(undefined, load)) yield* entries;
  }
}

/** The keys of a tenant, of both modes. Changes are not retried after a lost response: `list` shows whether they happened. */
export class TenantKeys {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  list(tenantId: string, { signal }: CallOptions = {}): Promise<Key[]> {
    return listKeys(this.#transport, keysPath(tenantId), signal);
  }

  create(tenantId: string, key: NewTenantKey, { signal }: CallOptions = {}): Promise<CreatedKey> {
    return createKey(this.#transport, keysPath(tenantId), key, signal);
  }

  /** The key stops working everywhere within 90 s. */
  revoke(tenantId: string, keyId: string, { signal }: CallOptions = {}): Promise<void> {
    return revokeKey(this.#transport, keysPath(tenantId), keyId, signal);
  }

  /** Creates a replacement with the same mode and scopes. The old key works for the overlap. */
  rotate(tenantId: string, keyId: string, rotation: Rotation = {}, { signal }: CallOptions = {}): Promise<RotatedKey> {
    return rotateKey(this.#transport, keysPath(tenantId), keyId, rotation, signal);
  }
}

const keysPath = (tenantId: string): string => `${tenantPath(tenantId)}/keys`;
