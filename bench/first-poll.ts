// Simulates the adaptive first poll beside polls at 3, 6, 9 … s, for families of solve times. Nothing is timed: the same seeds give
// the same figures on any machine. `node bench/first-poll.ts` prints every distribution.

import { pathToFileURL } from "node:url";
import type { SolveSample } from "../src/tenants/adaptive-first-poll.ts";
import { AdaptiveFirstPoll } from "../src/tenants/adaptive-first-poll.ts";
import type { Figure } from "./report.ts";
import { tableOf } from "./report.ts";
import type { Draw, Random } from "./solve-times.ts";
import { FAMILIES, seeded } from "./solve-times.ts";

const INTERVAL_MS = 3_000;

/** The shortest and the longest request to the upstream (ms). The upstream looks in the middle of it. */
const REQUEST_MS = [100, 200] as const;

/** A task that is not solved by then (ms) has failed: no sample and no lag. */
const DEADLINE_MS = 120_000;

/** Tasks a second, by seed: at 20, some 200 tasks have started before the first result arrives. */
const TASKS_PER_S = [1, 20] as const;

/** Section 9 of the design. */
const TARGETS = {
  narrow: { lag: 0.9, saved: 0.5 },
  medium: { lag: 1.03, saved: 0.25 },
  "long-tailed": { lag: 1.04, saved: 0.12 },
} as const;

interface Polled {
  /** When the solution is known; NaN if the deadline came first. */
  readonly knownMs: number;
  /** When the last poll without a solution left. */
  readonly afterMs: number;
  readonly polls: number;
}

interface Sums {
  readonly lagMs: number;
  readonly usualLagMs: number;
  readonly polls: number;
  readonly usualPolls: number;
}

const lagOf = ({ lagMs, usualLagMs }: Sums): number => lagMs / usualLagMs;
const savedOf = ({ polls, usualPolls }: Sums): number => 1 - polls / usualPolls;

function add(...all: readonly Sums[]): Sums {
  const sum = (of: keyof Sums) => all.reduce((total, one) => total + one[of], 0);
  return { lagMs: sum("lagMs"), usualLagMs: sum("usualLagMs"), polls: sum("polls"), usualPolls: sum("usualPolls") };
}

function poll(solveMs: number, firstMs: number, random: Random): Polled {
  let afterMs = 0;
  for (let polls = 1, leavesMs = firstMs; leavesMs <= DEADLINE_MS; polls += 1) {
    const requestMs = REQUEST_MS[0] + random() * (REQUEST_MS[1] - REQUEST_MS[0]);
    if (solveMs <= leavesMs + requestMs / 2) return { knownMs: leavesMs + requestMs, afterMs, polls };
    afterMs = leavesMs;
    leavesMs += requestMs + INTERVAL_MS;
  }
  return { knownMs: Number.NaN, afterMs, polls: Math.floor(DEADLINE_MS / INTERVAL_MS) };
}

/** Runs `tasks` tasks and yields the sums of each. A result is learned when its task ends, as in the gateway. */
function* simulate(draw: Draw, tasks: number, seed: number, tasksPerSecond: number): Generator<Sums> {
  const streamOf = (part: number) => seeded(seed * 4 + part);
  const [solving, choosing, polling, usually] = [streamOf(0), streamOf(1), streamOf(2), streamOf(3)];
  const firstPoll = new AdaptiveFirstPoll(() => []);
  let running: { readonly endsAt: number; readonly sample: SolveSample }[] = [];
  for (let index = 0; index < tasks; index += 1) {
    const now = (index * 1_000) / tasksPerSecond;
    const ended = running.filter(({ endsAt }) => endsAt <= now);
    for (const { sample } of ended.sort((a, b) => a.endsAt - b.endsAt)) firstPoll.record(sample);
    running = running.filter(({ endsAt }) => endsAt > now);
    const solveMs = draw(solving, index);
    const adaptive = poll(solveMs, firstPoll.delayMs(INTERVAL_MS, choosing()) ?? INTERVAL_MS, polling);
    const usual = poll(solveMs, INTERVAL_MS, usually);
    const sample = { afterMs: adaptive.afterMs, byMs: adaptive.knownMs };
    if (!Number.isNaN(sample.byMs)) running.push({ endsAt: now + sample.byMs, sample });
    const failed = Number.isNaN(adaptive.knownMs + usual.knownMs);
    yield {
      lagMs: failed ? 0 : adaptive.knownMs - solveMs,
      usualLagMs: failed ? 0 : usual.knownMs - solveMs,
      polls: adaptive.polls,
      usualPolls: usual.polls,
    };
  }
}

function sumsOf(draw: Draw, tasks: number, seeds: number): Sums {
  let sums: Sums = { lagMs: 0, usualLagMs: 0, polls: 0, usualPolls: 0 };
  for (let seed = 1; seed <= seeds; seed += 1) {
    for (const task of simulate(draw, tasks, seed, TASKS_PER_S[seed % 2] ?? 1)) sums = add(sums, task);
  }
  return sums;
}

/** Lag and polls saved of each family; a family's spread is that of its distributions. */
export function measureFirstPoll({ tasks, seeds }: { readonly tasks: number; readonly seeds: number }): Figure[] {
  return Object.entries(FAMILIES).flatMap(([family, distributions]): Figure[] => {
    const sums = Object.entries(distributions).map(([name, draw]) => [name, sumsOf(draw, tasks, seeds)] as const);
    const target = family in TARGETS ? TARGETS[family as keyof typeof TARGETS] : null;
    const saved = sums.map(([, one]) => savedOf(one));
    const lag = sums.map(([, one]) => lagOf(one));
    return [
      {
        name: `adaptive first poll, ${family}: lag against 3, 6, 9 … s`,
        unit: "ratio",
        value: lagOf(add(...sums.map(([, one]) => one))),
        spread: [Math.min(...lag), Math.max(...lag)],
        ...(target === null ? {} : { target: { side: "at most", bound: target.lag } }),
        parts: Object.fromEntries(sums.map(([name, one]) => [name, lagOf(one)])),
      },
      {
        name: `adaptive first poll, ${family}: polls saved`,
        unit: "ratio",
        value: saved.reduce((sum, share) => sum + share, 0) / saved.length,
        spread: [Math.min(...saved), Math.max(...saved)],
        ...(target === null ? {} : { target: { side: "at least", bound: target.saved } }),
        parts: Object.fromEntries(sums.map(([name, one]) => [name, savedOf(one)])),
      },
    ];
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const figures = measureFirstPoll({ tasks: 20_000, seeds: 4 });
  console.log(tableOf(figures));
  for (const { name, parts } of figures) {
    console.log(`\n${name}`);
    for (const [part, value] of Object.entries(parts ?? {})) console.log(`  ${Number(value).toFixed(3)}  ${part}`);
  }
}
