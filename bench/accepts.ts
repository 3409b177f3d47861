// How fast tasks are accepted, alone and under load, and whether one tenant's load is another's delay: the gateway and the floor
// in turn, round by round, for a machine's mood changes from one minute to the next and ratios within a round hardly do.
//
// The floor does nothing behind an acceptance. So the gateway is held to it with what follows deferred; that figure again with
// admission, submission and polls running on the same thread and disk stands beside it, for comparison.

import type { Bundle } from "./build.ts";
import type { Answer } from "./load.ts";
import { keepSending, sendByClients, sendSteadily } from "./load.ts";
import type { Figure } from "./report.ts";
import type { Side } from "./stage.ts";
import { setFloor, setGateway } from "./stage.ts";
import { quantile, summarise } from "./stats.ts";

/** Clients of the loaded figures. */
const CLIENTS = 16;

/** Requests a second of the steady load. */
const STEADY_PER_S = 20;

export interface AcceptPlan {
  readonly rounds: number;
  /** Requests of one steady load. */
  readonly steadyCount: number;
  /** Requests of the clients together. */
  readonly loadedCount: number;
}

/** What one side showed in one round; latencies in ms. */
interface Round {
  readonly steadyMs: readonly number[];
  readonly loadedMs: readonly number[];
  readonly perSecond: number;
  /** The second tenant's steady load, while the first posts as fast as it can. */
  readonly besideMs: readonly number[];
  /** How fast that was. */
  readonly besidePerSecond: number;
}

/** Measures both sides and says what came of it. */
export async function measureAccepts(bundle: Bundle, plan: AcceptPlan, tell: (line: string) => void) {
  const gateway: Round[] = [];
  const running: Round[] = [];
  const floor: Round[] = [];
  for (let round = 0; round < plan.rounds; round += 1) {
    const sides = [
      async () => gateway.push(await play(await setGateway(bundle, "deferred"), plan)),
      async () => running.push(await play(await setGateway(bundle, "running"), plan)),
      async () => floor.push(await play(await setFloor(), plan)),
    ];
    for (const side of round % 2 === 0 ? sides : sides.reverse()) await side();
    tell(
      `round ${round + 1} of ${plan.rounds}: ${describe("accepting", gateway)}; ${describe("all running", running)}; ${describe("floor", floor)}`,
    );
  }
  return figuresOf(gateway, running, floor);
}

async function play(side: Side, { steadyCount, loadedCount }: AcceptPlan): Promise<Round> {
  try {
    const [first, second] = side.send;
    const steady = await sendSteadily(STEADY_PER_S, steadyCount, second);
    const loaded = await sendByClients(CLIENTS, loadedCount, first);
    const flood = keepSending(CLIENTS, first);
    const beside = await sendSteadily(STEADY_PER_S, steadyCount, second);
    const flooded = await flood.stop();
    return {
      steadyMs: steady.map(latencyMs),
      loadedMs: loaded.latenciesMs,
      perSecond: loaded.perSecond,
      besideMs: beside.map(latencyMs),
      besidePerSecond: flooded.perSecond,
    };
  } finally {
    await side.close();
  }
}

const latencyMs = (answer: Answer): number => answer.latencyMs;

function describe(name: string, rounds: readonly Round[]): string {
  const last = rounds.at(-1);
  return last === undefined
    ? name
    : `${name} ${last.perSecond.toFixed(0)}/s, ${quantile(last.steadyMs, 0.5).toFixed(1)} ms`;
}

function figuresOf(gateway: readonly Round[], running: readonly Round[], floor: readonly Round[]): Figure[] {
  const perSecond = (round: Round) => round.perSecond;
  const steadyP50 = (round: Round) => quantile(round.steadyMs, 0.5);
  const loadedP99 = (round: Round) => quantile(round.loadedMs, 0.99);
  return [
    compare("accepts per second, 16 clients, to the floor", "PerSecond", gateway, floor, perSecond, {
      side: "at least",
      bound: 0.85,
    }),
    compare("accept latency p50 at 20/s, to the floor", "P50Ms", gateway, floor, steadyP50, AT_MOST_LATENCY),
    compare("accept latency p99, 16 clients, to the floor", "P99Ms", gateway, floor, loadedP99, AT_MOST_LATENCY),
    compare("accepts per second with all that follows, to the floor", "PerSecond", running, floor, perSecond, null),
    compare("accept latency p50 at 20/s with all that follows, to the floor", "P50Ms", running, floor, steadyP50, null),
    compare("accept latency p99 with all that follows, to the floor", "P99Ms", running, floor, loadedP99, null),
    fairness("tenant B's accept p99 at 20/s beside tenant A's 16 clients, to alone", running, {
      side: "at most",
      bound: 1.5,
    }),
    fairness("the same on the floor: the machine's own queueing", floor, null),
  ];
}

const AT_MOST_LATENCY = { side: "at most", bound: 1.25 } as const;

/** The gateway against the floor, round by round. */
function compare(
  name: string,
  part: string,
  gateway: readonly Round[],
  floor: readonly Round[],
  read: (round: Round) => number,
  target: Figure["target"],
): Figure {
  const gatewayRounds = gateway.map(read);
  const floorRounds = floor.map(read);
  const ratios = summarise(gatewayRounds.map((value, index) => value / (floorRounds[index] ?? Number.NaN)));
  return {
    name,
    unit: "ratio",
    value: ratios.median,
    spread: [ratios.least, ratios.greatest],
    target,
    parts: { [`gateway${part}`]: gatewayRounds, [`floor${part}`]: floorRounds },
  };
}

/** One side against itself: a steady load beside a flood and alone. The rounds are taken together, for a p99 wants many. */
function fairness(name: string, rounds: readonly Round[], target: Figure["target"]): Figure {
  const p99 = (latencies: readonly number[]) => quantile(latencies, 0.99);
  const alone = p99(rounds.flatMap(({ steadyMs }) => steadyMs));
  const beside = p99(rounds.flatMap(({ besideMs }) => besideMs));
  const ratios = summarise(rounds.map(({ steadyMs, besideMs }) => p99(besideMs) / p99(steadyMs)));
  return {
    name,
    unit: "ratio",
    value: beside / alone,
    spread: [ratios.least, ratios.greatest],
    target,
    parts: {
      aloneP99Ms: alone,
      besideP99Ms: beside,
      aloneP50Ms: rounds.map(({ steadyMs }) => quantile(steadyMs, 0.5)),
      besideP50Ms: rounds.map(({ besideMs }) => quantile(besideMs, 0.5)),
      tenantAPerSecond: rounds.map(({ besidePerSecond }) => besidePerSecond),
    },
  };
}
