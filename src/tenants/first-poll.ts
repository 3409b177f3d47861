// How long to wait before a task's first poll, learned from a tenant's last solve times: fewer polls, and results no later than
// with polls at 3, 6, 9 … s. PURE: reads no clock, and randomness is a parameter. Decides nothing but the first poll: every
// later one keeps the cadence, and the caller sees to the task's deadline.

import type { SolveSample } from "./solve-times.ts";
import { exchangeMs, isPlausible, SolveTimes } from "./solve-times.ts";

/** Solve times that count: enough to see a distribution, few enough to follow a change. */
export const MOST_SAMPLES = 256;

/** Under so many, the first poll keeps the cadence: the earliest to come back are the quick ones, and mislead. */
export const LEAST_SAMPLES = 32;

/**
 * No first poll is put off longer (ms) than this: a solution's life is counted from the last moment at which it was known not
 * to exist, and half of the 60 s in which it is best used must be left.
 */
export const MOST_DELAY_MS = 30_000;

/** What a poll may cost in lag (ms): the exchange rate between the two. */
const POLL_WORTH_MS = 250;

/** Samples between two choices. */
const SAMPLES_PER_CHOICE = 8;

/** Tasks that are polled earlier than advised, as a share: only they can tell that solutions come earlier than believed. */
const EXPLORING = 0.1;

/** How far before the advised poll, in steps of the cadence, exploring goes, and in how many parts. */
const EXPLORED_STEPS = 2;
const EXPLORED_PARTS = 16;

/** Lag beside the cadence's that exploring may cost where it goes. */
const EXPLORING_LAG = 1.02;

/**
 * A first poll on one of the cadence's own costs lag by what it leaves out and by nothing else, and samples tell that well: so
 * much is what the belief itself keeps back for the unexpected.
 */
const ON_CADENCE_LAG = 1.01;

/** A choice: the delay (ms), by how much it is spread, and the starts (ms) of the parts that may be explored, each `partMs` wide. */
interface Choice {
  readonly delayMs: number;
  readonly spreadMs: number;
  readonly capMs: number;
  readonly explored: readonly number[];
  readonly partMs: number;
}

/** What one schedule is believed to bring: mean lag (ms) and polls of a task. */
interface Prospect {
  readonly lagMs: number;
  readonly polls: number;
}

/** Advises a tenant's tasks, from the solve times of its last ones. */
export class FirstPollAdvisor {
  readonly #intervalMs: number;
  readonly #firstMs: number;
  readonly #times: SolveTimes;
  readonly #samples: SolveSample[] = [];
  #noted = 0;
  #fresh = 0;
  #choice: Choice | null = null;

  /**
   * @param pollIntervalMs the cadence
   * @param samples what is known already, oldest first
   * @param firstMs the first poll without advice: no advice is under it, and its lag is the measure
   */
  constructor(pollIntervalMs: number, samples: Iterable<SolveSample> = [], firstMs: number = pollIntervalMs) {
    this.#intervalMs = pollIntervalMs;
    this.#firstMs = firstMs;
    // Beyond the latest first poll, as far as a few later ones of it differ.
    this.#times = new SolveTimes(pollIntervalMs, Math.max(firstMs, MOST_DELAY_MS) + 4 * pollIntervalMs);
    for (const sample of samples) this.note(sample);
  }

  /** Takes in a solved task; one that can't be true is ignored. Tasks that failed or ran out of time are none. */
  note(sample: SolveSample): void {
    if (!isPlausible(sample)) return;
    this.#samples[this.#noted % MOST_SAMPLES] = sample;
    this.#noted += 1;
    this.#fresh += 1;
  }

  /**
   * The delay (whole ms) from createTask's answer to the first poll: from the one without advice to MOST_DELAY_MS, and never
   * beyond the latest solution that was seen.
   * @param random from 0 to under 1, another for each task: it says which tasks explore, and where
   */
  advise(random: number): number {
    if (this.#samples.length < LEAST_SAMPLES) return this.#firstMs;
    if (this.#choice === null || this.#fresh >= SAMPLES_PER_CHOICE) this.#choose();
    const { delayMs, spreadMs, capMs, explored, partMs } = this.#choice ?? this.#cadence();
    const within = random < EXPLORING ? random / EXPLORING : (random - EXPLORING) / (1 - EXPLORING);
    const place = within * explored.length;
    const part = explored[Math.floor(place)];
    const exploredMs = part === undefined ? this.#firstMs : part + (place % 1) * partMs;
    const ms = random < EXPLORING ? exploredMs : delayMs + (within - 0.5) * spreadMs;
    return Math.round(Math.min(Math.max(ms, this.#firstMs), capMs));
  }

  #cadence(): Choice {
    return { delayMs: this.#firstMs, spreadMs: 0, capMs: this.#firstMs, explored: [], partMs: 0 };
  }

  #choose(): void {
    const exchange = exchangeMs(this.#samples, this.#intervalMs);
    this.#times.learn(this.#samples, exchange, this.#fresh);
    this.#fresh = 0;
    const latestMs = this.#samples.reduce((latest, { byMs }) => Math.max(latest, byMs), 0);
    const capMs = Math.max(this.#firstMs, Math.min(MOST_DELAY_MS, latestMs));
    this.#choice = choose(new Outlook(this.#times, this.#intervalMs, exchange), this.#firstMs, capMs);
  }
}

/** What first polls would bring if solve times are as believed. */
class Outlook {
  readonly #times: SolveTimes;
  readonly #exchangeMs: number;
  readonly binMs: number;
  /** From one poll to the next (ms): the answer, then the interval. */
  readonly stepMs: number;

  constructor(times: SolveTimes, intervalMs: number, exchange: number) {
    this.#times = times;
    this.#exchangeMs = exchange;
    this.binMs = times.binMs;
    this.stepMs = intervalMs + exchange;
  }

  /** Mean lag and polls with the first poll at `delayMs`. */
  of(delayMs: number): Prospect {
    const { rangeMs } = this.#times;
    const half = this.#exchangeMs / 2;
    const known = this.#times.solvedBy(rangeMs);
    let seen = 0;
    let lagMs = 0;
    let polls = 0;
    let lookedMs = 0;
    let existedMs = 0;
    for (
      let poll = 1, leavesMs = delayMs;
      lookedMs < rangeMs && known - seen > 1e-9;
      poll += 1, leavesMs += this.stepMs
    ) {
      const looksMs = Math.min(leavesMs + half, rangeMs);
      const found = this.#times.solvedBy(looksMs);
      // Between two looks solutions wait for as long as they existed, and those that were found before no longer count.
      const existsMs = this.#times.existedMs(looksMs);
      lagMs += existsMs - existedMs - seen * (looksMs - lookedMs) + (found - seen) * (leavesMs + half - looksMs + half);
      polls += poll * (found - seen);
      seen = found;
      lookedMs = looksMs;
      existedMs = existsMs;
    }
    // Of later ones nothing is told apart: no start suits them better than another.
    const late = 1 - known;
    return {
      lagMs: lagMs + late * (this.stepMs / 2 + half),
      polls: polls + late * (1.5 + Math.max(rangeMs - delayMs, 0) / this.stepMs),
    };
  }

  /**
   * The lag (ms, but for a constant) read smoothly: as though polls after the first fell anywhere in the cadence, but for
   * how steeply solutions come at it (the first terms of the Euler–Maclaurin formula). It sees no gain in hitting a spike, and
   * so finds the gains that are only noise.
   */
  smoothLagMs(delayMs: number): number {
    const at = delayMs + this.#exchangeMs / 2;
    const half = this.stepMs / 2;
    const steep = this.#times.solvedBy(at + half) - this.#times.solvedBy(at - half);
    return this.#times.existedMs(at) - this.#times.solvedBy(at) * half + (steep * this.stepMs) / 12;
  }
}

/**
 * The delay that costs least in lag and polls together, of those whose lag is no worse than the cadence's: by both readings, but
 * for the cadence's own polls. The least of the sum alone would buy polls with lag.
 */
function choose(outlook: Outlook, firstMs: number, capMs: number): Choice {
  const cadence = outlook.of(firstMs);
  const smoothMs = outlook.smoothLagMs(firstMs);
  const worth = ({ lagMs, polls }: Prospect): number => lagMs + POLL_WORTH_MS * polls;
  let delayMs = firstMs;
  let spreadMs = 0;
  let least = worth(cadence);
  const consider = (ms: number, lagMost: number, spread: number): void => {
    const prospect = outlook.of(ms);
    if (worth(prospect) >= least || prospect.lagMs > lagMost * cadence.lagMs) return;
    least = worth(prospect);
    delayMs = ms;
    spreadMs = spread;
  };
  for (let ms = firstMs + outlook.binMs; ms <= capMs; ms += outlook.binMs) {
    // Spread over one bin, so that the samples tell what lies on both sides of the advised moment.
    if (outlook.smoothLagMs(ms) <= smoothMs) consider(ms, 1, outlook.binMs);
  }
  for (let ms = firstMs + outlook.stepMs; ms <= capMs; ms += outlook.stepMs) consider(ms, ON_CADENCE_LAG, 0);

  const from = Math.max(firstMs, delayMs - EXPLORED_STEPS * outlook.stepMs);
  const partMs = Math.max(outlook.stepMs, delayMs - from) / EXPLORED_PARTS;
  const parts = Array.from({ length: EXPLORED_PARTS }, (_, part) => from + part * partMs);
  const explored = parts.filter((ms) => outlook.of(ms + partMs / 2).lagMs <= EXPLORING_LAG * cadence.lagMs);
  return { delayMs, spreadMs, capMs, explored, partMs };
}
