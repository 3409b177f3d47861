// The advice on first polls, in a run: two gateways solve the same tasks at the same time, one with what it learns of solve times and
// one with polls at 3, 6, 9 … s. Solve times are narrow, where there is most to learn; the simulation (advice.ts) has the others.

import { setTimeout as delay } from "node:timers/promises";
import { parseTaskId } from "../src/upstream/scenario.ts";
import type { Bundle } from "./build.ts";
import { lagsOf } from "./lag.ts";
import { sendSteadily } from "./load.ts";
import type { Outside } from "./outside.ts";
import { openOutside, setSolvingGateway } from "./outside.ts";
import type { Figure } from "./report.ts";
import { seeded } from "./solve-families.ts";

const CADENCE_MS = 3_000;

const SUBMITTED_PER_S = 10;

/** Solve times: evenly in this range (ms), which a poll at 3 s and one at 6 s cannot find. */
const SOLVED_FROM_MS = 6_500;
const SOLVED_WITHIN_MS = 1_000;

/** A webhook that has not come this long (ms) after the last submission will not come. */
const PATIENCE_MS = 25_000;

export interface AdvisedPlan {
  /** Tasks that are learned from, and are solved before the rest is submitted. */
  readonly learned: number;
  readonly counted: number;
}

/** What came of the counted tasks of one gateway. */
interface Outcome {
  readonly polls: number;
  readonly meanLagMs: number;
}

/** Runs both and compares them. */
export async function measureAdvised(bundle: Bundle, plan: AdvisedPlan): Promise<Figure[]> {
  const [advised, usual] = await Promise.all([play(bundle, plan, true), play(bundle, plan, false)]);
  const parts = {
    advisedPollsPerTask: advised.polls / plan.counted,
    usualPollsPerTask: usual.polls / plan.counted,
    advisedMeanLagMs: advised.meanLagMs,
    usualMeanLagMs: usual.meanLagMs,
  };
  return [
    {
      name: "advice in a run: lag, to that of 3, 6, 9 … s",
      unit: "ratio",
      value: advised.meanLagMs / usual.meanLagMs,
      spread: null,
      target: { side: "at most", bound: 1.03 },
      parts,
    },
    {
      name: "advice in a run: polls, to those of 3, 6, 9 … s",
      unit: "ratio",
      value: advised.polls / usual.polls,
      spread: null,
      target: { side: "at most", bound: 1 },
      parts,
    },
  ];
}

async function play(bundle: Bundle, { learned, counted }: AdvisedPlan, advice: boolean): Promise<Outcome> {
  const outside = await openOutside();
  const side = await setSolvingGateway(bundle, outside, CADENCE_MS, advice);
  const random = seeded(1);
  const submit = (count: number, name: string) => {
    let sent = 0;
    return sendSteadily(SUBMITTED_PER_S, count, () => {
      sent += 1;
      const solveMs = Math.round(SOLVED_FROM_MS + random() * SOLVED_WITHIN_MS);
      return side.submit(`sandbox-delay-${solveMs}`, `${name}-${sent}`);
    });
  };
  const received = (count: number) =>
    Promise.race([outside.receiver.nth(count), delay(PATIENCE_MS, undefined, { ref: false })]);
  try {
    await submit(learned, "learned");
    await received(learned);
    await submit(counted, "task");
    await received(learned + counted);
    const lagsMs = lagsOf(outside, counted);
    return { polls: pollsOf(outside), meanLagMs: lagsMs.reduce((sum, lag) => sum + lag, 0) / counted };
  } finally {
    await side.close();
    await outside.close();
  }
}

/** Polls of the counted tasks. */
function pollsOf({ upstream }: Outside): number {
  const counted = new Set<string>();
  for (const { path, pageAction, taskId } of upstream.requests) {
    const made = path === "/createTask" && pageAction?.startsWith("task-") ? parseTaskId(taskId) : null;
    if (made !== null) counted.add(made.taskId);
  }
  return upstream.requests.filter(({ path, taskId }) => path === "/getTaskResult" && counted.has(String(taskId)))
    .length;
}
