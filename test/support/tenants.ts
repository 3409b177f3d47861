// Tenants in their objects: builders with overrides, and reads of the ledger and the snapshot that callers cannot make.

import { reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { AdmissionOutcome } from "../../src/tasks/events.ts";
import { OPERATOR } from "../../src/tenants/actor.ts";
import type { AdmissionRequest, TaskOutcome } from "../../src/tenants/ledger.ts";
import type { TenantObject } from "../../src/tenants/object.ts";
import type { CreatedKey, NewKey } from "../../src/tenants/rpc.ts";
import type { TenantSnapshot } from "../../src/tenants/settings.ts";
import { snapshotKeyOf, snapshotSchema } from "../../src/tenants/settings.ts";
import { freshTaskObject, TENANT_ID, TIMEOUT_MS } from "./objects.ts";
import { START, testNumber } from "./time.ts";

export type TenantStub = DurableObjectStub<TenantObject>;

/** A tenant's object. */
export function tenantObject(id: string = TENANT_ID): TenantStub {
  return env.TENANTS.get(env.TENANTS.idFromName(id));
}

/** The test that created each tenant. */
const createdIn = new Map<string, number>();

/** A new tenant, by default without suspension, quota or a tight limit. */
export async function createTenant(
  overrides: Partial<Parameters<TenantObject["create"]>[0]> = {},
): Promise<TenantStub> {
  const id = overrides.id ?? TENANT_ID;
  const tenant = { id, name: "Acme", allowedHosts: ["antcpt.com"], limits: { maxInFlight: 100, monthlyTasks: null } };
  const create = () => tenantObject(id).create({ ...tenant, ...overrides });
  let created = await create();
  if (created === null && createdIn.get(id) !== testNumber()) {
    // On a busy machine `reset` has been seen to leave an object of the test before.
    await reset();
    created = await create();
  }
  if (created === null) throw new Error(`there is a tenant ${id} already`);
  createdIn.set(id, testNumber());
  return tenantObject(id);
}

/** The operator's request for a key, with defaults. */
export const A_KEY: NewKey = { name: "CI", mode: "test", scopes: ["tasks:write", "tasks:read"], expiresAt: null };

/** A key of a tenant, minted by the operator. */
export async function mintKey(stub: TenantStub, overrides: Partial<NewKey> = {}): Promise<CreatedKey> {
  const minted = await stub.createKey(OPERATOR, { ...A_KEY, ...overrides });
  if (minted === null || typeof minted === "string") throw new Error(`no key: ${minted}`);
  return minted;
}

/** The snapshot of a tenant that KV has, or null. */
export async function publishedSnapshot(id: string = TENANT_ID): Promise<TenantSnapshot | null> {
  const text = await env.DIRECTORY.get(snapshotKeyOf(id));
  return text === null ? null : snapshotSchema.parse(JSON.parse(text));
}

/** The whole storage of a tenant's object: entries, tables with their rows, and the alarm. */
export function storageOf(stub: TenantStub) {
  return runInDurableObject(stub, async (_object, { storage }) => {
    const names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'";
    const tables = storage.sql.exec<{ name: string }>(names).toArray();
    return {
      entries: Object.fromEntries(await storage.list()),
      tables: Object.fromEntries(
        tables.map(({ name }) => [name, storage.sql.exec(`SELECT * FROM "${name}"`).toArray()]),
      ),
      alarm: await storage.getAlarm(),
    };
  });
}
export const EMPTY_STORAGE = { entries: {}, tables: {}, alarm: null };

/** One row of a tenant's ledger. */
export type LedgerRow = {
  task_id: string;
  mode: string;
  status: string;
  admitted: number;
  finished_at: number | null;
  solve_ms: number | null;
  error_code: string | null;
  webhook_state: string | null;
};

/** The ledger, oldest first, as SQLite has it. */
export function ledgerOf(stub: TenantStub): Promise<LedgerRow[]> {
  return runInDurableObject(stub, (_object, state) => {
    const columns = "task_id, mode, status, admitted, finished_at, solve_ms, error_code, webhook_state";
    return state.storage.sql.exec<LedgerRow>(`SELECT ${columns} FROM tasks ORDER BY sequence`).toArray();
  });
}

/** Settings of a tenant with these limits. */
export const limited = (maxInFlight: number, monthlyTasks: number | null = null) => ({
  limits: { maxInFlight, monthlyTasks },
});

/** The admission request of a task without an object, created `age` ms after `START`. */
export function aRequest(age = 0, mode: "live" | "test" = "live"): AdmissionRequest {
  const createdAt = START + age;
  const taskId = freshTaskObject().id.toString();
  return { taskId, mode, website: "antcpt.com", createdAt, deadlineAt: createdAt + TIMEOUT_MS };
}

/** The outcome of such a task: ready now, after 5 s. */
export function anOutcome({ taskId, mode, website, createdAt }: AdmissionRequest): TaskOutcome {
  const outcome = {
    status: "ready",
    finishedAt: Date.now(),
    solveMs: 5_000,
    unsolvedMs: 2_000,
    errorCode: null,
    webhookState: null,
  } as const;
  return { taskId, mode, website, createdAt, ...outcome };
}

/** Asks for admission, as the object of a task does. */
export async function admit(stub: TenantStub, request: AdmissionRequest): Promise<AdmissionOutcome> {
  return (await stub.admit(request)).outcome;
}

/** An environment in which methods of the tenants' objects are replaced. `overrides` gets the real object. */
export function withTenantMethods(overrides: (real: TenantStub) => Partial<Record<keyof TenantStub, unknown>>): object {
  const get = (id: DurableObjectId) => {
    const real = env.TENANTS.get(id);
    const methods = new Map(Object.entries(overrides(real)));
    return new Proxy(real, { get: (target, name) => methods.get(String(name)) ?? Reflect.get(target, name) });
  };
  return { ...env, TENANTS: { idFromName: (name: string) => env.TENANTS.idFromName(name), get } };
}

/** An environment in which no tenant's object can be reached. */
export const TENANT_UNREACHABLE: object = {
  ...env,
  TENANTS: {
    idFromName: (name: string) => name,
    get: () => {
      throw new Error("the tenant's object cannot be reached");
    },
  },
};
