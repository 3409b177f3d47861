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
    accepts: { rounds: 4, steadyCount: 40, loadedCount: 320 },
    inflight: { rounds: 2, watchMs: 8_000 },
    lag: { rounds: 2, count: 90 },
    held: 100,
    startups: 3,
  },
  quick: {
    accepts: { rounds: 1, steadyCount: 30, loadedCount: 160 },
    inflight: { rounds: 1, watchMs: 4_000 },
    lag: { rounds: 1, count: 48 },
    held: 40,
    startups: 1,
  },
} as const;

const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
const kind = values.quick ? "quick" : "full";
const plan = PLANS[kind];
const tell = (line: string) => console.log(line);
const startedAt = Date.now();
endOnSignals();
try {
  const folder = temporaryFolder();
  const bundle = await buildWorker(folder);
  const times: Record<string, number> = {};
  const timed = async <T>(name: string, measure: () => Promise<T>): Promise<T> => {
    const since = Date.now();
    const result = await measure();
    times[name] = Math.round((Date.now() - since) / 1_000);
    return result;
  };
  const accepts = await timed("accepts", () => measureAccepts(bundle, plan.accepts, tell));
  const inflight = await timed("inflight", () => measureInflight(bundle, plan.inflight, tell));
  const lag = await timed("lag", () => measureLag(bundle, plan.lag));
  const held = await timed("held", () => measureHeld(bundle, plan.held));
  const counted = await timed("counted", () => measureCounted(bundle));
  const startup = await timed("startup", () => measureStartup(folder, plan.startups));
  const figures = [...accepts, ...inflight, ...lag, held, ...counted.figures, sizeOf(bundle), startup];
  const seconds = Math.round((Date.now() - startedAt) / 1_000);
  tell(
    `\n${tableOf(figures)}\n\n${counted.table}\n\n${kind}, ${seconds} s ${JSON.stringify(times)}; written to bench/results.json`,
  );
  writeResults(RESULTS, { date: new Date(startedAt).toISOString(), kind, seconds }, figures);
} finally {
  await endAll();
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
