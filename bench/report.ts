// The bench's results: each figure beside its target, as a table and as a file.

import { writeFileSync } from "node:fs";

export interface Figure {
  readonly name: string;
  readonly unit: "ratio" | "ms" | "KiB" | "rows" | "$" | "count" | "calls";
  readonly value: number;
  /** The smallest and the greatest of several rounds. */
  readonly spread?: readonly [number, number];
  /** A figure without a target is for diagnosis. */
  readonly target?: { readonly side: "at least" | "at most"; readonly bound: number };
  /** The values from which the figure was computed, named with their units. */
  readonly parts?: Readonly<Record<string, number | readonly number[]>>;
}

/** Decimal places by unit. */
const DIGITS: Readonly<Record<Figure["unit"], number>> = {
  ratio: 2,
  ms: 1,
  KiB: 1,
  rows: 0,
  $: 2,
  count: 0,
  calls: 2,
};

export function verdict({ value, target }: Figure): "PASS" | "MISS" | "" {
  if (target === undefined) return "";
  return (target.side === "at least" ? value >= target.bound : value <= target.bound) ? "PASS" : "MISS";
}

/** The figures as a text table. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const { name, unit, value, spread, target } = figure;
    const show = (number: number) => number.toFixed(DIGITS[unit]);
    const withUnit = (number: number) => {
      if (unit === "ratio" || unit === "count") return show(number);
      return unit === "$" ? `$${show(number)}` : `${show(number)} ${unit}`;
    };
    return [
      name,
      withUnit(value),
      spread === undefined ? "" : `${show(spread[0])}–${show(spread[1])}`,
      target === undefined ? "" : `${target.side === "at least" ? "≥" : "≤"} ${withUnit(target.bound)}`,
      verdict(figure),
    ];
  });
  const all = [["figure", "value", "spread", "target", ""], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
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
