// Whether one tenant's load is another's delay, with everything running: admission, submissions, polls. Tenant B creates tasks at a
// steady rate, alone and then beside tenant A, whose 16 clients post as fast as they are answered.
//
// Here one thread of workerd runs everything, so B queues behind A's requests whatever the gateway does: the floor shows by how much.
// The gateway is held to the floor's own ratio. On the platform an object has a thread of its own, and what B shares with A is
// the Worker. What the contract's limit does for B, once it refuses A, is told beside it.

import type { Bundle } from "./build.ts";
import { keepSending, sendSteadily } from "./load.ts";
import type { Figure } from "./report.ts";
import type { Side } from "./stage.ts";
import { setFloor, setGateway } from "./stage.ts";
import { quantile, summarise } from "./stats.ts";

/** Tenant A's clients, and tenant B's requests a second. */
const CLIENTS = 16;
const STEADY_PER_S = 20;

/** Creations of a key in the refused part: A has used them up within seconds, and B needs fewer. */
const LOW_LIMIT = 300;

export interface FairnessPlan {
  readonly rounds: number;
  /** Tenant B's requests in each part of a round. */
  readonly count: number;
}

/** What B saw on one side in one round (latencies in ms), and how fast A was. */
interface Round {
  readonly aloneMs: readonly number[];
  readonly besideMs: readonly number[];
  /** Its answers a second, acceptances or refusals. */
  readonly tenantAPerSecond: number;
}

/** Measures both sides and says what came of it. */
export async function measureFairness(bundle: Bundle, plan: FairnessPlan, tell: (line: string) => void) {
  const gateway: Round[] = [];
  const floor: Round[] = [];
  const refused: Round[] = [];
  for (let round = 0; round < plan.rounds; round += 1) {
    const parts = [
      async () => gateway.push(await play(await setGateway(bundle, {}), plan, false)),
      async () => floor.push(await play(await setFloor(), plan, false)),
      async () =>
        refused.push(await play(await setGateway(bundle, { BENCH_CREATIONS: String(LOW_LIMIT) }), plan, true)),
    ];
    for (const part of round % 2 === 0 ? parts : parts.reverse()) await part();
    tell(`fairness, round ${round + 1} of ${plan.rounds}: gateway ${describe(gateway)}; floor ${describe(floor)}`);
  }
  return figuresOf(gateway, floor, refused);
}

/** @param refused whether A is to be over its limit while B is measured beside it */
async function play(side: Side, { count }: FairnessPlan, refused: boolean): Promise<Round> {
  try {
    const [sendA, sendAsB] = side.send;
    const sendB = async () => {
      const answer = await sendAsB();
      if (answer.status !== 202) throw new Error(`tenant B is answered ${answer.status}`);
      return answer;
    };
    const alone = await sendSteadily(STEADY_PER_S, count, sendB);
    let isRefused = () => {};
    const refusal = new Promise<void>((resolve) => {
      isRefused = resolve;
    });
    const flood = keepSending(CLIENTS, async () => {
      const answer = await sendA();
      if (answer.status === 429) isRefused();
      return answer;
    });
    if (refused) await refusal;
    const beside = await sendSteadily(STEADY_PER_S, count, sendB);
    const flooded = await flood.stop();
    return {
      aloneMs: alone.map(({ latencyMs }) => latencyMs),
      besideMs: beside.map(({ latencyMs }) => latencyMs),
      tenantAPerSecond: flooded.perSecond,
    };
  } finally {
    await side.close();
  }
}

const p99 = (latenciesMs: readonly number[]): number => quantile(latenciesMs, 0.99);
const ratioOf = ({ aloneMs, besideMs }: Pick<Round, "aloneMs" | "besideMs">): number => p99(besideMs) / p99(aloneMs);

function describe(rounds: readonly Round[]): string {
  const last = rounds.at(-1);
  return last === undefined
    ? ""
    : `p99 ${p99(last.aloneMs).toFixed(0)} ms, ${p99(last.besideMs).toFixed(0)} ms beside A`;
}

function figuresOf(gateway: readonly Round[], floor: readonly Round[], refused: readonly Round[]): Figure[] {
  const between = gateway.map((round, index) => {
    const beside = floor[index];
    return beside === undefined ? Number.NaN : ratioOf(round) / ratioOf(beside);
  });
  const { median, least, greatest } = summarise(between);
  return [
    {
      name: "tenant B's p99 beside A's flood to alone, to the same on the floor",
      unit: "ratio",
      value: median,
      spread: [least, greatest],
      target: { side: "at most", bound: 1.5 },
      parts: { ...partsOf("gateway", gateway), ...partsOf("floor", floor) },
    },
    {
      name: "tenant B's p99 beside A's refused flood (429) to alone",
      unit: "ratio",
      value: summarise(refused.map(ratioOf)).median,
      spread: [Math.min(...refused.map(ratioOf)), Math.max(...refused.map(ratioOf))],
      target: null,
      parts: partsOf("gateway", refused),
    },
    followed(gateway, floor),
  ];
}

function partsOf(side: string, rounds: readonly Round[]) {
  return {
    [`${side}AloneP99Ms`]: rounds.map(({ aloneMs }) => p99(aloneMs)),
    [`${side}BesideP99Ms`]: rounds.map(({ besideMs }) => p99(besideMs)),
    [`${side}BesideP50Ms`]: rounds.map(({ besideMs }) => quantile(besideMs, 0.5)),
    [`${side}TenantAPerSecond`]: rounds.map(({ tenantAPerSecond }) => tenantAPerSecond),
  };
}

/** A's rate is that of accepting with all that follows an acceptance on the same thread and disk. */
function followed(gateway: readonly Round[], floor: readonly Round[]): Figure {
  const rate = ({ tenantAPerSecond }: Round) => tenantAPerSecond;
  const ratios = summarise(gateway.map((round, index) => rate(round) / (floor[index]?.tenantAPerSecond ?? Number.NaN)));
  return {
    name: "accepts per second with all that follows, to the floor",
    unit: "ratio",
    value: ratios.median,
    spread: [ratios.least, ratios.greatest],
    target: null,
    parts: { gatewayPerSecond: gateway.map(rate), floorPerSecond: floor.map(rate) },
  };
}
