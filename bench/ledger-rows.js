// Fills the ledger of a tenant's object with copies of its newest row over 30 days. A few rows have a rare value in one column.

const DAY_MS = 86_400_000;
const ROWS_PER_STATEMENT = 50_000;

/** Values by column, as SQL over the row's number `i` and its creation time `at`. Other columns are copied. */
const COLUMNS = {
  sequence: "at * 4096 + i % 4096",
  task_id: "printf('%064x', i)",
  mode: "CASE WHEN i % 4999 = 0 THEN 'test' ELSE 'live' END",
  website: "CASE WHEN i % 100003 = 0 THEN 'rare.example' ELSE 'shop' || i % 50 || '.example' END",
  status: "CASE WHEN i % 99991 = 0 THEN 'canceled' WHEN i % 211 = 0 THEN 'failed' ELSE 'ready' END",
  created_at: "at",
  deadline_at: "at + 120000",
  finished_at: "at + 9000",
  solve_ms: "CASE WHEN i % 99991 = 0 OR i % 211 = 0 THEN NULL ELSE 4000 + i * 7919 % 20000 END",
  error_code: "CASE WHEN i % 99991 <> 0 AND i % 211 = 0 THEN 'unsolvable' END",
  webhook_state: "CASE WHEN i % 99989 = 0 THEN 'exhausted' ELSE 'delivered' END",
  reference: "CASE WHEN i % 1000 = 0 THEN 'order-' || i / 1000 END",
};

/** Inserts `rows` rows. @param sql the object's SqlStorage */
export function fillLedger(sql, rows) {
  const columns = [...sql.exec("PRAGMA table_info(tasks)")].map(({ name }) => name);
  const values = columns.map((name) => COLUMNS[name] ?? `newest.${name}`).join(", ");
  const startAt = Date.now() - 30 * DAY_MS;
  for (let first = 1; first <= rows; first += ROWS_PER_STATEMENT) {
    sql.exec(
      `WITH RECURSIVE
        numbers(i) AS (SELECT ? UNION ALL SELECT i + 1 FROM numbers WHERE i < ?),
        places AS (SELECT i, ? + i * ? / ? AS at FROM numbers),
        newest AS (SELECT * FROM tasks ORDER BY sequence DESC LIMIT 1)
      INSERT INTO tasks (${columns.join(", ")}) SELECT ${values} FROM places, newest`,
      first,
      Math.min(first + ROWS_PER_STATEMENT - 1, rows),
      startAt,
      30 * DAY_MS,
      rows,
    );
  }
}
