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
