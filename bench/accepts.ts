// Measures how fast tasks are accepted while the gateway admits, submits and polls earlier ones. Gateway and baseline alternate, each round
// runs in new processes with empty storage, and ratios are computed within a round.

import type { Bundle } from "./build.ts";
import type { Answer } from "./load.ts";
import { Caller, sendFor, sendSteadily } from "./load.ts";
import { openOutside, taskBody } from "./outside.ts";
import type { Figure } from "./report.ts";
import type { RunningWorker, Storage, Variables } from "./runtime.ts";
import { createCaller, smallestSolver, startBaseline, startGateway } from "./runtime.ts";
import { quantile, summarize } from "./stats.ts";

const CLIENTS = 16;
const STEADY_PER_S = 20;

/** Requests that warm up the code and are not counted. */
const WARM_UP = { clients: 8, ms: 1_000 } as const;

/** How long (ms) the load runs before it is measured, so that the first polls of earlier tasks run too. */
const UNTIL_POLLS_MS = 3_200;

/** The upstream is ready at the second poll, after 6 s. */
const WEBSITE_KEY = "ready-5000";

export interface AcceptPlan {
  readonly rounds: Readonly<Record<Storage, number>>;
  /** Requests at the steady rate. */
  readonly steady: number;
  /** How long (ms) the load of the clients is measured. */
  readonly loadedMs: number;
  /** Whether the causes of missed targets are measured too. */
  readonly diagnose: boolean;
}

/** The result of the gateway or the baseline in one round. */
interface Result {
  readonly perSecond: number;
  readonly steadyP50Ms: number;
  readonly loadedMs: readonly number[];
  /** CPU time (ms) of workerd for each accepted task, including the work for earlier tasks. */
  readonly cpuMs: number;
}

interface Round {
  readonly gateway: Result;
  readonly baseline: Result;
}

export async function measureAccepts(bundle: Bundle, plan: AcceptPlan, print: (line: string) => void) {
  const figures: Figure[] = [];
  for (const storage of ["disk", "tmpfs"] as const) {
    const rounds: Round[] = [];
    for (let round = 0; round < plan.rounds[storage]; round += 1) {
      const gatewayFirst = round % 2 === 0;
      const first = gatewayFirst ? await measureGateway(bundle, plan, storage) : await measureBaseline(plan, storage);
      const second = gatewayFirst ? await measureBaseline(plan, storage) : await measureGateway(bundle, plan, storage);
      const [gateway, baseline] = gatewayFirst ? [first, second] : [second, first];
      rounds.push({ gateway, baseline });
      print(`accepting, ${storage}, round ${round + 1}: gateway ${describe(gateway)}; baseline ${describe(baseline)}`);
    }
    if (rounds.length > 0) figures.push(...figuresOf(storage, rounds));
    if (rounds.length > 0 && plan.diagnose) figures.push(...(await diagnose(bundle, plan, storage, rounds)));
  }
  return figures;
}

async function measureGateway(bundle: Bundle, plan: AcceptPlan, storage: Storage, deferred = false): Promise<Result> {
  const outside = await openOutside();
  const variables = { ...outside.variables, ...(deferred ? { BENCH_DEFER_ALARMS: "true" } : {}) };
  const worker = await startGateway(bundle, variables, storage);
  const caller = await createCaller(worker, "tenant-a", "live");
  let sent = 0;
  const send = () => {
    sent += 1;
    return caller.send("POST", "/v1/tasks", { body: taskBody(WEBSITE_KEY, `task-${sent}`), expected: [202] });
  };
  try {
    return await measure(worker, send, plan, deferred ? 0 : UNTIL_POLLS_MS);
  } finally {
    caller.close();
    await worker.stop();
    await outside.close();
  }
}

async function measureBaseline(plan: AcceptPlan, storage: Storage, variables?: Variables): Promise<Result> {
  const worker = await startBaseline(variables, storage);
  const caller = new Caller(worker.url);
  const send = () => caller.send("POST", "/", { body: taskBody(WEBSITE_KEY, "task"), expected: [202] });
  try {
    return await measure(worker, send, plan, variables === undefined ? 0 : UNTIL_POLLS_MS);
  } finally {
    caller.close();
    await worker.stop();
  }
}

/** Measures one Worker. @param leadMs how long (ms) the load runs before it is measured */
async function measure(
  worker: RunningWorker,
  send: () => Promise<Answer>,
  plan: AcceptPlan,
  leadMs: number,
): Promise<Result> {
  await sendFor(WARM_UP.ms, WARM_UP.clients, send);
  const steady = await sendSteadily(STEADY_PER_S, plan.steady, send);
  let from = performance.now();
  let cpuBefore = worker.cpuMs();
  const lead = setTimeout(() => {
    from = performance.now();
    cpuBefore = worker.cpuMs();
  }, leadMs);
  const answers = await sendFor(leadMs + plan.loadedMs, CLIENTS, send);
  clearTimeout(lead);
  const tookMs = performance.now() - from;
  const counted = answers.filter(({ endedAt }) => endedAt >= from);
  return {
    perSecond: (counted.length * 1_000) / tookMs,
    steadyP50Ms: quantile(
      steady.map(({ latencyMs }) => latencyMs),
      0.5,
    ),
    loadedMs: counted.map(({ latencyMs }) => latencyMs),
    cpuMs: (worker.cpuMs() - cpuBefore) / counted.length,
  };
}

const p99 = ({ loadedMs }: Result): number => quantile(loadedMs, 0.99);

function describe(result: Result): string {
  const { perSecond, steadyP50Ms, cpuMs } = result;
  return `${perSecond.toFixed(0)}/s, p50 ${steadyP50Ms.toFixed(1)} ms, p99 ${p99(result).toFixed(0)} ms, CPU ${cpuMs.toFixed(1)} ms`;
}

const LATENCY = { side: "at most", bound: 1.2 } as const;

/** What is compared with the baseline. */
const COMPARED: readonly {
  readonly name: string;
  readonly part: string;
  readonly read: (result: Result) => number;
  readonly targetOn: (storage: Storage) => Pick<Figure, "target">;
}[] = [
  {
    name: "accepts per second, 16 clients",
    part: "PerSecond",
    read: ({ perSecond }) => perSecond,
    targetOn: (storage) => ({ target: { side: "at least", bound: storage === "disk" ? 0.9 : 0.8 } }),
  },
  {
    name: "accept latency p50 at 20/s",
    part: "P50Ms",
    read: ({ steadyP50Ms }) => steadyP50Ms,
    targetOn: () => ({ target: LATENCY }),
  },
  { name: "accept latency p99, 16 clients", part: "P99Ms", read: p99, targetOn: () => ({ target: LATENCY }) },
  { name: "CPU per task", part: "CpuMs", read: ({ cpuMs }) => cpuMs, targetOn: () => ({}) },
];

function figuresOf(storage: Storage, rounds: readonly Round[]): Figure[] {
  return COMPARED.map(({ name, part, read, targetOn }) => {
    const { median, spread } = summarize(rounds.map(({ gateway, baseline }) => read(gateway) / read(baseline)));
    return {
      name: `${name}, ${storage}, to the baseline`,
      unit: "ratio",
      value: median,
      spread,
      ...targetOn(storage),
      parts: {
        [`gateway${part}`]: rounds.map(({ gateway }) => read(gateway)),
        [`baseline${part}`]: rounds.map(({ baseline }) => read(baseline)),
      },
    };
  });
}

/** Shows the cause of a missed target: accepting itself, the work of any Worker that solves tasks, or what the gateway adds. */
async function diagnose(bundle: Bundle, plan: AcceptPlan, storage: Storage, rounds: readonly Round[]) {
  const toBaseline = (of: string, result: Result, { name, part, read }: (typeof COMPARED)[number]): Figure => ({
    name: `(${of}) ${name}, ${storage}`,
    unit: "ratio",
    value: read(result) / summarize(rounds.map(({ baseline }) => read(baseline))).median,
    parts: { [part]: read(result) },
  });
  const outside = await openOutside();
  const smallest = await measureBaseline(plan, storage, smallestSolver(outside.variables));
  await outside.close();
  const figures = COMPARED.map((compared) => toBaseline("smallest solver", smallest, compared));
  if (storage === "tmpfs") return figures;
  const alone = await measureGateway(bundle, plan, storage, true);
  return [...figures, ...COMPARED.slice(0, 1).map((compared) => toBaseline("accepting alone", alone, compared))];
}
