// OPERATIONS.md, held to what it says: its queries run against points of the gateway's own making, its table of log lines is the
// code's, its links lead somewhere. It needs no gateway; it is here because SQLite with own functions is Node's.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PROJECT } from "../../scripts/support/gateway-process.ts";
import type { TaskRecord } from "../../src/tasks/record.ts";
import { AT, at, canceledRecord, failedRecord, readyRecord } from "../support/records.ts";
import type { Point, StoredPoint } from "./analytics.ts";
import { openDataset } from "./analytics.ts";

const PAGE = readFileSync(join(PROJECT, "OPERATIONS.md"), "utf8");

/** When the queries are asked (s). The hour began 30 minutes before. */
const NOW = AT / 1_000;
const HOUR = NOW - 1_800;
const MINUTE_S = 60;

interface Reporter {
  reportChange(analytics: { writeDataPoint(point: Point): void }, before: null, after: TaskRecord): void;
}

// By a name that the compiler does not follow: the file is the Worker's, and its types are the platform's.
const REPORT: string = "../../src/tasks/report.ts";
const { reportChange } = (await import(REPORT)) as Reporter;

/** The point that the gateway writes for a finished task. */
function pointOf(record: TaskRecord): Point {
  const points: Point[] = [];
  reportChange({ writeDataPoint: (point) => void points.push(point) }, null, record);
  const [point] = points;
  if (point === undefined) throw new Error("no point for a finished task");
  return point;
}

const points: StoredPoint[] = [];
/** Enters a task that became final so many minutes ago, `times` over, or once for `sampled` others. */
function enter(minutesAgo: number, record: TaskRecord, times = 1, sampled = 1): void {
  const stored = { timestamp: NOW - minutesAgo * MINUTE_S, sampleInterval: sampled, point: pointOf(record) };
  for (let count = 0; count < times; count += 1) points.push(stored);
}

const live = { mode: "live" } as const;
const acme = { ...live, tenantId: "acme" };
const shop = { ...live, tenantId: "shop" };
/** Solved `ms` after the upstream took it, and last known unsolved 2 s before. */
const solvedIn = (ms: number) =>
  readyRecord({ ...acme, submittedAt: at(100), finishedAt: at(100 + ms), unsolvedAt: at(ms - 1_900) });
const away = { code: "upstream_unavailable", message: "The upstream did not answer in time." } as const;

enter(5, solvedIn(4_000), 30);
enter(5, solvedIn(10_000), 1, 20);
enter(5, failedRecord(acme), 5);
enter(5, failedRecord({ ...shop, error: away, submissions: 2 }), 10);
enter(5, canceledRecord(shop), 5);
enter(5, readyRecord({ mode: "test" }), 7);
enter(45, solvedIn(4_000), 8);
enter(45, failedRecord({ ...acme, error: { code: "timeout", message: "" } }), 2);
enter(24 * 60 + 5, solvedIn(4_000), 3);
enter(40 * 24 * 60, solvedIn(4_000), 99);

let dataset: ReturnType<typeof openDataset>;
beforeAll(() => {
  dataset = openDataset("solvegate_tasks", points, NOW);
});
afterAll(() => dataset.close());

/** The page's queries, by their headings. */
const queries = new Map(
  [...PAGE.matchAll(/^### (.+)\n(?:(?!^#)[^\n]*\n)*?```sql\n([\s\S]*?)^```/gm)].map(
    ([, heading = "", sql = ""]) => [heading, sql] as const,
  ),
);

const EXPECTED: Readonly<Record<string, readonly Record<string, unknown>[]>> = {
  "Success by hour": [
    { hour: HOUR - 3_600, finished: 10, solved: 8, success: 0.8 },
    { hour: HOUR, finished: 70, solved: 50, success: 50 / 65 },
  ],
  "Failures by code": [
    { code: "upstream_unavailable", failures: 10 },
    { code: "unsolvable", failures: 5 },
    { code: "timeout", failures: 2 },
  ],
  // The one row of ten seconds stands for twenty tasks: it is the 95th of a hundred, and not the median.
  "Solve time and lag": [{ tenant: "acme", solved: 58, solve_p50_ms: 4_000, solve_p95_ms: 10_000, lag_p95_ms: 2_000 }],
  "Alert: success": [{ mode: "live", finished: 65, success: 50 / 65 }],
  "Alert: upstream away": [{ mode: "live", finished: 70, away: 10 / 70 }],
  "Alert: silence": [{ finished: 70, yesterday: 3 }],
  "Alert: paid twice": [{ tenant: "shop", finished: 15, resubmitted: 10 }],
  "Who sends most": [
    { tenant: "acme", mode: "live", finished: 55 },
    { tenant: "shop", mode: "live", finished: 15 },
    { tenant: "acme", mode: "test", finished: 7 },
  ],
};

describe("the queries", () => {
  it("are all tried, and every one that is tried is there", () => {
    const drives = "What drives the bill";
    expect([...queries.keys()].sort()).toEqual([...Object.keys(EXPECTED), drives].sort());
    expect(PAGE.match(/```sql/g)).toHaveLength(queries.size);
  });

  it.each(Object.keys(EXPECTED))("%s", (heading) => {
    expect(dataset.query(queries.get(heading) ?? "")).toEqual(EXPECTED[heading]);
  });

  it("What drives the bill", () => {
    const rows = dataset.query(queries.get("What drives the bill") ?? "");
    // Three polls a task of these builders, but none older than a month.
    expect(rows.map(({ tenant, tasks, polls }) => [tenant, tasks, polls])).toEqual([
      ["acme", 75, 225],
      ["shop", 15, 30],
    ]);
  });

  it("are quiet where all is well", () => {
    const well = openDataset(
      "solvegate_tasks",
      points.filter(({ point }) => point.blobs[0] === "ready"),
      NOW,
    );
    for (const heading of ["Alert: success", "Alert: upstream away", "Alert: paid twice"]) {
      expect([heading, well.query(queries.get(heading) ?? "")]).toEqual([heading, []]);
    }
    well.close();
    const silent = openDataset("solvegate_tasks", [], NOW);
    expect(silent.query(queries.get("Alert: silence") ?? "")).toEqual([{ finished: 0, yesterday: 0 }]);
    silent.close();
  });

  it("may use nothing that Analytics Engine does not document", () => {
    expect(() => dataset.query("SELECT strftime('%s') FROM solvegate_tasks")).toThrow("strftime");
    expect(() => dataset.query("SELECT a.index1 FROM solvegate_tasks a JOIN solvegate_tasks b")).toThrow("grammar");
  });
});

describe("the table of log lines", () => {
  /** Every event that the code logs, with its levels: `event: level, level`. */
  function written(): string[] {
    const files = readdirSync(join(PROJECT, "src"), { recursive: true, encoding: "utf8" });
    const levels = new Map<string, string[]>();
    for (const file of files.filter((name) => /\.tsx?$/.test(name) && name !== "log.ts")) {
      const source = readFileSync(join(PROJECT, "src", file), "utf8");
      for (const [, level = "", event = ""] of source.matchAll(/\blog\(\s*([^;{]*?),\s*"(\w+)",/g)) {
        // A level that is looked up in a table can be any level of that table.
        const table = /^(\w+)\[/.exec(level)?.[1];
        const text = table === undefined ? level : (source.split(`const ${table}`)[1]?.split(";")[0] ?? "");
        levels.set(event, [...(levels.get(event) ?? []), ...levelsIn(text)]);
      }
    }
    return [...levels]
      .map(([event, all]) => `${event}: ${LEVELS.filter((one) => all.includes(one)).join(", ")}`)
      .sort();
  }
  const LEVELS = ["info", "warn", "error"];
  const levelsIn = (text: string) => LEVELS.filter((level) => new RegExp(`\\b${level}"?(?![\\w?.])`).test(text));

  it("has every line that the code writes, with its level, and no other", () => {
    const table = PAGE.slice(PAGE.indexOf("## The log's lines")).split("\n## ")[0] ?? "";
    const listed = [...table.matchAll(/^\| `(\w+)` \| ([\w, ]+) \|/gm)].map(
      ([, event, levels]) => `${event}: ${levels}`,
    );
    expect(listed.length).toBeGreaterThan(10);
    expect(listed.sort()).toEqual(written());
  });

  it("is preceded by a table of every operator alert", () => {
    const kinds = readFileSync(join(PROJECT, "src/alerts/alerts.ts"), "utf8").matchAll(
      /type: z\.literal\("([\w.]+)"\)/g,
    );
    const alerts = PAGE.slice(PAGE.indexOf("## Alerts")).split("\n## ")[0] ?? "";
    const listed = [...alerts.matchAll(/^\| `(\w+\.\w+)` \|/gm)].map(([, kind]) => kind);
    expect(listed.sort()).toEqual([...kinds].map(([, kind]) => kind).sort());
  });

  it("knows every line that an alert names", () => {
    const alerts = PAGE.slice(PAGE.indexOf("## Alerts")).split("\n## ")[0] ?? "";
    const cells = [...alerts.matchAll(/^\| log: (.*?) \|/gm)].map(([, cell = ""]) => cell);
    const named = cells.flatMap((cell) => [...cell.matchAll(/`[a-z]+_[a-z_]+`/g)].map(String));
    expect(named.length).toBeGreaterThan(5);
    const events = written().map((line) => `\`${line.split(":")[0]}\``);
    expect(events).toEqual(expect.arrayContaining(named.filter((name) => name !== "`website_not_allowed`")));
  });
});

it("names no file and no section that is not there", () => {
  const files = [...PAGE.matchAll(/`((?:src|test|scripts)\/[\w./-]+)`/g)].map(([, file = ""]) => file);
  expect(files.length).toBeGreaterThan(2);
  for (const file of files) expect(() => readFileSync(join(PROJECT, file))).not.toThrow();
  const anchors = [...PAGE.matchAll(/^#+ (.+)$/gm)].map(([, text = ""]) => text.toLowerCase().replaceAll(" ", "-"));
  for (const [, anchor] of PAGE.matchAll(/\]\(#([\w-]+)\)/g)) expect(anchors).toContain(anchor);
});
