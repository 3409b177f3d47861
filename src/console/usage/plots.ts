// Plots of figures by day, drawn by uPlot on a canvas. Loaded when a plot is first shown. A canvas is not accessible, so views give the
// same numbers as a table.

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { shortDay } from "../ui/formats.ts";

/** One value for each day. */
interface PlotSeries {
  readonly values: readonly (number | null)[];
  /** A custom property of the style sheet, such as `--draw-good`. */
  readonly color: string;
}

/** A plot. Stacked bars are given from the highest stack to the lowest, each with the sum of what is below it. */
export interface PlotSpec {
  readonly shape: "bars" | "lines";
  /** UTC days, `2026-11-23`. */
  readonly days: readonly string[];
  readonly series: readonly PlotSeries[];
  /** The end of the vertical axis for the greatest value. */
  top(max: number): number;
  /** A label of the vertical axis; empty for none. */
  format(value: number): string;
}

export interface Plot {
  resize(width: number): void;
  destroy(): void;
}

const HEIGHT = 200;
const DAY_S = 86_400;
/** Width (px) that the label of a day needs. */
const DAY_LABEL_PX = 72;

/**
 * Draws a plot into an element, in the colors of the current scheme.
 * @param onDay called with the index of the day under the pointer, or null
 */
export function drawPlot(
  spec: PlotSpec,
  element: HTMLElement,
  width: number,
  onDay: (index: number | null) => void,
): Plot {
  const style = getComputedStyle(element);
  // A custom property can hold `light-dark()`, which a canvas does not parse; a computed color is plain.
  const color = (name: string) => {
    element.style.color = `var(${name})`;
    return style.color;
  };
  const xs = spec.days.map((day) => Date.parse(day) / 1_000);
  const axis = {
    stroke: color("--muted"),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: color("--line"), width: 1 },
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
        // Half a day on each side, so that a bar is centered on its day.
        x: { time: true, range: (_plot, min, max) => [min - DAY_S / 2, max + DAY_S / 2] },
        y: { range: (_plot, _min, max) => [0, spec.top(max ?? 0)] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 28,
          splits: (self) => daySplits(xs, self.bbox.width / devicePixelRatio),
          values: (_plot, splits) => splits.map((at) => shortDay(new Date(at * 1_000).toISOString().slice(0, 10))),
        },
        { ...axis, size: 56, space: 36, values: (_plot, splits) => splits.map((value) => spec.format(value)) },
      ],
      series: [{}, ...spec.series.map((one) => seriesOf(spec.shape, color(one.color)))],
      hooks: { setCursor: [(self) => onDay(self.cursor.idx ?? null)] },
    },
    [xs, ...spec.series.map(({ values }) => values)] as uPlot.AlignedData,
    element,
  );
  return { resize: (next) => plot.setSize({ width: next, height: HEIGHT }), destroy: () => plot.destroy() };
}

/** Whole days, as many as have room for their labels. The last day always has one. */
function daySplits(xs: readonly number[], width: number): number[] {
  const most = Math.max(Math.floor(width / DAY_LABEL_PX), 1);
  const step = Math.ceil(xs.length / most);
  return xs.filter((_x, index) => (xs.length - 1 - index) % step === 0);
}

function seriesOf(shape: PlotSpec["shape"], color: string): uPlot.Series {
  if (shape === "lines") {
    // With points: a day between two without values has no line.
    return { stroke: color, width: 2, spanGaps: false, points: { show: true, size: 6, fill: color, stroke: color } };
  }
  const bars = uPlot.paths.bars?.({ size: [0.7, 24] });
  return { fill: color, width: 0, points: { show: false }, ...(bars === undefined ? {} : { paths: bars }) };
}
