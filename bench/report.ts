// What the bench tells: each figure beside its target, as a table and as a file that says nothing of the machine's paths.

import { writeFileSync } from "node:fs";

/** One figure. */
export interface Figure {
  readonly name: string;
  readonly unit: "ratio" | "ms" | "KiB" | "rows" | "$" | "count";
  readonly value: number;
  /** The least and the greatest of the rounds; null where there is one value only. */
  readonly spread: readonly [number, number] | null;
  /** The bound, and the side on which the figure must lie; null for a figure that is told for comparison. */
  readonly target: { readonly side: "at least" | "at most"; readonly bound: number } | null;
  /** What the figure was made of, by name with unit: one number a round, or one in all. */
  readonly parts: Readonly<Record<string, number | readonly number[]>>;
}

/** Whether a figure reaches its target. */
export function verdict({ value, target }: Figure): "PASS" | "MISS" | "" {
  if (target === null) return "";
  const reached = target.side === "at least" ? value >= target.bound : value <= target.bound;
  return reached ? "PASS" : "MISS";
}

/** Digits that mean something. */
const DIGITS: Readonly<Record<Figure["unit"], number>> = { ratio: 2, ms: 1, KiB: 1, rows: 0, $: 2, count: 0 };

const shown = (value: number, unit: Figure["unit"]): string => value.toFixed(DIGITS[unit]);

function withUnit(value: number, unit: Figure["unit"]): string {
  if (unit === "ratio" || unit === "count") return shown(value, unit);
  return unit === "$" ? `$${shown(value, unit)}` : `${shown(value, unit)} ${unit}`;
}

/** The table as text. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const { name, unit, value, spread, target } = figure;
    return [
      name,
      withUnit(value, unit),
      spread === null ? "" : `${shown(spread[0], unit)}–${shown(spread[1], unit)}`,
      target === null ? "" : `${target.side === "at least" ? "≥" : "≤"} ${withUnit(target.bound, unit)}`,
      verdict(figure),
    ];
  });
  return columnsOf([["figure", "median", "spread", "target", ""], ...rows]);
}

/** Rows of cells as text, in columns as wide as they need. */
export function columnsOf(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Writes the figures, rounded to thousandths. */
export function writeResults(path: string, head: Readonly<Record<string, unknown>>, figures: readonly Figure[]): void {
  const round = (_key: string, value: unknown) =>
    typeof value === "number" ? Math.round(value * 1_000) / 1_000 : value;
  const results = { ...head, figures: figures.map((figure) => ({ ...figure, verdict: verdict(figure) || null })) };
  writeFileSync(path, `${JSON.stringify(results, round, 2)}\n`);
}
