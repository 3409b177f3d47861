// Measures hundreds of tasks in flight that are never solved: the spacing of their polls at the upstream, and the memory of each task.

import { setTimeout as delay } from "node:timers/promises";
import type { Bundle } from "./build.ts";
import { Caller, sendSteadily } from "./load.ts";
import type { UpstreamTask } from "./outside.ts";
import { openOutside, taskBody } from "./outside.ts";
import type { Figure } from "./report.ts";
import type { RunningWorker, Variables } from "./runtime.ts";
import { createCaller, smallestSolver, startBaseline, startGateway } from "./runtime.ts";
import { quantile, summarize } from "./stats.ts";

const POLL_INTERVAL_MS = 3_000;
const TASKS = 300;

/** Submissions per second. */
const SUBMITTED_PER_S = 75;

/** Tasks that warm up the code before the measurement, and the pause (ms) after them. */
const WARM_UP = { tasks: 30, ms: 2_000 } as const;

/** The interval (ms) of memory readings. The result is their median, because garbage collection makes readings vary. */
const READ_EVERY_MS = 500;

export interface InflightPlan {
  readonly rounds: number;
  /** How long (ms) memory is read while the tasks are in flight. */
  readonly watchMs: number;
  /** Whether the memory of the smallest Worker that solves tasks is measured too. */
  readonly diagnose: boolean;
}

export async function measureInflight(bundle: Bundle, plan: InflightPlan): Promise<Figure[]> {
  const overByRound: number[][] = [];
  const gatewayKiB: number[] = [];
  const baselineKiB: number[] = [];
  const solverKiB: number[] = [];
  for (let round = 0; round < plan.rounds; round += 1) {
    const outside = await openOutside();
    const gateway = await startGateway(bundle, outside.variables);
    const caller = await createCaller(gateway, "tenant-a", "live");
    const send = (index: number) => caller.send("POST", "/v1/tasks", { body: taskBody("never", `task-${index}`) });
    const from = Date.now() + WARM_UP.ms + POLL_INTERVAL_MS;
    gatewayKiB.push(await memoryPerTask(gateway, caller, send, plan.watchMs));
    overByRound.push(
      outside.tasks
        .flatMap(overOf)
        .filter(({ at }) => at >= from)
        .map(({ overMs }) => overMs),
    );

    // Alarms of the baseline fire as often as the gateway polls, so that its objects stay in memory too.
    baselineKiB.push(await baselineMemory({ KIND: "stay", ALARM_MS: String(POLL_INTERVAL_MS) }, plan.watchMs));
    if (plan.diagnose) solverKiB.push(await baselineMemory(smallestSolver(outside.variables), plan.watchMs));
    await outside.close();
  }
  const least = overByRound.map((overs) => POLL_INTERVAL_MS + Math.min(...overs));
  const p99 = summarize(overByRound.map((overs) => quantile(overs, 0.99)));
  const toBaseline = (kib: readonly number[]) =>
    summarize(kib.map((one, round) => one / (baselineKiB[round] ?? Number.NaN)));
  const memory = toBaseline(gatewayKiB);
  const solver = toBaseline(solverKiB);
  const diagnosis: Figure = {
    name: "(smallest solver) memory per task in flight",
    unit: "ratio",
    value: solver.median,
    spread: solver.spread,
    parts: { solverKiB },
  };
  return [
    {
      name: `poll spacing, ${TASKS} tasks in flight, least`,
      unit: "ms",
      value: Math.min(...least),
      target: { side: "at least", bound: POLL_INTERVAL_MS },
      parts: { polls: overByRound.map(({ length }) => length) },
    },
    {
      name: `poll spacing, ${TASKS} tasks in flight, p99 over by`,
      unit: "ms",
      value: p99.median,
      spread: p99.spread,
      target: { side: "at most", bound: 50 },
      parts: { p50Ms: overByRound.map((overs) => quantile(overs, 0.5)) },
    },
    {
      name: "memory per task in flight, to the baseline",
      unit: "ratio",
      value: memory.median,
      spread: memory.spread,
      target: { side: "at most", bound: 1.3 },
      parts: { gatewayKiB, baselineKiB },
    },
    ...(plan.diagnose ? [diagnosis] : []),
  ];
}

async function baselineMemory(variables: Variables, watchMs: number): Promise<number> {
  const worker = await startBaseline(variables);
  const caller = new Caller(worker.url);
  const send = () => caller.send("POST", "/", { body: taskBody("never", "task") });
  return memoryPerTask(worker, caller, send, watchMs);
}

/** Submits the tasks, measures the memory of each (KiB), and stops the Worker. */
async function memoryPerTask(
  worker: RunningWorker,
  caller: Caller,
  send: (index: number) => Promise<unknown>,
  watchMs: number,
): Promise<number> {
  try {
    await sendSteadily(SUBMITTED_PER_S, WARM_UP.tasks, (index) => send(-index));
    await delay(WARM_UP.ms);
    const before = worker.memoryKiB();
    await sendSteadily(SUBMITTED_PER_S, TASKS, send);
    await delay(POLL_INTERVAL_MS);
    const readings: number[] = [];
    for (let passedMs = 0; passedMs < watchMs; passedMs += READ_EVERY_MS) {
      await delay(READ_EVERY_MS);
      readings.push((worker.memoryKiB() - before) / TASKS);
    }
    return quantile(readings, 0.5);
  } finally {
    caller.close();
    await worker.stop();
  }
}

/** How much later (ms) than one interval after the previous response each poll of a task arrived. */
export function overOf({ polls }: UpstreamTask): { readonly at: number; readonly overMs: number }[] {
  return polls.slice(1).map(({ at }, index) => {
    const answeredAt = polls[index]?.answeredAt ?? Number.NaN;
    return { at, overMs: at - answeredAt - POLL_INTERVAL_MS };
  });
}
