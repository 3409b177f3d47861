// Solve times as upstreams have them, in five families of several kinds each, and some that are out to mislead. PURE: draws come
// from the randomness that is handed in. None was chosen to suit the advice: their figures differ, and all are told.

/** Random numbers from 0 to under 1. */
export type Random = () => number;

/** A solve time (ms) of the `index`-th task. */
export type Draw = (random: Random, index: number) => number;

/** Draws by name; the name tells the parameters, in seconds. */
export type Draws = Readonly<Record<string, Draw>>;

/** The least solve time (ms): a bell curve knows none. */
const LEAST_MS = 50;

/** Repeatable random numbers: xorshift of 32 bits (Marsaglia, J. Stat. Softw. 8, 2003). */
export function seeded(seed: number): Random {
  let state = Math.imul(seed, 0x9e37_79b1) ^ 0x5bd1_e995 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  // Neighbouring seeds begin alike.
  for (let skipped = 0; skipped < 16; skipped += 1) next();
  return next;
}

/** A standard normal number (Box and Muller). */
const bell = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

const normal =
  (mean: number, deviation: number): Draw =>
  (random) =>
    Math.max(1_000 * (mean + deviation * bell(random)), LEAST_MS);

const lognormal =
  (median: number, sigma: number): Draw =>
  (random) =>
    Math.max(1_000 * median * Math.exp(sigma * bell(random)), LEAST_MS);

const pareto =
  (least: number, exponent: number): Draw =>
  (random) =>
    1_000 * least * (1 - random()) ** (-1 / exponent);

const uniform =
  (least: number, greatest: number): Draw =>
  (random) =>
    Math.max(1_000 * (least + (greatest - least) * random()), LEAST_MS);

/** The first with a share of the tasks, else the second. */
const mixed =
  (share: number, first: Draw, second: Draw): Draw =>
  (random, index) =>
    random() < share ? first(random, index) : second(random, index);

/** The first for so many tasks, then the second for as many, and again. */
const inTurns =
  (tasks: number, first: Draw, second: Draw): Draw =>
  (random, index) =>
    Math.floor(index / tasks) % 2 === 0 ? first(random, index) : second(random, index);

/** From one median (s) to another and back within `tasks` tasks. */
const drifting =
  (tasks: number, from: number, to: number, sigma: number): Draw =>
  (random, index) => {
    const there = 1 - Math.abs(((index % tasks) / tasks) * 2 - 1);
    return lognormal(from + (to - from) * there, sigma)(random, index);
  };

/** The families that the advice must serve. */
export const FAMILIES: Readonly<Record<"narrow" | "medium" | "long-tailed" | "bimodal" | "uniform", Draws>> = {
  narrow: {
    "normal 9 ± 0.6": normal(9, 0.6),
    "normal 5 ± 0.4": normal(5, 0.4),
    "normal 6 ± 0.3": normal(6, 0.3),
    "normal 7.6 ± 0.5": normal(7.6, 0.5),
    "normal 12 ± 1": normal(12, 1),
    "normal 14 ± 0.8": normal(14, 0.8),
    "normal 20 ± 1": normal(20, 1),
  },
  medium: {
    "lognormal 10, 0.35": lognormal(10, 0.35),
    "lognormal 7, 0.3": lognormal(7, 0.3),
    "lognormal 15, 0.35": lognormal(15, 0.35),
    "lognormal 10, 0.25": lognormal(10, 0.25),
    "normal 12 ± 3": normal(12, 3),
    "normal 8 ± 2": normal(8, 2),
  },
  "long-tailed": {
    "lognormal 9, 0.8": lognormal(9, 0.8),
    "lognormal 6, 0.7": lognormal(6, 0.7),
    "lognormal 12, 0.9": lognormal(12, 0.9),
    "lognormal 10, 0.6": lognormal(10, 0.6),
    "Pareto 4, 1.8": pareto(4, 1.8),
    "Pareto 8, 2.5": pareto(8, 2.5),
  },
  bimodal: {
    "60 % 5 ± 0.5, else 20 ± 1": mixed(0.6, normal(5, 0.5), normal(20, 1)),
    "30 % 4 ± 0.4, else 12 ± 1": mixed(0.3, normal(4, 0.4), normal(12, 1)),
    "50 % 8 ± 0.6, else 16 ± 1": mixed(0.5, normal(8, 0.6), normal(16, 1)),
    "90 % 6 ± 0.5, else 40 ± 3": mixed(0.9, normal(6, 0.5), normal(40, 3)),
    "5 % 4 ± 0.4, else 14 ± 1": mixed(0.05, normal(4, 0.4), normal(14, 1)),
  },
  uniform: {
    "2 to 30": uniform(2, 30),
    "5 to 15": uniform(5, 15),
    "0 to 20": uniform(0, 20),
    "8 to 40": uniform(8, 40),
    "3 to 12": uniform(3, 12),
  },
};

/** Upstreams that change, told apart from the families as a change costs what it costs once. */
export const CHANGING: Draws = {
  "12 ± 0.6 and 5 ± 0.4 in turns of 5,000": inTurns(5_000, normal(12, 0.6), normal(5, 0.4)),
  "lognormal 12 and 5, 0.35, in turns of 5,000": inTurns(5_000, lognormal(12, 0.35), lognormal(5, 0.35)),
  "lognormal drifting from 5 to 15 and back, 0.35": drifting(20_000, 5, 15, 0.35),
};

/**
 * Upstreams that are out to mislead. The first is ready just before the cadence's third poll, always: there is nothing to
 * gain in lag, and every look elsewhere loses some. The second is ready just after one.
 */
export const MISLEADING: Draws = {
  "normal 9 ± 0.2": normal(9, 0.2),
  "normal 6.5 ± 0.2": normal(6.5, 0.2),
  "always under 3": uniform(0.2, 2.8),
  "half 9 ± 0.6, half never": mixed(0.5, normal(9, 0.6), uniform(300, 400)),
};
