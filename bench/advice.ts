// The advice on first polls, simulated: polls saved and lag beside 3, 6, 9 … s, by family of solve times. `node bench/advice.ts`
// prints it alone, `-- --quick` sooner. Nothing is timed: the same seeds give the same figures on any machine.

import { pathToFileURL } from "node:url";
import type { SimulationPlan, Tally } from "./poll-simulation.ts";
import { addTally, lagRatioOf, noTally, savedOf, simulate, tallyOf } from "./poll-simulation.ts";
import type { Figure } from "./report.ts";
import { tableOf } from "./report.ts";
import type { Draw, Draws } from "./solve-families.ts";
import { CHANGING, FAMILIES, MISLEADING, seeded } from "./solve-families.ts";

const INTERVAL_MS = 3_000;

/** Never worse in lag than the cadence by more than 3 %. */
const MOST_LAG = 1.03;

/** What a poll may cost in lag (ms), as in the advice. */
const POLL_WORTH_MS = 250;

/** The seeds are spread over both paces: one task's answer teaches the next, and 200 under way before the first answer. */
const PACES_PER_SECOND = [1, 20] as const;

/** How much is simulated: tasks of each kind of solve times and seed, and seeds (from 2, so that both paces are seen). */
export interface AdvicePlan {
  readonly tasks: number;
  readonly seeds: number;
}

export const ADVICE_PLANS = {
  full: { tasks: 20_000, seeds: 4 },
  quick: { tasks: 5_000, seeds: 2 },
} as const satisfies Record<string, AdvicePlan>;

/** Two figures a family, and one each for upstreams that change and that mislead. */
export function measureAdvice(plan: AdvicePlan): Figure[] {
  const families = Object.entries(FAMILIES).flatMap(([family, draws]) => figuresOf(family, draws, plan));
  return [
    ...families,
    figureBeside("changing", CHANGING, plan),
    figureBeside("misleading", MISLEADING, plan),
    recovery(),
  ];
}

function tallies(draws: Draws, { tasks, seeds }: AdvicePlan): [name: string, tally: Tally][] {
  return Object.entries(draws).map(([name, draw]) => {
    const tally = noTally();
    for (let seed = 1; seed <= seeds; seed += 1) {
      const tasksPerSecond = PACES_PER_SECOND[seed % PACES_PER_SECOND.length] ?? 1;
      addTally(tally, tallyOf({ draw, tasks, tasksPerSecond, seed, intervalMs: INTERVAL_MS }));
    }
    return [name, tally];
  });
}

function sumOf(all: readonly [string, Tally][]): Tally {
  const sum = noTally();
  for (const [, tally] of all) addTally(sum, tally);
  return sum;
}

/** The family as a whole, with the best and the worst of its kinds as the spread, and each kind among the parts. */
function figuresOf(family: string, draws: Draws, plan: AdvicePlan): [Figure, Figure] {
  const all = tallies(draws, plan);
  const best = Object.values(draws).map((draw) => bestWithin(draw, MOST_LAG));
  const least = Object.values(draws).map((draw) => bestWithin(draw, Number.POSITIVE_INFINITY));
  const lag = lagFigure(`first poll, ${family}: lag beside 3, 6, 9 …`, all);
  return [
    { ...lag, target: { side: "at most", bound: MOST_LAG } },
    {
      name: `first poll, ${family}: share of polls saved`,
      unit: "ratio",
      value: mean(all.map(([, tally]) => savedOf(tally))),
      spread: spreadOf(all.map(([, tally]) => savedOf(tally))),
      target: null,
      parts: {
        ...Object.fromEntries(all.map(([name, tally]) => [name, savedOf(tally)])),
        "if all were known, within 3 % of lag": mean(best.map(({ saved }) => saved)),
        "if all were known, at whatever lag": mean(least.map(({ saved }) => saved)),
        "lag of that": mean(least.map(({ lagRatio }) => lagRatio)),
      },
    },
  ];
}

function lagFigure(name: string, all: readonly [string, Tally][]): Figure {
  const ratios = all.map(([, tally]) => lagRatioOf(tally));
  const parts = Object.fromEntries(all.map(([kind, tally]) => [kind, lagRatioOf(tally)]));
  return { name, unit: "ratio", value: lagRatioOf(sumOf(all)), spread: spreadOf(ratios), target: null, parts };
}

function figureBeside(group: string, draws: Draws, plan: AdvicePlan): Figure {
  const all = tallies(draws, plan);
  const { parts, ...lag } = lagFigure(`first poll, ${group}: lag beside 3, 6, 9 …`, all);
  const saved = Object.fromEntries(all.map(([name, tally]) => [`${name}: polls saved`, savedOf(tally)]));
  return { ...lag, parts: { ...parts, ...saved } };
}

/** Tasks before the shift, and after it; windows in which lag is looked at; what lag counts as back. */
const BEFORE = 2_000;
const AFTER = 2_000;
const WINDOW = 20;
const RECOVERED_LAG = 1.5;
const SHIFTS = 8;

/**
 * How long a shift from 12 s to 5 s is felt, the bad one, for a first poll that waits for 12 s sees nothing of it: the last
 * window of tasks, in the mean of several shifts, whose lag is over that of 3, 6, 9 … by half.
 */
function recovery(): Figure {
  const draw: Draw = (random, index) => {
    const slow = FAMILIES.narrow["normal 12 ± 1"];
    const quick = FAMILIES.narrow["normal 5 ± 0.4"];
    return (index < BEFORE ? slow : quick)?.(random, index) ?? Number.NaN;
  };
  const tasks = Object.fromEntries(
    PACES_PER_SECOND.map((tasksPerSecond) => {
      const windows = Array.from({ length: AFTER / WINDOW }, noTally);
      for (let seed = 1; seed <= SHIFTS; seed += 1) {
        const plan: SimulationPlan = { draw, tasks: BEFORE + AFTER, tasksPerSecond, seed, intervalMs: INTERVAL_MS };
        simulate(plan, ({ index, lagMs, cadenceLagMs }) => {
          const window = windows[Math.floor((index - BEFORE) / WINDOW)];
          if (window === undefined) return;
          window.lagMs += lagMs;
          window.cadenceLagMs += cadenceLagMs;
        });
      }
      const felt = windows.findLastIndex((window) => lagRatioOf(window) > RECOVERED_LAG);
      return [`tasks, at ${tasksPerSecond} a second`, (felt + 1) * WINDOW];
    }),
  );
  return {
    name: "first poll: time for which a shift from 12 s to 5 s is felt",
    unit: "ms",
    value: ((tasks["tasks, at 20 a second"] ?? Number.NaN) / 20) * 1_000,
    spread: null,
    target: null,
    parts: tasks,
  };
}

/** The best fixed first poll for solve times that are known, at a lag of no more than `mostLag` beside the cadence's. */
function bestWithin(draw: Draw, mostLag: number): { saved: number; lagRatio: number } {
  const random = seeded(99);
  const step = INTERVAL_MS + 150;
  const times = Array.from({ length: 4_000 }, (_, index) => draw(random, index)).filter((ms) => ms < 115_000);
  const of = (delayMs: number): { lagMs: number; polls: number } => {
    let lagMs = 0;
    let polls = 0;
    for (const ms of times) {
      const later = Math.max(Math.ceil((ms - delayMs - 75) / step), 0);
      lagMs += delayMs + later * step + 150 - ms;
      polls += 1 + later;
    }
    return { lagMs, polls };
  };
  const cadence = of(INTERVAL_MS);
  let best = cadence;
  for (let delayMs = INTERVAL_MS; delayMs <= 30_000; delayMs += 50) {
    const one = of(delayMs);
    if (one.lagMs > mostLag * cadence.lagMs) continue;
    if (one.lagMs + POLL_WORTH_MS * one.polls < best.lagMs + POLL_WORTH_MS * best.polls) best = one;
  }
  return { saved: 1 - best.polls / cadence.polls, lagRatio: best.lagMs / cadence.lagMs };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const spreadOf = (values: readonly number[]): [number, number] => [Math.min(...values), Math.max(...values)];

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const figures = measureAdvice(process.argv.includes("--quick") ? ADVICE_PLANS.quick : ADVICE_PLANS.full);
  console.log(tableOf(figures));
  for (const { name, parts } of figures) {
    console.log(`\n${name}`);
    for (const [part, value] of Object.entries(parts)) console.log(`  ${Number(value).toFixed(3)}  ${part}`);
  }
}
