// Distributions of solve times for the simulation of the adaptive first poll, and the seeded random numbers that draw from them.

/** Random numbers from 0 to less than 1. */
export type Random = () => number;

/** Draws the solve time (ms) of the `index`-th task. */
export type Draw = (random: Random, index: number) => number;

/** Distributions by name. The numbers in a name are its parameters, in seconds. */
export type Distributions = Readonly<Record<string, Draw>>;

/** The shortest solve time (ms), because a normal distribution has no minimum. */
const MIN_MS = 50;

/** Repeatable random numbers by a 32-bit xorshift (Marsaglia, J. Stat. Softw. 8, 2003). */
export function seeded(seed: number): Random {
  let state = Math.imul(seed, 0x9e37_79b1) ^ 0x5bd1_e995 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  // Consecutive seeds begin with similar numbers, which are skipped.
  for (let skipped = 0; skipped < 16; skipped += 1) next();
  return next;
}

/** A standard normal number (Box and Muller). */
const gauss = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

const seconds =
  (draw: Draw): Draw =>
  (random, index) =>
    Math.max(1_000 * draw(random, index), MIN_MS);
const normal = (mean: number, deviation: number) => seconds((random) => mean + deviation * gauss(random));
const lognormal = (median: number, sigma: number) => seconds((random) => median * Math.exp(sigma * gauss(random)));
const pareto = (least: number, exponent: number) => seconds((random) => least * (1 - random()) ** (-1 / exponent));
const uniform = (least: number, greatest: number) => seconds((random) => least + (greatest - least) * random());

/** The first distribution for a share of the tasks, and the second for the others. */
const mixed =
  (share: number, first: Draw, second: Draw): Draw =>
  (random, index) =>
    random() < share ? first(random, index) : second(random, index);

/** The first distribution for some tasks, then the second for as many, and so on. */
const alternating =
  (tasks: number, first: Draw, second: Draw): Draw =>
  (random, index) =>
    Math.floor(index / tasks) % 2 === 0 ? first(random, index) : second(random, index);

const NARROW_12 = normal(12, 0.6);
const NARROW_5 = normal(5, 0.4);

/** Families of distributions. Figures differ within a family, and all are reported. */
export const FAMILIES = {
  narrow: {
    "normal 5 ± 0.4": NARROW_5,
    "normal 6 ± 0.3": normal(6, 0.3),
    "normal 7.6 ± 0.5": normal(7.6, 0.5),
    "normal 9 ± 0.6": normal(9, 0.6),
    "normal 12 ± 1": normal(12, 1),
    "normal 14 ± 0.8": normal(14, 0.8),
    "normal 20 ± 1": normal(20, 1),
  },
  medium: {
    "lognormal 7, 0.3": lognormal(7, 0.3),
    "lognormal 10, 0.25": lognormal(10, 0.25),
    "lognormal 10, 0.35": lognormal(10, 0.35),
    "lognormal 15, 0.35": lognormal(15, 0.35),
    "normal 8 ± 2": normal(8, 2),
    "normal 12 ± 3": normal(12, 3),
  },
  "long-tailed": {
    "lognormal 6, 0.7": lognormal(6, 0.7),
    "lognormal 9, 0.8": lognormal(9, 0.8),
    "lognormal 10, 0.6": lognormal(10, 0.6),
    "lognormal 12, 0.9": lognormal(12, 0.9),
    "Pareto 4, 1.8": pareto(4, 1.8),
    "Pareto 8, 2.5": pareto(8, 2.5),
  },
  bimodal: {
    "60 % 5 ± 0.5, else 20 ± 1": mixed(0.6, normal(5, 0.5), normal(20, 1)),
    "30 % 4 ± 0.4, else 12 ± 1": mixed(0.3, normal(4, 0.4), normal(12, 1)),
    "50 % 8 ± 0.6, else 16 ± 1": mixed(0.5, normal(8, 0.6), normal(16, 1)),
    "90 % 6 ± 0.5, else 40 ± 3": mixed(0.9, normal(6, 0.5), normal(40, 3)),
  },
  uniform: {
    "2 to 30": uniform(2, 30),
    "5 to 15": uniform(5, 15),
    "3 to 12": uniform(3, 12),
  },
  changing: {
    "12 ± 0.6 and 5 ± 0.4, alternating after 5,000": alternating(5_000, NARROW_12, NARROW_5),
    "lognormal 12 and 5, 0.35, alternating after 5,000": alternating(5_000, lognormal(12, 0.35), lognormal(5, 0.35)),
  },
  adverse: {
    "always before 3": uniform(0.2, 2.8),
    "just before a poll, 9 ± 0.2": normal(9, 0.2),
    "just after a poll, 6.5 ± 0.2": normal(6.5, 0.2),
    "half 9 ± 0.6, half never": mixed(0.5, normal(9, 0.6), uniform(300, 400)),
  },
} as const satisfies Readonly<Record<string, Distributions>>;
