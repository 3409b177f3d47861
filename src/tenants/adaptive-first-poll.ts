// Times the first poll of a task by the tenant's recent solve times, so that fewer polls find results no later than polls at 3, 6, 9 … s
// would. Pure. The method is explained in docs/adaptive-first-poll.md.

import { DOCUMENTED_POLL_MS } from "../poll-interval.ts";

/** When a solution was found, in ms after the response to createTask. */
export interface SolveSample {
  /** When the last poll that returned `processing` was sent. 0 if the first poll found the solution. */
  readonly afterMs: number;
  /** When the solution was received. */
  readonly byMs: number;
}

/** The number of recent samples: enough for a distribution, and few enough to follow changes. */
export const MAX_SAMPLES = 256;

/** The minimum number of samples. The first results are the fast ones, so few samples are biased. */
export const MIN_SAMPLES = 32;

/** The latest first poll (ms), so that at least half of a solution's best 60 s remain. */
export const MAX_DELAY_MS = 30_000;

/** The estimate is updated after this many new samples. */
const SAMPLES_PER_ESTIMATE = 8;

/** The lag (ms) that is acceptable to save one poll. */
const POLL_COST_MS = 250;

/** The tolerance for rounding when lags are compared. */
const LAG_TOLERANCE = 1.005;

/** Bins per step. A step is the time from one poll to the next: an interval and a request. */
const BINS_PER_STEP = 12;

/** Passes of expectation maximization, and the share of each estimate that is distributed evenly over all bins. */
const PASSES = 20;
const FLAT_PRIOR = 0.01;

/** One task in ten polls up to two intervals earlier, to detect that solving has become faster. */
const EXPLORING_SHARE = 0.1;
const EXPLORED_INTERVALS = 2;

/** Times the first polls of the tasks of a tenant and mode. */
export class AdaptiveFirstPoll {
  readonly #history: (limit: number) => SolveSample[];
  #samples: SolveSample[] | null = null;
  #recorded = 0;
  #estimatedAt = Number.NEGATIVE_INFINITY;
  #chosenMs = DOCUMENTED_POLL_MS;

  /** @param history reads the newest stored samples, oldest first. Called once, at the first call of `delayMs`. */
  constructor(history: (limit: number) => SolveSample[]) {
    this.#history = history;
  }

  /** Records a solved task. Invalid samples are ignored. */
  record({ afterMs, byMs }: SolveSample): void {
    if (this.#samples === null || !(afterMs >= 0 && byMs > afterMs && byMs < Number.POSITIVE_INFINITY)) return;
    this.#samples[this.#recorded % MAX_SAMPLES] = { afterMs, byMs };
    this.#recorded += 1;
  }

  /**
   * The delay (whole ms) from the response to createTask to the first poll. Undefined: the default of 3 s.
   * @param random 0 ≤ random < 1, different for each task
   */
  delayMs(intervalMs: number, random: number): number | undefined {
    if (this.#samples === null) {
      this.#samples = [];
      for (const sample of this.#history(MAX_SAMPLES)) this.record(sample);
    }
    if (this.#samples.length < MIN_SAMPLES) return undefined;
    if (this.#recorded - this.#estimatedAt >= SAMPLES_PER_ESTIMATE) {
      this.#chosenMs = chooseDelay(this.#samples, intervalMs);
      this.#estimatedAt = this.#recorded;
    }
    const exploring = random < EXPLORING_SHARE;
    const part = exploring ? -random / EXPLORING_SHARE : (random - EXPLORING_SHARE) / (1 - EXPLORING_SHARE) - 0.5;
    // Half a bin of dither, so that samples cover both sides of the chosen delay.
    const widthMs = intervalMs * (exploring ? EXPLORED_INTERVALS : 0.5 / BINS_PER_STEP);
    const delayMs = Math.round(Math.min(this.#chosenMs + part * widthMs, MAX_DELAY_MS));
    return this.#chosenMs > DOCUMENTED_POLL_MS && delayMs > DOCUMENTED_POLL_MS ? delayMs : undefined;
  }
}

/** The delay with the lowest cost of lag and polls, among those without more expected lag than the default first poll. */
function chooseDelay(samples: readonly SolveSample[], intervalMs: number): number {
  // A sample spans an interval and half a request at each end. The median is used, because failed polls widen some samples.
  const widths = samples.filter(({ afterMs }) => afterMs > 0).map(({ afterMs, byMs }) => byMs - afterMs);
  const medianMs = widths.toSorted((a, b) => a - b)[widths.length >> 1];
  if (medianMs === undefined) return DOCUMENTED_POLL_MS;
  const requestMs = Math.min(Math.max((medianMs - intervalMs) / 2, 0), intervalMs);
  const binMs = (intervalMs + requestMs) / BINS_PER_STEP;
  const latest = Math.floor((MAX_DELAY_MS - DOCUMENTED_POLL_MS) / binMs);
  const binAt = (ms: number) => Math.max(Math.round((ms - DOCUMENTED_POLL_MS) / binMs), 0);
  const last = latest + 4 * BINS_PER_STEP;
  // Weights of samples by their first and last possible bin. Most samples share a few ranges.
  const counts = new Map<number, number>();
  for (const { afterMs, byMs } of samples) {
    const end = Math.min(binAt(byMs - requestMs), last);
    const range = (afterMs > 0 ? Math.min(binAt(afterMs) + 1, end) : 0) * (last + 1) + end;
    counts.set(range, (counts.get(range) ?? 0) + 1 / samples.length);
  }
  const shares = estimateShares(counts, last);
  const standard = expectedCost(shares, 0, binMs);
  let best = { ...standard, delay: 0 };
  for (let delay = 1; delay <= latest; delay += 1) {
    const one = expectedCost(shares, delay, binMs);
    if (one.lagMs <= standard.lagMs * LAG_TOLERANCE && one.costMs < best.costMs) best = { ...one, delay };
  }
  return DOCUMENTED_POLL_MS + best.delay * binMs;
}

/** The share of tasks solved in each bin. Bin 0 covers everything before the default first poll, `last` everything after the range. */
function estimateShares(samples: ReadonlyMap<number, number>, last: number): Float64Array {
  let shares = new Float64Array(last + 1).fill(1 / (last + 1));
  for (let pass = 0; pass < PASSES; pass += 1) {
    const next = new Float64Array(last + 1).fill(FLAT_PRIOR / (last + 1));
    for (const [range, weight] of samples) {
      const first = Math.floor(range / (last + 1));
      const end = range % (last + 1);
      let total = 0;
      for (let bin = first; bin <= end; bin += 1) total += shares[bin] ?? 0;
      const scale = ((1 - FLAT_PRIOR) * weight) / total;
      for (let bin = first; bin <= end; bin += 1) next[bin] = (next[bin] ?? 0) + scale * (shares[bin] ?? 0);
    }
    shares = next;
  }
  // A moving average over three bins, because narrow peaks are artifacts of the sampling.
  const near = (bin: number) => shares.slice(Math.max(bin - 1, 1), Math.min(bin + 2, last));
  const mean = (some: Float64Array) => some.reduce((sum, share) => sum + share, 0) / some.length;
  return shares.map((share, bin) => (bin === 0 || bin === last ? share : mean(near(bin))));
}

/** The mean lag (ms), and its sum with the cost of polls, for a first poll `delay` bins after the default one. */
function expectedCost(shares: Float64Array, delay: number, binMs: number) {
  let lagMs = 0;
  let polls = 0;
  for (let bin = 0; bin < shares.length; bin += 1) {
    const share = shares[bin] ?? 0;
    const steps = Math.max((bin - delay) / BINS_PER_STEP, 0);
    // The distribution within the last bin is unknown, so it must not favor any delay.
    const later = bin === shares.length - 1 ? steps : Math.ceil(steps);
    lagMs += share * (delay + later * BINS_PER_STEP - bin + 0.5) * binMs;
    polls += share * (1 + later);
  }
  return { lagMs, costMs: lagMs + POLL_COST_MS * polls };
}
