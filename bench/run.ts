// `npm run bench`: the Worker as deployed, on workerd without development proxies, beside the floor. It prints each figure with its
// target, writes bench/results.json, and ends only what it started. A miss is told, and is no failure of the run: on a busy
// machine only the ratios mean anything. State lies in the system's temporary folder (TMPDIR chooses another).

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { measureAccepts } from "./accepts.ts";
import type { Bundle } from "./build.ts";
import { buildWorker } from "./build.ts";
import { measureHeld } from "./held.ts";
import type { Figure } from "./report.ts";
import { tableOf, writeResults } from "./report.ts";
import { measureStartup } from "./startup.ts";

const RESULTS = join(dirname(fileURLToPath(import.meta.url)), "results.json");

/** Under three minutes, and under one with `--quick`. */
const PLANS = {
  full: { rounds: 4, steadyCount: 40, loadedCount: 320, held: 100, startups: 3 },
  quick: { rounds: 2, steadyCount: 30, loadedCount: 160, held: 40, startups: 2 },
} as const;

const kind = process.argv.includes("--quick") ? "quick" : "full";
const plan = PLANS[kind];
const startedAt = Date.now();
const folder = mkdtempSync(join(tmpdir(), "solvegate-bench-bundle-"));
try {
  const bundle = await buildWorker(folder);
  const accepts = await measureAccepts(bundle, plan, (line) => console.log(line));
  const figures = [...accepts, await measureHeld(bundle, plan.held), sizeOf(bundle)];
  figures.push(await measureStartup(folder, plan.startups));
  const seconds = Math.round((Date.now() - startedAt) / 1_000);
  console.log(`\n${tableOf(figures)}\n\n${plan.rounds} rounds in ${seconds} s; written to bench/results.json`);
  writeResults(RESULTS, { date: new Date(startedAt).toISOString(), kind, rounds: plan.rounds, seconds }, figures);
} finally {
  rmSync(folder, { recursive: true, force: true });
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
