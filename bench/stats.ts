// The few statistics that the bench needs. PURE.

/** The value below which `share` (0 to 1) of the values lie: the nearest rank. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.min(Math.max(Math.ceil(share * sorted.length), 1), sorted.length);
  return sorted[rank - 1] ?? Number.NaN;
}

/** The middle value; of an even number, the mean of the two in the middle. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return (lower + upper) / 2;
}

/** The median of the rounds, with their least and greatest. */
export interface Rounds {
  readonly median: number;
  readonly least: number;
  readonly greatest: number;
}

/** Sums up one number a round. */
export function summarise(rounds: readonly number[]): Rounds {
  return { median: median(rounds), least: Math.min(...rounds), greatest: Math.max(...rounds) };
}

/** The slope of the straight line through points, by least squares; 0 for fewer than two. */
export function slopeOf(points: readonly (readonly [number, number])[]): number {
  const mean = (place: 0 | 1) => points.reduce((sum, point) => sum + point[place], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const spread = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  const together = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return points.length < 2 || spread === 0 ? 0 : together / spread;
}
