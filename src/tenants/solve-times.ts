// What is believed about upstream's solve times, learned from what polls tell: a time lies between two polls. PURE: reads no
// clock and no randomness. Refuses to take a poll's moment for a solve time: a late first poll would then prove itself right.

/** When a solution was found, in ms from createTask's answer. */
export interface SolveSample {
  /** When the last poll left that was answered with `processing`; 0 where the first poll found the solution. */
  readonly afterMs: number;
  /** When the answer came that bore the solution. */
  readonly byMs: number;
}

/** Bins in one interval of polls: finer than the wobble of an exchange means nothing. */
const BINS_PER_INTERVAL = 16;

/** Passes over the samples that bring a belief from nothing close to what they say. */
const MOST_PASSES = 80;

/** Belief that returns to every bin at each update: what was held impossible can be learned again. */
const DOUBT = 0.000_5;

/** How far each update evens the belief out. Samples that leave it open would draw it into spikes, which promise too much. */
const EVENING = 0.5;

/** Where evening cuts the belief: eighths of its mass, and finer at both ends, for the first poll is about the lower one. */
const SHARES = [1 / 32, 1 / 16, 1 / 8, 1 / 4, 3 / 8, 1 / 2, 5 / 8, 3 / 4, 7 / 8, 15 / 16, 31 / 32] as const;

/** A bin that holds less at an end is DOUBT, and no solve time. */
const NEGLIGIBLE = 0.000_1;

/** Whether a sample can be true: finite, not negative, and in order. */
export function isPlausible({ afterMs, byMs }: SolveSample): boolean {
  return Number.isFinite(byMs) && afterMs >= 0 && byMs > afterMs;
}

/**
 * How long (ms) an exchange takes, from the width of the samples: one interval, and an exchange at each end. The median, as
 * a fault between two polls widens one. 0 where nothing tells.
 */
export function exchangeMs(samples: readonly SolveSample[], intervalMs: number): number {
  const widths = new Float64Array(samples.length);
  let known = 0;
  for (const { afterMs, byMs } of samples) {
    if (afterMs > 0) widths[known++] = byMs - afterMs;
  }
  const median = widths.subarray(0, known).sort()[known >> 1] ?? intervalMs;
  return Math.min(Math.max((median - intervalMs) / 2, 0), intervalMs);
}

/** Solve times as equal bins from 0, with the share of tasks in each; the last bin holds whatever is later. */
export class SolveTimes {
  /** Width (ms) of a bin. */
  readonly binMs: number;
  /** Times (ms) up to here are told apart. */
  readonly rangeMs: number;
  #belief: Float64Array;
  #fresh = true;
  /** Of the evened belief: the share of tasks solved by the start of each bin, and its integral in ms. */
  readonly #solved: Float64Array;
  readonly #solvedIntegral: Float64Array;

  constructor(intervalMs: number, leastRangeMs: number) {
    this.binMs = intervalMs / BINS_PER_INTERVAL;
    const bins = Math.ceil(leastRangeMs / this.binMs);
    this.rangeMs = bins * this.binMs;
    this.#belief = new Float64Array(bins + 1).fill(1 / (bins + 1));
    this.#solved = new Float64Array(bins + 1);
    this.#solvedIntegral = new Float64Array(bins + 1);
  }

  /**
   * Brings the belief nearer to the samples: expectation maximisation for times of which only bounds are known (Turnbull,
   * J. R. Stat. Soc. B 38, 1976). It goes on from the belief as it is, so what these samples leave open stays as older ones
   * had it.
   * @param exchange what `exchangeMs` says: upstream looks in the middle of an exchange
   * @param fresh samples that came since the last call: a pass for each
   */
  learn(samples: readonly SolveSample[], exchange: number, fresh: number): void {
    const intervals = this.#intervals(samples, exchange);
    const belief = this.#belief.map((share, _bin, { length }) => (1 - DOUBT) * share + DOUBT / length);
    const passes = this.#fresh ? MOST_PASSES : Math.min(fresh, MOST_PASSES);
    for (let pass = 0; pass < passes; pass += 1) passOver(belief, intervals);
    const even = evened(belief);
    this.#belief = belief.map((share, bin) => (1 - EVENING) * share + EVENING * (even[bin] ?? 0));
    this.#fresh = false;
    this.#accumulate(even);
  }

  /** The share of tasks solved by a time (ms); inside a bin, linear. */
  solvedBy(ms: number): number {
    if (ms <= 0) return 0;
    const place = Math.min(ms, this.rangeMs) / this.binMs;
    const bin = Math.floor(place);
    const before = this.#solved[bin] ?? 0;
    return before + (place - bin) * ((this.#solved[bin + 1] ?? before) - before);
  }

  /** The integral (ms) of `solvedBy` from 0 to a time (ms): the mean time for which solutions have existed by then. */
  existedMs(ms: number): number {
    if (ms <= 0) return 0;
    const solved = this.solvedBy(ms);
    if (ms > this.rangeMs) return (this.#solvedIntegral.at(-1) ?? 0) + (ms - this.rangeMs) * solved;
    const bin = Math.floor(ms / this.binMs);
    return (this.#solvedIntegral[bin] ?? 0) + ((ms - bin * this.binMs) * ((this.#solved[bin] ?? 0) + solved)) / 2;
  }

  #accumulate(even: Float64Array): void {
    for (let bin = 1; bin < this.#solved.length; bin += 1) {
      const before = this.#solved[bin - 1] ?? 0;
      const after = before + (even[bin - 1] ?? 0);
      this.#solved[bin] = after;
      this.#solvedIntegral[bin] = (this.#solvedIntegral[bin - 1] ?? 0) + (this.binMs * (before + after)) / 2;
    }
  }

  /** The samples as ranges of bins, equal ones counted together, in an order that does not depend on theirs. */
  #intervals(samples: readonly SolveSample[], exchange: number): Interval[] {
    const last = this.#belief.length - 1;
    const codes = new Float64Array(samples.length);
    for (const [index, { afterMs, byMs }] of samples.entries()) {
      const from = Math.min(Math.round((afterMs > 0 ? afterMs + exchange / 2 : 0) / this.binMs), last);
      const end = Math.max(Math.round((byMs - exchange / 2) / this.binMs), from + 1);
      codes[index] = from * (last + 2) + (byMs > this.rangeMs ? last + 1 : Math.min(end, last + 1));
    }
    const intervals: Interval[] = [];
    const each = 1 / samples.length;
    let before = Number.NaN;
    for (const code of codes.sort()) {
      const same = code === before ? intervals.at(-1) : undefined;
      if (same !== undefined) same.share += each;
      else intervals.push({ from: Math.floor(code / (last + 2)), end: code % (last + 2), share: each });
      before = code;
    }
    return intervals;
  }
}

/** A range of bins, its end not included, and the share of the samples that name it. */
interface Interval {
  readonly from: number;
  readonly end: number;
  share: number;
}

/** One pass: each sample is handed to the bins of its range by what is believed of them. By running sums, so it costs bins plus ranges. */
function passOver(belief: Float64Array, intervals: readonly Interval[]): void {
  const until = new Float64Array(belief.length + 1);
  for (let bin = 0; bin < belief.length; bin += 1) until[bin + 1] = (until[bin] ?? 0) + (belief[bin] ?? 0);
  const steps = new Float64Array(belief.length + 1);
  for (const { from, end, share } of intervals) {
    const held = (until[end] ?? 0) - (until[from] ?? 0);
    if (held <= Number.EPSILON) continue;
    steps[from] = (steps[from] ?? 0) + share / held;
    steps[end] = (steps[end] ?? 0) - share / held;
  }
  let weight = 0;
  let total = 0;
  for (let bin = 0; bin < belief.length; bin += 1) {
    weight += steps[bin] ?? 0;
    // Rounding may leave a trace below 0 where no range reaches.
    belief[bin] = (belief[bin] ?? 0) * Math.max(weight, 0);
    total += belief[bin] ?? 0;
  }
  for (let bin = 0; bin < belief.length; bin += 1) belief[bin] = (belief[bin] ?? 0) / total;
}

/** The belief with each of its SHARES spread evenly over the time that it spans. The last bin, which is no time, stays. */
function evened(belief: Float64Array): Float64Array {
  const last = belief.length - 1;
  const even = new Float64Array(belief.length);
  even[last] = belief[last] ?? 0;
  const counts = (bin: number): boolean => (belief[bin] ?? 0) >= NEGLIGIBLE;
  let first = 0;
  while (first < last && !counts(first)) first += 1;
  let end = last;
  while (end > first && !counts(end - 1)) end -= 1;
  const mass = 1 - (even[last] ?? 0);
  let begun = first;
  let spread = 0;
  /** Lays the mass up to `share` over the bins from `begun` to `place`, which may lie inside one. */
  const lay = (place: number, share: number): void => {
    const density = ((share - spread) * mass) / Math.max(place - begun, Number.EPSILON);
    for (let bin = Math.floor(begun); bin < Math.min(place, last); bin += 1) {
      const width = Math.min(place, bin + 1) - Math.max(begun, bin);
      even[bin] = (even[bin] ?? 0) + width * density;
    }
    begun = place;
    spread = share;
  };
  let sum = 0;
  let next = 0;
  for (let bin = first; bin < end; bin += 1) {
    const held = belief[bin] ?? 0;
    for (let share = SHARES[next]; share !== undefined && sum + held >= share * mass; share = SHARES[next]) {
      if (held > 0) lay(bin + Math.max(share * mass - sum, 0) / held, share);
      next += 1;
    }
    sum += held;
  }
  if (end > first) lay(end, 1);
  return even;
}
