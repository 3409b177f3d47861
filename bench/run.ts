// `npm run bench`: the Worker as deployed, on workerd without development proxies, beside the floor. It prints each figure with its
// target, writes bench/results.json, and ends only what it started. A miss is told, and is no failure of the run: on a busy
// machine only the ratios mean anything. State lies in the system's temporary folder (TMPDIR chooses another).
//
// `--quick` shrinks every load to fit into a minute, and leaves fairness out. `--soak` or `--soak=<minutes>` runs mixed traffic
// instead, and fails where anything but speed is amiss.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { z } from "zod";
import { measureAccepts } from "./accepts.ts";
import type { Bundle } from "./build.ts";
import { buildWorker } from "./build.ts";
import { measureCounted } from "./counted.ts";
import { endAll, endOnSignals, temporaryFolder } from "./endings.ts";
import { measureFairness } from "./fairness.ts";
import { measureFirstPoll } from "./first-poll.ts";
import { measureHeld } from "./held.ts";
import { measureInflight } from "./inflight.ts";
import { measureLag } from "./lag.ts";
import type { Figure } from "./report.ts";
import { tableOf, verdict, writeResults } from "./report.ts";
import { soak } from "./soak.ts";
import { measureStartup } from "./startup.ts";

const RESULTS = join(dirname(fileURLToPath(import.meta.url)), "results.json");

/** Under five minutes, and under one with `--quick`. */
const PLANS = {
  full: {
    accepts: { rounds: 2, turns: 6 },
    fairness: { rounds: 2, count: 40 },
    inflight: { rounds: 2, watchMs: 8_000 },
    lag: { rounds: 2, count: 90 },
    firstPoll: { tasks: 3_000, seeds: 2 },
    held: 100,
    startups: 3,
  },
  quick: {
    accepts: { rounds: 1, turns: 2 },
    fairness: null,
    inflight: { rounds: 1, watchMs: 3_000 },
    lag: { rounds: 1, count: 20 },
    firstPoll: { tasks: 500, seeds: 2 },
    held: 10,
    startups: 1,
  },
} as const;

/** Minutes of a soak, unless told; and what may be asked for. */
const SOAK_MINUTES = 20;
const soakMinutes = z.coerce.number().min(1).max(1_440);

const tell = (line: string) => console.log(line);
endOnSignals();
try {
  const { quick, soak: minutes } = readFlags();
  if (minutes === null) await bench(quick ? "quick" : "full");
  else await runSoak(minutes);
} finally {
  await endAll();
}

/** `--soak` and `--soak=<minutes>` are both taken, which parseArgs alone does not do. */
function readFlags(): { readonly quick: boolean; readonly soak: number | null } {
  const flags = process.argv.slice(2).map((flag) => (flag === "--soak" ? `--soak=${SOAK_MINUTES}` : flag));
  const { values } = parseArgs({ args: flags, options: { quick: { type: "boolean" }, soak: { type: "string" } } });
  return { quick: values.quick === true, soak: values.soak === undefined ? null : soakMinutes.parse(values.soak) };
}

async function runSoak(minutes: number): Promise<void> {
  const bundle = await buildWorker(temporaryFolder());
  const { figures, faults } = await soak(bundle, minutes, tell);
  for (const fault of faults) tell(fault);
  tell(`\n${tableOf(figures)}`);
  if (faults.length > 0 || figures.some((figure) => verdict(figure) === "MISS")) process.exitCode = 1;
}

async function bench(kind: keyof typeof PLANS): Promise<void> {
  const plan = PLANS[kind];
  const startedAt = Date.now();
  const folder = temporaryFolder();
  const bundle = await buildWorker(folder);
  const accepts = await measureAccepts(bundle, plan.accepts, tell);
  const fairness = plan.fairness === null ? [] : await measureFairness(bundle, plan.fairness, tell);
  const inflight = await measureInflight(bundle, plan.inflight, tell);
  // Counting has the machine nearly to itself, and so has the lag: neither minds the other.
  const [lag, counted] = await Promise.all([measureLag(bundle, plan.lag), measureCounted(bundle)]);
  const held = await measureHeld(bundle, plan.held);
  const startup = await measureStartup(folder, plan.startups);
  const firstPoll = measureFirstPoll(plan.firstPoll);
  const measured = [...accepts, ...fairness, ...inflight, ...lag, held, ...counted.figures];
  const figures = [...measured, sizeOf(bundle), startup, ...firstPoll];
  const seconds = Math.round((Date.now() - startedAt) / 1_000);
  tell(
    `\n${tableOf(figures)}\n\n${counted.table}\n\nCounted under a clock that runs faster; the budget test has the held time exactly.`,
  );
  if (kind === "quick") tell("Left out by --quick: what one tenant's load is to another.");
  tell(`${seconds} s; written to bench/results.json`);
  writeResults(RESULTS, { date: new Date(startedAt).toISOString(), kind, seconds }, figures);
}

function sizeOf({ minifiedBytes, gzippedBytes }: Bundle): Figure {
  return {
    name: "bundle, minified and gzipped",
    unit: "KiB",
    value: gzippedBytes / 1_024,
    spread: null,
    target: { side: "at most", bound: 180 },
    parts: { minifiedKiB: minifiedBytes / 1_024 },
  };
}
