// The calls that the operator's token may make, by the client. Each resolves to a Result.

import { SolvegateAdmin } from "../../client/index.ts";
import { CLIENT_SETTINGS } from "./client-settings.ts";
import { type Result, resultOf } from "./failure.ts";
import { AUDIT_PAGE } from "./tenant-api.ts";
import type {
  AuditList,
  CreatedKey,
  CreatedTenant,
  Key,
  Mode,
  NewKey,
  NewTenant,
  Page,
  TaskFilter,
  TaskList,
  Tenant,
  TenantList,
  TenantPatch,
  TenantUsage,
  UpstreamAccount,
  UsageDay,
} from "./wire.ts";

/** Tenants of a page. */
const TENANT_PAGE = 50;

export class OperatorApi {
  readonly #client: SolvegateAdmin;

  constructor(token: string) {
    this.#client = new SolvegateAdmin({ ...CLIENT_SETTINGS, adminToken: token });
  }

  tenants = (cursor: string | null, signal?: AbortSignal, limit = TENANT_PAGE): Promise<Result<TenantList>> =>
    resultOf(this.#client.tenants.page({ limit, cursor: cursor ?? undefined, signal }), signal);
  createTenant = (body: NewTenant): Promise<Result<CreatedTenant>> => resultOf(this.#client.tenants.create(body));
  tenant = (id: string, signal?: AbortSignal): Promise<Result<Tenant>> =>
    resultOf(this.#client.tenants.get(id, { signal }), signal);
  patchTenant = (id: string, patch: TenantPatch): Promise<Result<Tenant>> =>
    resultOf(this.#client.tenants.update(id, patch));
  deleteTenant = (id: string): Promise<Result<void>> => resultOf(this.#client.tenants.delete(id));

  keys = (id: string, signal?: AbortSignal): Promise<Result<Key[]>> =>
    resultOf(this.#client.keys.list(id, { signal }), signal);
  createKey = (id: string, body: NewKey): Promise<Result<CreatedKey>> => resultOf(this.#client.keys.create(id, body));
  revokeKey = (id: string, keyId: string): Promise<Result<void>> => resultOf(this.#client.keys.revoke(id, keyId));
  rotateKey = (id: string, keyId: string, overlapSeconds: number): Promise<Result<CreatedKey>> =>
    resultOf(this.#client.keys.rotate(id, keyId, { overlapSeconds }));

  tasks = (id: string, mode: Mode, filter: TaskFilter, page: Page, signal?: AbortSignal): Promise<Result<TaskList>> =>
    resultOf(
      this.#client.tenants.tasksPage(id, {
        ...filter,
        mode,
        limit: page.limit,
        cursor: page.cursor ?? undefined,
        signal,
      }),
      signal,
    );
  usage = (id: string, mode: Mode, signal?: AbortSignal): Promise<Result<UsageDay[]>> =>
    resultOf(this.#client.tenants.usage(id, { mode, signal }), signal);
  audit = (id: string, cursor: string | null, signal?: AbortSignal): Promise<Result<AuditList>> =>
    resultOf(this.#client.tenants.auditPage(id, { limit: AUDIT_PAGE, cursor: cursor ?? undefined, signal }), signal);

  upstream = (signal?: AbortSignal): Promise<Result<UpstreamAccount[]>> =>
    resultOf(this.#client.upstream({ signal }), signal);
  /** Usage of all tenants from `from` to `to` (UTC days, `2026-11-23`). */
  allUsage = (from: string, to: string, signal?: AbortSignal): Promise<Result<TenantUsage[]>> =>
    resultOf(Array.fromAsync(this.#client.usage({ from, to, signal })), signal);
}
