// How fast tasks are accepted, steadily and under load: the gateway and the floor side by side, a second of each in turn, for a
// machine's mood changes from one moment to the next and ratios of neighbouring moments hardly do.
//
// The floor does nothing behind an acceptance. So the gateway is held to it with what follows deferred; what follows, on the same
// thread and disk, is seen in `fairness.ts`.

import type { Bundle } from "./build.ts";
import { sendByClients, sendSteadily } from "./load.ts";
import type { Figure } from "./report.ts";
import type { Side } from "./stage.ts";
import { setFloor, setGateway } from "./stage.ts";
import { quantile, summarise } from "./stats.ts";

/** Clients of the loaded figures. */
const CLIENTS = 16;

/** Requests a second of the steady load. */
const STEADY_PER_S = 20;

/** Requests of one steady load, and of the clients together: about a second of each. */
const STEADY_COUNT = 20;
const LOADED_COUNT = 96;

export interface AcceptPlan {
  /** Rounds, each with fresh storage and fresh processes. */
  readonly rounds: number;
  /** Turns of both sides in a round. */
  readonly turns: number;
}

/** What one side showed in one turn; latencies in ms. */
interface Turn {
  readonly steadyMs: readonly number[];
  readonly loadedMs: readonly number[];
  readonly perSecond: number;
}

/** Turns of both sides, in pairs. */
interface Round {
  readonly gateway: Turn[];
  readonly floor: Turn[];
}

/** Measures both sides and says what came of it. */
export async function measureAccepts(bundle: Bundle, plan: AcceptPlan, tell: (line: string) => void) {
  const rounds: Round[] = [];
  for (let round = 0; round < plan.rounds; round += 1) {
    const gateway = await setGateway(bundle, { BENCH_DEFER_ALARMS: "true" });
    const floor = await setFloor();
    try {
      rounds.push(await play(gateway, floor, plan.turns));
    } finally {
      await Promise.all([gateway.close(), floor.close()]);
    }
    tell(`accepts, round ${round + 1} of ${plan.rounds}: ${describe(rounds.at(-1))}`);
  }
  return figuresOf(rounds);
}

async function play(gateway: Side, floor: Side, turns: number): Promise<Round> {
  const round: Round = { gateway: [], floor: [] };
  for (let turn = 0; turn < turns; turn += 1) {
    const sides = [
      async () => round.gateway.push(await take(gateway)),
      async () => round.floor.push(await take(floor)),
    ];
    for (const side of turn % 2 === 0 ? sides : sides.reverse()) await side();
  }
  return round;
}

async function take({ send: [send] }: Side): Promise<Turn> {
  const steady = await sendSteadily(STEADY_PER_S, STEADY_COUNT, send);
  const loaded = await sendByClients(CLIENTS, LOADED_COUNT, send);
  const steadyMs = steady.map(({ latencyMs }) => latencyMs);
  return { steadyMs, loadedMs: loaded.latenciesMs, perSecond: loaded.perSecond };
}

const PER_SECOND = ({ perSecond }: Turn): number => perSecond;
const STEADY_P50 = ({ steadyMs }: Turn): number => quantile(steadyMs, 0.5);

function describe(round: Round | undefined): string {
  const of = (turns: readonly Turn[]) =>
    `${summarise(turns.map(PER_SECOND)).median.toFixed(0)}/s, ${summarise(turns.map(STEADY_P50)).median.toFixed(1)} ms`;
  return round === undefined ? "" : `gateway ${of(round.gateway)}; floor ${of(round.floor)}`;
}

function figuresOf(rounds: readonly Round[]): Figure[] {
  const latency = { side: "at most", bound: 1.25 } as const;
  return [
    byTurn("accepts per second, 16 clients, to the floor", "PerSecond", rounds, PER_SECOND, {
      side: "at least",
      bound: 0.85,
    }),
    byTurn("accept latency p50 at 20/s, to the floor", "P50Ms", rounds, STEADY_P50, latency),
    loadedP99("accept latency p99, 16 clients, to the floor", rounds, latency),
  ];
}

/** The middle of the turns' ratios. */
function byTurn(
  name: string,
  part: string,
  rounds: readonly Round[],
  read: (turn: Turn) => number,
  target: Figure["target"],
): Figure {
  const gateway = rounds.flatMap((round) => round.gateway.map(read));
  const floor = rounds.flatMap((round) => round.floor.map(read));
  const ratios = summarise(gateway.map((value, index) => value / (floor[index] ?? Number.NaN)));
  return {
    name,
    unit: "ratio",
    value: ratios.median,
    spread: [ratios.least, ratios.greatest],
    target,
    parts: { [`gateway${part}`]: gateway, [`floor${part}`]: floor },
  };
}

/** A p99 wants many: all turns are taken together, and the spread is that of the rounds. */
function loadedP99(name: string, rounds: readonly Round[], target: Figure["target"]): Figure {
  const p99 = (turns: readonly Turn[]) =>
    quantile(
      turns.flatMap(({ loadedMs }) => loadedMs),
      0.99,
    );
  const ratioOf = (some: readonly Round[]) =>
    p99(some.flatMap(({ gateway }) => gateway)) / p99(some.flatMap(({ floor }) => floor));
  const ratios = summarise(rounds.map((round) => ratioOf([round])));
  return {
    name,
    unit: "ratio",
    value: ratioOf(rounds),
    spread: [ratios.least, ratios.greatest],
    target,
    parts: {
      gatewayP99Ms: rounds.map(({ gateway }) => p99(gateway)),
      floorP99Ms: rounds.map(({ floor }) => p99(floor)),
    },
  };
}
