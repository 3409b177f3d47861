// The plots of the overview, by uPlot. A chunk of its own: whoever looks at a task does not load it. Draws on a canvas, which no screen
// reader sees: the caller gives the same numbers as a table. Sets styles by script only, which the page's policy allows.

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { UsageDay } from "../api/answers.ts";
import { count, percent, shortDay } from "../ui/formats.ts";
import { failedOf, successRateOf } from "./usage-totals.ts";

export type PlotKind = "tasks" | "success" | "solve";

export interface Plot {
  resize(width: number): void;
  destroy(): void;
}

const HEIGHT = 200;
const DAY_S = 86_400;

type Row = readonly (number | null)[];
interface Drawing {
  readonly rows: readonly Row[];
  readonly series: uPlot.Series[];
  readonly range: (max: number) => [number, number];
  readonly format: (value: number) => string;
}

/** Draws one plot into an element. `onDay`: the day under the pointer, or null. Colours are read from the style sheet as they are now. */
export function drawPlot(
  kind: PlotKind,
  element: HTMLElement,
  days: readonly UsageDay[],
  width: number,
  onDay: (index: number | null) => void,
): Plot {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const { rows, series, range, format } = drawingOf(kind, days, colour);
  const xs = days.map(({ day }) => Date.parse(day) / 1_000);
  const axis = {
    stroke: colour("--muted"),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  const plot = new uPlot(
    {
      width,
      height: HEIGHT,
      padding: [8, 20, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: {
        // Half a day on each side: a bar stands on its day, not beside it.
        x: { time: true, range: (_plot, min, max) => [min - DAY_S / 2, max + DAY_S / 2] },
        y: { range: (_plot, _min, max) => range(max ?? 0) },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 28,
          // Whole days only, and no finer than there is room for.
          splits: (self) => daySplits(xs, self.bbox.width / devicePixelRatio),
          values: (_plot, splits) => splits.map((at) => shortDay(new Date(at * 1_000).toISOString().slice(0, 10))),
        },
        { ...axis, size: 56, space: 36, values: (_plot, splits) => splits.map((value) => format(value)) },
      ],
      series: [{}, ...series],
      hooks: { setCursor: [(self) => onDay(self.cursor.idx ?? null)] },
    },
    [xs, ...rows] as uPlot.AlignedData,
    element,
  );
  return { resize: (next) => plot.setSize({ width: next, height: HEIGHT }), destroy: () => plot.destroy() };
}

function daySplits(xs: readonly number[], width: number): number[] {
  const most = Math.max(Math.floor(width / 72), 1);
  const step = Math.ceil(xs.length / most);
  // Counted from the last day: today always has its label.
  return xs.filter((_x, index) => (xs.length - 1 - index) % step === 0);
}

function drawingOf(kind: PlotKind, days: readonly UsageDay[], colour: (name: string) => string): Drawing {
  switch (kind) {
    case "tasks": {
      const bars = uPlot.paths.bars?.({ size: [0.7, 24] });
      const bar = (fill: string): uPlot.Series => ({
        fill: colour(fill),
        width: 0,
        points: { show: false },
        ...(bars === undefined ? {} : { paths: bars }),
      });
      // Stacked: each covers the foot of the one before.
      return {
        rows: [
          days.map((day) => day.submitted),
          days.map((day) => day.ready + failedOf(day)),
          days.map((day) => day.ready),
        ],
        series: [bar("--draw-quiet"), bar("--draw-bad"), bar("--draw-good")],
        range: (max) => [0, Math.max(Math.ceil(max * 1.1), 4)],
        format: (value) => (Number.isInteger(value) ? count(value) : ""),
      };
    }
    case "success":
      return {
        rows: [days.map((day) => successRateOf(day.ready, failedOf(day)))],
        series: [line(colour("--draw-good"))],
        range: () => [0, 1.04],
        format: (value) => (value <= 1 ? percent(value) : ""),
      };
    case "solve":
      return {
        rows: [days.map((day) => day.solveMs.p50), days.map((day) => day.solveMs.p95)],
        series: [line(colour("--draw-busy")), line(colour("--draw-aging"))],
        range: (max) => [0, Math.max(max * 1.1, 1_000)],
        format: (value) => `${value / 1_000} s`,
      };
  }
}

/** A line with its points: a day between two empty ones has no line to either. */
function line(stroke: string): uPlot.Series {
  return { stroke, width: 2, spanGaps: false, points: { show: true, size: 6, fill: stroke, stroke } };
}
