// The axis of a timeline: a time span on a width, with round steps that fit. Pure.

/** Round steps (ms). */
const STEPS_MS = [
  10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000,
  1_800_000, 3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000, 172_800_000, 432_000_000,
  864_000_000,
] as const;

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Least distance of two labels (px): `12 min` and some space. */
const LABEL_PX = 64;

interface Tick {
  readonly x: number;
  readonly label: string;
}

/** A linear scale. */
export interface Axis {
  readonly from: number;
  readonly to: number;
  readonly width: number;
  readonly ticks: readonly Tick[];
}

/** The axis from `from` to `to` (ms since the epoch) on `width` px; ticks count from `from`. */
export function axisOf(from: number, to: number, width: number): Axis {
  const spanMs = Math.max(to - from, 1);
  const most = Math.max(Math.floor(width / LABEL_PX), 1);
  const stepMs = STEPS_MS.find((step) => spanMs / step <= most) ?? spanMs;
  const ticks: Tick[] = [];
  for (let ms = 0; ms <= spanMs; ms += stepMs) ticks.push({ x: (ms / spanMs) * width, label: tickLabel(ms, stepMs) });
  return { from, to: from + spanMs, width, ticks };
}

/** The position of a time (px), clamped to the axis. */
export function xOf(axis: Axis, at: number): number {
  const share = (at - axis.from) / (axis.to - axis.from);
  return Math.min(Math.max(share, 0), 1) * axis.width;
}

function tickLabel(ms: number, stepMs: number): string {
  if (ms === 0) return "0";
  if (stepMs < 100) return `${ms} ms`;
  if (stepMs < SECOND_MS) return `${(ms / SECOND_MS).toFixed(1)} s`;
  if (stepMs < MINUTE_MS) return `${ms / SECOND_MS} s`;
  if (stepMs < HOUR_MS) return `${ms / MINUTE_MS} min`;
  if (stepMs < DAY_MS) return `${ms / HOUR_MS} h`;
  return `${Math.round(ms / DAY_MS)} d`;
}
