// Fills a tenant's ledger with tasks of the last 30 days, evenly distributed. It writes into the files of a stopped gateway that has one
// tenant.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { SEQUENCES_PER_MS } from "../../../src/tenants/sequence.ts";

const MONTH_MS = 30 * 86_400_000;

/** Age (ms) of the newest task. Leases of older tasks have expired. */
const YOUNGEST_MS = 600_000;

/** Nine of ten tasks are ready, the others failed. One statement is much faster than one per row. */
const FILL = `
  WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :count)
  INSERT INTO tasks (sequence, task_id, mode, website, status, admitted, created_at, deadline_at, finished_at, solve_ms, error_code)
  SELECT (:from + n * :step) * ${SEQUENCES_PER_MS}, printf('%064x', n), 'test', 'antcpt.com',
    iif(n % 10 = 0, 'failed', 'ready'), 1, :from + n * :step, :from + n * :step + 120000, :from + n * :step + 6000,
    iif(n % 10 = 0, NULL, 4000 + n % 5000), iif(n % 10 = 0, 'unsolvable', NULL)
  FROM numbers`;

/** Adds `count` finished test tasks before `now` (ms since the epoch) to the ledger of the one tenant under `state`. */
export function fillLedger(state: string, count: number, now: number): void {
  const objects = join(state, "v3", "do");
  const folder = readdirSync(objects).find((name) => name.endsWith("TenantObject")) ?? "";
  const ledgers = readdirSync(join(objects, folder)).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name));
  const [ledger] = ledgers;
  if (ledger === undefined || ledgers.length > 1) throw new Error("the state folder must contain exactly one tenant");
  const database = new DatabaseSync(join(objects, folder, ledger));
  try {
    const from = now - MONTH_MS + YOUNGEST_MS;
    database.prepare(FILL).run({ count, from, step: Math.floor((now - YOUNGEST_MS - from) / count) });
  } finally {
    database.close();
  }
}
