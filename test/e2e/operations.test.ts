// OPERATIONS.md agrees with the code: the columns of its queries, the tables of log lines and alerts, the files and sections it names.
// It needs no gateway. It is here because it reads files.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PROJECT } from "../../scripts/support/gateway-process.ts";
import { TASK_ERROR_CODES, TASK_STATUSES } from "../../src/tasks/status.ts";

const PAGE = readFileSync(join(PROJECT, "OPERATIONS.md"), "utf8");

/** Words of Analytics Engine's SQL: https://developers.cloudflare.com/analytics/analytics-engine/sql-reference/ */
const SQL_WORDS = `SELECT FROM WHERE GROUP ORDER BY HAVING LIMIT DESC AS AND INTERVAL MINUTE HOUR DAY
  SUM sumIf quantileExactWeighted toStartOfInterval NOW`.split(/\s+/);

/** Values of `blob1`, `blob2` and `blob3`. */
const VALUES: readonly string[] = [...TASK_STATUSES, ...TASK_ERROR_CODES, "live", "test"];

describe("the queries of OPERATIONS.md", () => {
  const section = PAGE.slice(PAGE.indexOf("## Queries")).split("\n## ")[0] ?? "";
  const columns = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, name = ""]) => name);
  const queries = [...PAGE.matchAll(/^### (.+)\n(?:(?!^#)[^\n]*\n)*?```sql\n([\s\S]*?)^```/gm)];

  it("are preceded by a table of the columns that a point fills", () => {
    const doubles = ["double1", "double2", "double3", "double4"];
    expect(columns).toEqual(["index1", "blob1", "blob2", "blob3", ...doubles, "_sample_interval"]);
  });

  it("each have a heading", () => {
    expect(queries.length).toBeGreaterThan(5);
    expect(PAGE.match(/```sql/g)).toHaveLength(queries.length);
  });

  it.each(queries.map(([, heading = "", sql = ""]) => ({ heading, sql })))(
    "name only documented columns, functions and values: $heading",
    ({ sql }) => {
      const aliases = [...sql.matchAll(/\bAS (\w+)/g)].map(([, alias = ""]) => alias);
      const known = [...SQL_WORDS, ...columns, "timestamp", "solvegate_tasks", ...aliases];
      const texts = [...sql.matchAll(/'([^']*)'/g)].map(([, text = ""]) => text);
      const words = sql.replaceAll(/'[^']*'/g, "").match(/[A-Za-z_]\w*/g) ?? [];
      expect(words.filter((word) => !known.includes(word))).toEqual([]);
      expect(texts.filter((text) => !/^\d+$/.test(text) && !VALUES.includes(text))).toEqual([]);
    },
  );
});

describe("the table of log lines in OPERATIONS.md", () => {
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

  it("has every line that the code writes, with its level, and no other line", () => {
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

  it("lists every line that an alert names", () => {
    const alerts = PAGE.slice(PAGE.indexOf("## Alerts")).split("\n## ")[0] ?? "";
    const cells = [...alerts.matchAll(/^\| log: (.*?) \|/gm)].map(([, cell = ""]) => cell);
    const named = cells.flatMap((cell) => [...cell.matchAll(/`[a-z]+_[a-z_]+`/g)].map(String));
    expect(named.length).toBeGreaterThan(5);
    const events = written().map((line) => `\`${line.split(":")[0]}\``);
    expect(events).toEqual(expect.arrayContaining(named.filter((name) => name !== "`website_not_allowed`")));
  });
});

it("OPERATIONS.md names only files and sections that exist", () => {
  const files = [...PAGE.matchAll(/`((?:src|test|scripts)\/[\w./-]+)`/g)].map(([, file = ""]) => file);
  expect(files.length).toBeGreaterThan(2);
  for (const file of files) expect(() => readFileSync(join(PROJECT, file))).not.toThrow();
  const anchors = [...PAGE.matchAll(/^#+ (.+)$/gm)].map(([, text = ""]) => text.toLowerCase().replaceAll(" ", "-"));
  for (const [, anchor] of PAGE.matchAll(/\]\(#([\w-]+)\)/g)) expect(anchors).toContain(anchor);
});
