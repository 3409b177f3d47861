// A ledger as it is after a busy month: as many tasks as are asked for, evenly over the last 30 days. It writes into the files of a
// gateway that has been stopped, and refuses a folder in which there is more than one tenant.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { SEQUENCES_PER_MS } from "../../../src/tenants/sequence.ts";

const MONTH_MS = 30 * 86_400_000;

/** The youngest is this old (ms): a slot's lease is long over. */
const YOUNGEST_MS = 600_000;

/** Nine of ten are ready; the rest failed. In one statement, because a ledger of this length is not typed row by row. */
const FILL = `
  WITH RECURSIVE made (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM made WHERE n + 1 < :count)
  INSERT INTO tasks (sequence, task_id, mode, website, status, admitted, created_at, deadline_at, finished_at, solve_ms, error_code)
  SELECT (:from + n * :step) * ${SEQUENCES_PER_MS}, printf('%064x', n), 'test', 'antcpt.com',
    iif(n % 10 = 0, 'failed', 'ready'), 1, :from + n * :step, :from + n * :step + 120000, :from + n * :step + 6000,
    iif(n % 10 = 0, NULL, 4000 + n % 5000), iif(n % 10 = 0, 'unsolvable', NULL)
  FROM made`;

/** Enters `count` finished test tasks before `now` (ms since the epoch) into the one tenant's ledger under `state`. */
export function fillLedger(state: string, count: number, now: number): void {
  const objects = join(state, "v3", "do");
  const folder = readdirSync(objects).find((name) => name.endsWith("TenantObject")) ?? "";
  const ledgers = readdirSync(join(objects, folder)).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name));
  const [ledger] = ledgers;
  if (ledger === undefined || ledgers.length > 1) throw new Error("not exactly one tenant");
  const database = new DatabaseSync(join(objects, folder, ledger));
  try {
    const from = now - MONTH_MS + YOUNGEST_MS;
    database.prepare(FILL).run({ count, from, step: Math.floor((now - YOUNGEST_MS - from) / count) });
  } finally {
    database.close();
  }
}
