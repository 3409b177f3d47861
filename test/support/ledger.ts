// Ledgers of any length for tests, and the number of rows that a call reads from one.

import { runInDurableObject } from "cloudflare:test";
import { vi } from "vitest";
import type { AdmissionRequest, TaskOutcome } from "../../src/tenants/ledger.ts";
import { SEQUENCES_PER_MS } from "../../src/tenants/sequence.ts";
import { freshTaskObject } from "./objects.ts";
import type { TenantStub } from "./tenants.ts";
import { anOutcome, aRequest, tenantObject } from "./tenants.ts";
import { evict } from "./time.ts";

/** The rows that all SQL statements read while `work` runs, by SQLite's own count. Includes the loading of evicted objects. */
export async function rowsReadBy(work: () => Promise<unknown>): Promise<number> {
  const cursors: { readonly rowsRead: number }[] = [];
  // All objects of an isolate share the prototype, so a constructor can be watched before its object exists.
  const spy = await runInDurableObject(freshTaskObject(), (_object, { storage }) => {
    const prototype = Object.getPrototypeOf(storage.sql);
    const original: (...parameters: unknown[]) => { readonly rowsRead: number } = prototype.exec;
    return vi.spyOn(prototype, "exec").mockImplementation(function (this: unknown, ...parameters: unknown[]) {
      const cursor = original.apply(this, parameters);
      cursors.push(cursor);
      return cursor;
    });
  });
  try {
    await work();
  } finally {
    spy.mockRestore();
  }
  return cursors.reduce((sum, { rowsRead }) => sum + rowsRead, 0);
}

/** Rows to insert into a ledger: `count` finished tasks from `from` (ms) on, `stepMs` apart. */
export interface Filling {
  readonly count: number;
  readonly from: number;
  readonly stepMs: number;
  /** SQL expressions over `n`, from 0 to `count` - 1. By default live tasks that are ready. */
  readonly columns?: Partial<
    Record<"mode" | "website" | "status" | "errorCode" | "solveMs" | "webhookState" | "reference" | "keyId", string>
  >;
}

/** Inserts finished tasks with one statement, and evicts the object, so that it reads them again. */
export async function fillLedger(stub: TenantStub, { count, from, stepMs, columns = {} }: Filling) {
  const { mode = "'live'", website = "'antcpt.com'", status = "'ready'", errorCode = "NULL" } = columns;
  const { solveMs = "4000 + n % 5000", webhookState = "NULL", reference = "NULL", keyId = "NULL" } = columns;
  await runInDurableObject(stub, (_object, { storage }) => {
    storage.sql.exec(
      `WITH RECURSIVE made (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM made WHERE n + 1 < ?1)
       INSERT INTO tasks (sequence, task_id, mode, website, status, admitted, created_at, deadline_at, finished_at, solve_ms,
         error_code, webhook_state, reference, key_id, month_count)
       SELECT (?2 + n * ?3) * ${SEQUENCES_PER_MS}, printf('%064x', n), ${mode}, ${website}, ${status}, 1, ?2 + n * ?3,
         ?2 + n * ?3 + 120000, ?2 + n * ?3 + 6000, ${solveMs}, ${errorCode}, ${webhookState}, ${reference}, ${keyId}, 0
       FROM made`,
      count,
      from,
      stepMs,
    );
  });
  await evict(stub);
}

/** A finished test task that exists only in the ledger, without an object. */
export async function ledgerTask(
  tenantId: string,
  overrides: Partial<AdmissionRequest & TaskOutcome> = {},
): Promise<AdmissionRequest> {
  const createdAt = overrides.createdAt ?? Date.now();
  const request = { ...aRequest(0, "test"), createdAt, deadlineAt: createdAt + 120_000, ...overrides };
  const stub = tenantObject(tenantId);
  await stub.admit(request);
  await stub.reportOutcome({ ...anOutcome(request), ...overrides });
  return request;
}
