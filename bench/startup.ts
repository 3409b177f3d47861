// What the Worker's isolate works before it can take its first request, by wrangler's own profile of it in workerd: module
// evaluation and what it collects, without the time in which it idles.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runWrangler } from "./build.ts";
import type { Figure } from "./report.ts";
import { summarise } from "./stats.ts";

/** What is used of a V8 profile; deltas in microseconds, one a sample. */
interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: { readonly functionName: string } }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Profiles the start-up `rounds` times. */
export async function measureStartup(folder: string, rounds: number): Promise<Figure> {
  const activeMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const path = join(folder, `startup-${round}.cpuprofile`);
    await runWrangler(["check", "startup", "--args=--minify", "--outfile", path]);
    activeMs.push(activeMsOf(JSON.parse(readFileSync(path, "utf8")) as CpuProfile));
  }
  const { median, least, greatest } = summarise(activeMs);
  return {
    name: "start-up of the isolate",
    unit: "ms",
    value: median,
    spread: [least, greatest],
    target: { side: "at most", bound: 60 },
    parts: { activeMs },
  };
}

function activeMsOf({ nodes, samples, timeDeltas }: CpuProfile): number {
  const idle = new Set(nodes.filter(({ callFrame }) => callFrame.functionName === "(idle)").map(({ id }) => id));
  const active = samples.reduce((sum, id, index) => sum + (idle.has(id) ? 0 : (timeDeltas[index] ?? 0)), 0);
  return active / 1_000;
}
