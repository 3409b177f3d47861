// Tasks that are polled by the advice, beside the same tasks polled at 3, 6, 9 …: lag and polls of both. PURE but for the advice
// itself: repeatable from a seed. A task's solve time becomes known to the advice when the task is done, as in the gateway, so
// many are under way before the first one teaches anything.

import { FirstPollAdvisor } from "../src/tenants/first-poll.ts";
import type { Draw, Random } from "./solve-families.ts";
import { seeded } from "./solve-families.ts";

/** One exchange with upstream takes from the first to the second of these (ms). Upstream looks in the middle of it. */
const EXCHANGE_MS = [100, 200] as const;

/** A task that is not found by then (ms) has failed: no sample, and no lag. */
const DEADLINE_MS = 120_000;

/** What is simulated. */
export interface SimulationPlan {
  readonly draw: Draw;
  readonly tasks: number;
  readonly tasksPerSecond: number;
  readonly seed: number;
  readonly intervalMs: number;
}

/** One task under both: lags in ms, NaN where the deadline came first. */
interface SimulatedTask {
  readonly index: number;
  readonly advisedMs: number;
  readonly lagMs: number;
  readonly cadenceLagMs: number;
  readonly polls: number;
  readonly cadencePolls: number;
}

/** Sums over tasks. */
export interface Tally {
  lagMs: number;
  cadenceLagMs: number;
  polls: number;
  cadencePolls: number;
}

/** A tally of nothing. */
export const noTally = (): Tally => ({ lagMs: 0, cadenceLagMs: 0, polls: 0, cadencePolls: 0 });

/** Adds a task to a tally. One that failed under either has polls and no lag. */
function tallyTask(tally: Tally, { lagMs, cadenceLagMs, polls, cadencePolls }: SimulatedTask): void {
  tally.polls += polls;
  tally.cadencePolls += cadencePolls;
  if (Number.isNaN(lagMs + cadenceLagMs)) return;
  tally.lagMs += lagMs;
  tally.cadenceLagMs += cadenceLagMs;
}

/** Adds one tally to another. */
export function addTally(to: Tally, from: Tally): void {
  to.lagMs += from.lagMs;
  to.cadenceLagMs += from.cadenceLagMs;
  to.polls += from.polls;
  to.cadencePolls += from.cadencePolls;
}

/** Lag beside the cadence's: 1 is as soon, less is sooner. */
export const lagRatioOf = (tally: Tally): number => tally.lagMs / tally.cadenceLagMs;

/** The share of the cadence's polls that are saved. */
export const savedOf = (tally: Tally): number => 1 - tally.polls / tally.cadencePolls;

/** How the polls of one task go: when its solution is known (null where the deadline came first), and the bounds they leave. */
interface Polled {
  readonly knownMs: number | null;
  readonly afterMs: number;
  readonly polls: number;
}

function polled(solveMs: number, firstMs: number, intervalMs: number, random: Random): Polled {
  let afterMs = 0;
  for (let polls = 1, leavesMs = firstMs; ; polls += 1) {
    const exchange = EXCHANGE_MS[0] + random() * (EXCHANGE_MS[1] - EXCHANGE_MS[0]);
    if (leavesMs > DEADLINE_MS) return { knownMs: null, afterMs, polls: polls - 1 };
    if (solveMs <= leavesMs + exchange / 2) return { knownMs: leavesMs + exchange, afterMs, polls };
    afterMs = leavesMs;
    leavesMs += exchange + intervalMs;
  }
}

/** Simulates, and hands over each task in the order of submission. */
export function simulate(plan: SimulationPlan, each: (task: SimulatedTask) => void): void {
  const { draw, intervalMs } = plan;
  const [ofSolving, ofAdvice, ofPolls, ofCadence] = [1, 2, 3, 4].map((part) => seeded(plan.seed * 8 + part));
  if (!ofSolving || !ofAdvice || !ofPolls || !ofCadence) throw new Error("no randomness");
  const advisor = new FirstPollAdvisor(intervalMs);
  /** Samples by the whole millisecond at which their task is done. */
  const coming = new Map<number, { afterMs: number; byMs: number }[]>();
  let toldMs = 0;
  for (let index = 0; index < plan.tasks; index += 1) {
    const nowMs = Math.floor((index * 1_000) / plan.tasksPerSecond);
    for (; toldMs <= nowMs; toldMs += 1) {
      for (const sample of coming.get(toldMs) ?? []) advisor.note(sample);
      coming.delete(toldMs);
    }
    const solveMs = draw(ofSolving, index);
    const advisedMs = advisor.advise(ofAdvice());
    const advised = polled(solveMs, advisedMs, intervalMs, ofPolls);
    const cadence = polled(solveMs, intervalMs, intervalMs, ofCadence);
    if (advised.knownMs !== null) {
      const doneMs = nowMs + Math.ceil(advised.knownMs);
      const sample = { afterMs: advised.afterMs, byMs: advised.knownMs };
      coming.set(doneMs, [...(coming.get(doneMs) ?? []), sample]);
    }
    each({
      index,
      advisedMs,
      lagMs: advised.knownMs === null ? Number.NaN : advised.knownMs - solveMs,
      cadenceLagMs: cadence.knownMs === null ? Number.NaN : cadence.knownMs - solveMs,
      polls: advised.polls,
      cadencePolls: cadence.polls,
    });
  }
}

/** Simulates, and sums up. */
export function tallyOf(plan: SimulationPlan): Tally {
  const tally = noTally();
  simulate(plan, (task) => tallyTask(tally, task));
  return tally;
}
