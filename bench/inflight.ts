// Hundreds of tasks in flight that are never solved: how well their polls keep the interval, as the upstream sees it, and how much
// memory each needs.

import { setTimeout as delay } from "node:timers/promises";
import type { Bundle } from "./build.ts";
import { Caller, sendSteadily } from "./load.ts";
import type { UpstreamTask } from "./outside.ts";
import { openOutside, taskBody } from "./outside.ts";
import type { Figure } from "./report.ts";
import type { RunningWorker } from "./runtime.ts";
import { createCaller, startBaseline, startGateway } from "./runtime.ts";
import { quantile, summarize } from "./stats.ts";

const POLL_INTERVAL_MS = 3_000;
const TASKS = 300;

/** Submissions per second. */
const SUBMITTED_PER_S = 75;

/** Tasks that compile the code, and how long they are left alone (ms). */
const WARM_UP = { tasks: 30, ms: 2_000 } as const;

/** Memory is read this often (ms), and the median counts, because it varies with garbage collection. */
const READ_EVERY_MS = 500;

export interface InflightPlan {
  readonly rounds: number;
  /** How long the tasks are watched in flight (ms). */
  readonly watchMs: number;
}

export async function measureInflight(bundle: Bundle, plan: InflightPlan): Promise<Figure[]> {
  const overByRound: number[][] = [];
  const gatewayKiB: number[] = [];
  const baselineKiB: number[] = [];
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
    await outside.close();

    // Its alarm fires as often as the gateway polls, so that its objects stay in memory too.
    const baseline = await startBaseline({ KIND: "stay", ALARM_MS: String(POLL_INTERVAL_MS) });
    const baselineCaller = new Caller(baseline.url);
    const sendToBaseline = () => baselineCaller.send("POST", "/", { body: taskBody("never", "task") });
    baselineKiB.push(await memoryPerTask(baseline, baselineCaller, sendToBaseline, plan.watchMs));
  }
  const least = overByRound.map((overs) => POLL_INTERVAL_MS + Math.min(...overs));
  const p99 = summarize(overByRound.map((overs) => quantile(overs, 0.99)));
  const memory = summarize(gatewayKiB.map((kib, index) => kib / (baselineKiB[index] ?? Number.NaN)));
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
  ];
}

/** Brings the tasks in flight and stops the Worker at the end. */
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

/** By how much each poll of a task came later than one interval after the answer before it. */
export function overOf({ polls }: UpstreamTask): { readonly at: number; readonly overMs: number }[] {
  return polls.slice(1).map(({ at }, index) => {
    const answeredAt = polls[index]?.answeredAt ?? Number.NaN;
    return { at, overMs: at - answeredAt - POLL_INTERVAL_MS };
  });
}
