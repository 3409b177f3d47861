// Hundreds of tasks in flight, none of them ever solved: how well their polls keep the cadence, as upstream sees it, and how much
// memory each holds. The gateway and the floor that solves, in turn, under the same load.

import { setTimeout as delay } from "node:timers/promises";
import type { SandboxRequest } from "../scripts/support/sandbox-server.ts";
import type { Bundle } from "./build.ts";
import { sendSteadily } from "./load.ts";
import { anonymousKiB } from "./memory.ts";
import type { Outside, SolvingSide } from "./outside.ts";
import { openOutside, setSolvingFloor, setSolvingGateway } from "./outside.ts";
import type { Figure } from "./report.ts";
import { quantile, summarise } from "./stats.ts";

/** The contract's cadence (ms). */
const CADENCE_MS = 3_000;

/** Tasks in flight. */
const TASKS = 300;

/** Submissions a second: their polls then lie spread over the cadence. */
const SUBMITTED_PER_S = 75;

/** Tasks before anything is counted, and how long (ms) they are left alone: the isolate has compiled what it runs. */
const WARM_UP = { count: 30, ms: 2_000 } as const;

/** Memory is read this often (ms) while the tasks are in flight; the middle of the readings counts, for garbage comes and goes. */
const READ_EVERY_MS = 500;

export interface InflightPlan {
  readonly rounds: number;
  /** How long (ms) the tasks are watched in flight: some polls of each. */
  readonly watchMs: number;
}

/** What one side showed in one round. */
interface Round {
  /** By how much (ms) each poll came later than one cadence after the answer before. */
  readonly overMs: readonly number[];
  /** Null where the system does not tell. */
  readonly taskKiB: number | null;
}

/** Measures both sides and says what came of it. */
export async function measureInflight(bundle: Bundle, plan: InflightPlan, tell: (line: string) => void) {
  const gateway: Round[] = [];
  const floor: Round[] = [];
  for (let round = 0; round < plan.rounds; round += 1) {
    const sides = [
      async () => gateway.push(await play((outside) => setSolvingGateway(bundle, outside, CADENCE_MS), plan)),
      async () => floor.push(await play((outside) => setSolvingFloor(outside, CADENCE_MS), plan)),
    ];
    for (const side of round % 2 === 0 ? sides : sides.reverse()) await side();
    tell(
      `in flight, round ${round + 1} of ${plan.rounds}: ${describe("gateway", gateway)}; ${describe("floor", floor)}`,
    );
  }
  return figuresOf(gateway, floor);
}

async function play(set: (outside: Outside) => Promise<SolvingSide>, { watchMs }: InflightPlan): Promise<Round> {
  const outside = await openOutside();
  const side = await set(outside);
  try {
    const { pid } = side.worker;
    let sent = 0;
    const submit = async () => {
      sent += 1;
      return side.submit("sandbox-never", `task-${sent}`);
    };
    await sendSteadily(SUBMITTED_PER_S, WARM_UP.count, submit);
    await delay(WARM_UP.ms);
    const before = pid === null ? null : anonymousKiB(pid);
    await sendSteadily(SUBMITTED_PER_S, TASKS, submit);
    // One cadence later the burst of submissions has settled.
    await delay(CADENCE_MS);
    const from = Date.now();
    const readings: number[] = [];
    while (Date.now() < from + watchMs) {
      await delay(READ_EVERY_MS);
      if (pid !== null && before !== null) readings.push((anonymousKiB(pid) - before) / TASKS);
    }
    const taskKiB = readings.length === 0 ? null : quantile(readings, 0.5);
    return { overMs: overOf(outside.upstream.requests, from), taskKiB };
  } finally {
    await side.close();
    await outside.close();
  }
}

/** How far over the cadence the polls since `from` were, each counted from the answer before it. */
function overOf(requests: readonly SandboxRequest[], from: number): number[] {
  const answeredAt = new Map<string, number>();
  const overMs: number[] = [];
  for (const { taskId, at, endedAt } of requests) {
    if (taskId === null) continue;
    const previous = answeredAt.get(taskId);
    if (previous !== undefined && at >= from) overMs.push(at - previous - CADENCE_MS);
    answeredAt.set(taskId, endedAt);
  }
  return overMs;
}

function describe(name: string, rounds: readonly Round[]): string {
  const last = rounds.at(-1);
  if (last === undefined) return name;
  const memory = last.taskKiB === null ? "" : `, ${last.taskKiB.toFixed(0)} KiB a task`;
  return `${name} p99 over by ${quantile(last.overMs, 0.99)} ms${memory}`;
}

function figuresOf(gateway: readonly Round[], floor: readonly Round[]): Figure[] {
  const overs = gateway.map(({ overMs }) => Math.min(...overMs) + CADENCE_MS);
  const figures: Figure[] = [
    {
      name: `polls' spacing, ${TASKS} tasks in flight, least`,
      unit: "ms",
      value: Math.min(...overs),
      spread: [Math.min(...overs), Math.max(...overs)],
      target: { side: "at least", bound: CADENCE_MS },
      parts: { polls: gateway.map(({ overMs }) => overMs.length) },
    },
    spacing(`polls' spacing, ${TASKS} tasks in flight, p99 over by`, gateway, { side: "at most", bound: 50 }),
    spacing("the same on the floor that solves", floor, null),
  ];
  const memory = memoryOf(gateway, floor);
  return memory === null ? figures : [...figures, memory];
}

/** The middle round: what the machine does besides comes and goes by seconds. */
function spacing(name: string, rounds: readonly Round[], target: Figure["target"]): Figure {
  const of = (share: number) => rounds.map(({ overMs }) => quantile(overMs, share));
  const { median, least, greatest } = summarise(of(0.99));
  return {
    name,
    unit: "ms",
    value: median,
    spread: [least, greatest],
    target,
    parts: { p50Ms: of(0.5), p99Ms: of(0.99) },
  };
}

function memoryOf(gateway: readonly Round[], floor: readonly Round[]): Figure | null {
  const gatewayKiB = gateway.map(({ taskKiB }) => taskKiB).filter((kib) => kib !== null);
  const floorKiB = floor.map(({ taskKiB }) => taskKiB).filter((kib) => kib !== null);
  if (gatewayKiB.length < gateway.length || floorKiB.length < floor.length) return null;
  const ratios = summarise(gatewayKiB.map((kib, index) => kib / (floorKiB[index] ?? Number.NaN)));
  return {
    name: "memory per task in flight, to the floor that solves",
    unit: "ratio",
    value: ratios.median,
    spread: [ratios.least, ratios.greatest],
    target: { side: "at most", bound: 1.3 },
    parts: { gatewayKiB, floorKiB },
  };
}
