// The result's lag: from the moment at which upstream has the solution until the receiver has the webhook. Polls come each 3 s, and
// solve times are spread evenly over that: half the cadence is what nobody can save. Both sides run at the same time, under
// a light load each, so that they meet the same moods of the machine.

import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { parseTaskId } from "../src/upstream/scenario.ts";
import type { Bundle } from "./build.ts";
import { sendSteadily } from "./load.ts";
import type { Outside, SolvingSide } from "./outside.ts";
import { openOutside, setSolvingFloor, setSolvingGateway } from "./outside.ts";
import type { Figure } from "./report.ts";
import { quantile, summarise } from "./stats.ts";

const CADENCE_MS = 3_000;

/** Submissions a second to each side. */
const SUBMITTED_PER_S = 12;

/** A webhook that has not come this long (ms) after the last task must be solved will not come. */
const PATIENCE_MS = 15_000;

/** Tasks before anything is counted: they compile the path. */
const WARM_UP = 5;

const received = z.object({ data: z.object({ task: z.object({ pageAction: z.string() }) }) });

export interface LagPlan {
  readonly rounds: number;
  /** Tasks of each side in a round. */
  readonly count: number;
}

/** Measures both sides and says what came of it. */
export async function measureLag(bundle: Bundle, plan: LagPlan): Promise<Figure[]> {
  const gateway: number[][] = [];
  const floor: number[][] = [];
  for (let round = 0; round < plan.rounds; round += 1) {
    const [ofGateway, ofFloor] = await Promise.all([
      play((outside) => setSolvingGateway(bundle, outside, CADENCE_MS), plan.count),
      play((outside) => setSolvingFloor(outside, CADENCE_MS), plan.count),
    ]);
    gateway.push(ofGateway);
    floor.push(ofFloor);
  }
  return [
    figureOf("result lag, ready upstream to webhook received, mean", gateway, { side: "at most", bound: 1_550 }),
    figureOf("the same on the floor that solves", floor, null),
  ];
}

/** The lag (ms) of each task. */
async function play(set: (outside: Outside) => Promise<SolvingSide>, count: number): Promise<number[]> {
  const outside = await openOutside();
  const side = await set(outside);
  try {
    const warmUp = Array.from({ length: WARM_UP }, (_, index) => side.submit("sandbox-delay-0", `warm-${index}`));
    await Promise.all(warmUp);
    await outside.receiver.nth(WARM_UP);
    let sent = 0;
    await sendSteadily(SUBMITTED_PER_S, count, () => {
      sent += 1;
      return side.submit(`sandbox-delay-${solveMs(sent, count)}`, `task-${sent}`);
    });
    await Promise.race([
      outside.receiver.nth(WARM_UP + count),
      delay(2 * CADENCE_MS + PATIENCE_MS, undefined, { ref: false }),
    ]);
    return lagsOf(outside, count);
  } finally {
    await side.close();
    await outside.close();
  }
}

/** Evenly over one cadence after the first, in an order that has nothing to do with the order of submission. */
function solveMs(index: number, count: number): number {
  const place = (index * 37) % count;
  return CADENCE_MS + Math.round((CADENCE_MS * (place + 0.5)) / count);
}

/** The lag (ms) of each of `count` tasks whose names begin with `task-`. */
export function lagsOf({ upstream, receiver }: Outside, count: number): number[] {
  const readyAt = new Map<string, number>();
  for (const { path, pageAction, taskId } of upstream.requests) {
    const made = path === "/createTask" && pageAction !== null ? parseTaskId(taskId) : null;
    if (made?.scenario.kind === "delay") readyAt.set(pageAction ?? "", made.createdAt + made.scenario.ms);
  }
  const lagsMs = receiver.received.flatMap(({ at, body }) => {
    const { pageAction } = received.parse(JSON.parse(body)).data.task;
    const ready = readyAt.get(pageAction);
    return ready === undefined || !pageAction.startsWith("task-") ? [] : [at - ready];
  });
  if (lagsMs.length !== count) throw new Error(`${lagsMs.length} webhooks came of ${count} tasks`);
  return lagsMs;
}

function figureOf(name: string, rounds: readonly (readonly number[])[], target: Figure["target"]): Figure {
  const means = rounds.map((lagsMs) => lagsMs.reduce((sum, lag) => sum + lag, 0) / lagsMs.length);
  const { median, least, greatest } = summarise(means);
  const p99Ms = rounds.map((lagsMs) => quantile(lagsMs, 0.99));
  return { name, unit: "ms", value: median, spread: [least, greatest], target, parts: { meanMs: means, p99Ms } };
}
