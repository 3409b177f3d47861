/** The quantile of some values by nearest rank: a share (0 to 1) of them is at most as great. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(Math.max(Math.ceil(share * sorted.length), 1), sorted.length) - 1] ?? Number.NaN;
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The median of several rounds, with the smallest and the greatest value. */
export interface Summary {
  readonly median: number;
  readonly spread: readonly [number, number];
}

export function summarize(rounds: readonly number[]): Summary {
  const sorted = rounds.toSorted((a, b) => a - b);
  const middle = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return {
    median: mean(middle.map((value) => value ?? Number.NaN)),
    spread: [sorted[0] ?? Number.NaN, sorted.at(-1) ?? Number.NaN],
  };
}

/** The slope of the least squares line through some points, or 0 for fewer than two. */
export function slopeOf(points: readonly (readonly [number, number])[]): number {
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const together = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return points.length < 2 || spread === 0 ? 0 : together / spread;
}
