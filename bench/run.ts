// `npm run bench`: the Worker as deployed, on workerd without development proxies, beside the floor. It prints each figure with its
// target, writes bench/results.json, and ends only what it started. A miss is told, and is no failure of the run: on a busy
// machine only the ratios mean anything. State lies in the system's temporary folder (TMPDIR chooses another).
//
// `--quick` shrinks every load to fit into a minute. `--soak` or `--soak=<minutes>` runs mixed traffic instead.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { measureAccepts } from "./accepts.ts";
import type { Bundle } from "./build.ts";
import { buildWorker } from "./build.ts";
import { measureCounted } from "./counted.ts";
import { endAll, endOnSignals, temporaryFolder } from "./endings.ts";
import { measureFairness } from "./fairness.ts";
import { measureHeld } from "./held.ts";
import { measureInflight } from "./inflight.ts";
import { measureLag } from "./lag.ts";
import type { Figure } from "./report.ts";
import { tableOf, writeResults } from "./report.ts";
import { measureStartup } from "./startup.ts";

const RESULTS = join(dirname(fileURLToPath(import.meta.url)), "results.json");

/** Under five minutes, and under one with `--quick`. */
const PLANS = {
  full: {
    accepts: { rounds: 2, turns: 6 },
    fairness: { rounds: 2, count: 40 },
    inflight: { rounds: 2, watchMs: 8_000 },
    lag: { rounds: 2, count: 90 },
    held: 100,
    startups: 3,
  },
  quick: {
    accepts: { rounds: 1, turns: 3 },
    fairness: null,
    inflight: { rounds: 1, watchMs: 3_000 },
    lag: { rounds: 1, count: 36 },
    held: 20,
    startups: 1,
  },
} as const;

const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
const tell = (line: string) => console.log(line);
endOnSignals();
try {
  await bench(values.quick ? "quick" : "full");
} finally {
  await endAll();
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
  const figures = [...accepts, ...fairness, ...inflight, ...lag, held, ...counted.figures, sizeOf(bundle), startup];
  const seconds = Math.round((Date.now() - startedAt) / 1_000);
  tell(`\n${tableOf(figures)}\n\n${counted.table}\n`);
  if (plan.fairness === null) tell("Left out by --quick: what one tenant's load is to another.");
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
