// Analytics Engine's place in the tests: its table's shape in SQLite, and the part of its dialect that the queries of OPERATIONS.md
// need. It refuses what Cloudflare's reference does not have, so that SQLite's own functions cannot make a query pass.

import { DatabaseSync } from "node:sqlite";

/** A point as the gateway hands it to `writeDataPoint`. */
export interface Point {
  readonly indexes: readonly string[];
  readonly blobs: readonly string[];
  readonly doubles: readonly number[];
}

/** A point in the table: when it was written (s since the epoch), and how many points it stands for. */
export interface StoredPoint {
  readonly timestamp: number;
  readonly sampleInterval: number;
  readonly point: Point;
}

/** The columns of every dataset: https://developers.cloudflare.com/analytics/analytics-engine/sql-api/#table-structure */
const BLOBS = Array.from({ length: 20 }, (_, index) => `blob${index + 1}`);
const DOUBLES = Array.from({ length: 20 }, (_, index) => `double${index + 1}`);
const COLUMNS = ["dataset", "timestamp", "_sample_interval", "index1", ...BLOBS, ...DOUBLES];

/** Functions of Cloudflare's reference that are known here: .../sql-reference/aggregate-functions and /date-time-functions */
const FUNCTIONS = ["sum", "sumif", "quantileexactweighted", "tostartofinterval", "now"];

const UNIT_S: Readonly<Record<string, number>> = { SECOND: 1, MINUTE: 60, HOUR: 3_600, DAY: 86_400 };

/** The query in SQLite's words: intervals are seconds, and a function's parameter is its first argument. */
function translated(query: string): string {
  return query
    .replaceAll(/INTERVAL '(\d+)' (SECOND|MINUTE|HOUR|DAY)\b/g, (_, count: string, unit: string) =>
      String(Number(count) * (UNIT_S[unit] ?? Number.NaN)),
    )
    .replaceAll(/\bquantileExactWeighted\(([\d.]+)\)\(/g, "quantileExactWeighted($1, ");
}

/** @throws Error for what Analytics Engine does not document: a function, or a statement over more than its one table. */
function rejectUndocumented(query: string): void {
  for (const [, name = ""] of query.matchAll(/\b([A-Za-z_]\w*)\s*\(/g)) {
    if (!FUNCTIONS.includes(name.toLowerCase())) throw new Error(`${name} is not one of Analytics Engine's functions`);
  }
  if (/\b(JOIN|UNION|WITH|OVER|CASE|CAST|COALESCE)\b/i.test(query))
    throw new Error("not in Analytics Engine's grammar");
}

/** A dataset with these points, at the moment `now` (s since the epoch); gives the rows of a query. */
export function openDataset(dataset: string, points: readonly StoredPoint[], now: number) {
  const database = new DatabaseSync(":memory:");
  // REAL, as every number is divided there: SQLite's whole numbers would be cut.
  const typed = COLUMNS.map((name) => `${name} ${/^(double|_sample|timestamp)/.test(name) ? "REAL" : "TEXT"}`);
  database.exec(`CREATE TABLE ${dataset} (${typed.join(", ")})`);
  const insert = database.prepare(`INSERT INTO ${dataset} VALUES (${COLUMNS.map(() => "?").join(", ")})`);
  for (const { timestamp, sampleInterval, point } of points) {
    const blobs = BLOBS.map((_, index) => point.blobs[index] ?? "");
    const doubles = DOUBLES.map((_, index) => point.doubles[index] ?? 0);
    insert.run(dataset, timestamp, sampleInterval, point.indexes[0] ?? "", ...blobs, ...doubles);
  }
  defineFunctions(database, now);
  return {
    query(query: string): Record<string, unknown>[] {
      rejectUndocumented(query);
      return database
        .prepare(translated(query))
        .all()
        .map((row) => ({ ...row }));
    },
    close: () => database.close(),
  };
}

function defineFunctions(database: DatabaseSync, now: number): void {
  database.function("NOW", () => now);
  database.function("toStartOfInterval", (time, seconds) => Number(time) - (Number(time) % Number(seconds)));
  database.aggregate("sumIf", {
    start: 0,
    step: (total: number, value, condition) => (Number(condition) === 0 ? total : total + Number(value)),
  });
  // What a step hands on must be a value of SQLite: the entries go as lines of text.
  database.aggregate("quantileExactWeighted", {
    start: "",
    step: (lines: string, level, value, weight) => `${lines}${level} ${value} ${weight}\n`,
    result: (lines) => quantileOf(String(lines).trim().split("\n")),
  });
}

/** Of lines with level, value and weight: the value at which the weights, in the order of values, reach the level's share of all. */
function quantileOf(lines: readonly string[]): number | null {
  const entries = lines.map((line) => line.split(" ").map(Number)).sort(([, a = 0], [, b = 0]) => a - b);
  const enough = entries.reduce((sum, [level = 0, , weight = 0]) => sum + level * weight, 0);
  let reached = 0;
  for (const [, value = 0, weight = 0] of entries) {
    reached += weight;
    if (reached >= enough) return value;
  }
  return null;
}
