// Builds the Worker as it is deployed (wrangler's minified bundle), and measures its size and the start-up time of its isolate.

import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { PROJECT } from "../scripts/support/project.ts";
import { interrupted } from "./cleanup.ts";
import type { Figure } from "./report.ts";
import { summarize } from "./stats.ts";

/** The part of esbuild that is used. It is installed with wrangler. */
interface EsbuildModule {
  transformSync(text: string, options: { readonly loader: "ts" }): { readonly code: string };
}

/** The part of a V8 profile that is used. There is one delta (µs) for each sample. */
interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: { readonly functionName: string } }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export const requireFromWrangler: NodeJS.Require = createRequire(
  createRequire(import.meta.url).resolve("wrangler/package.json"),
);
const esbuild = requireFromWrangler("esbuild") as EsbuildModule;

export interface Bundle {
  readonly folder: string;
  readonly script: string;
  /** SQL migrations, which the script imports by name. */
  readonly texts: readonly { readonly name: string; readonly contents: string }[];
}

/** Bundles the Worker into `folder`, as `npm run deploy` does. */
export async function buildWorker(folder: string): Promise<Bundle> {
  await runWrangler(["deploy", "--dry-run", "--minify", "--outdir", folder]);
  const read = (name: string) => ({ name, contents: readFileSync(join(folder, name), "utf8") });
  const texts = readdirSync(folder).filter((name) => name.endsWith(".sql"));
  return { folder, script: read("index.js").contents, texts: texts.map(read) };
}

export function measureSize({ script, texts }: Bundle): Figure {
  const all = Buffer.from([script, ...texts.map(({ contents }) => contents)].join(""));
  return {
    name: "bundle, minified and gzipped",
    unit: "KiB",
    value: gzipSync(all).length / 1_024,
    target: { side: "at most", bound: 180 },
    parts: { minifiedKiB: all.length / 1_024 },
  };
}

/** Measures the CPU time (ms) of the isolate's start: module evaluation and garbage collection, without idle time. */
export async function measureStartup({ folder }: Bundle, rounds: number): Promise<Figure> {
  const activeMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const path = join(folder, `startup-${round}.cpuprofile`);
    await runWrangler(["check", "startup", "--args=--minify", "--outfile", path]);
    activeMs.push(activeMsOf(JSON.parse(readFileSync(path, "utf8")) as CpuProfile));
  }
  const { median, spread } = summarize(activeMs);
  return {
    name: "start-up",
    unit: "ms",
    value: median,
    spread,
    target: { side: "at most", bound: 60 },
    parts: { activeMs },
  };
}

function activeMsOf({ nodes, samples, timeDeltas }: CpuProfile): number {
  const idle = new Set(nodes.filter(({ callFrame }) => callFrame.functionName === "(idle)").map(({ id }) => id));
  return samples.reduce((sum, id, index) => sum + (idle.has(id) ? 0 : (timeDeltas[index] ?? 0)), 0) / 1_000;
}

/** A file of the project as JavaScript, for workerd. */
export function readScript(path: string): string {
  const text = readFileSync(join(PROJECT, path), "utf8");
  return path.endsWith(".ts") ? esbuild.transformSync(text, { loader: "ts" }).code : text;
}

async function runWrangler(flags: readonly string[]): Promise<void> {
  const command = join(dirname(requireFromWrangler.resolve("wrangler/package.json")), "bin", "wrangler.js");
  await promisify(execFile)(process.execPath, [command, ...flags], {
    cwd: PROJECT,
    signal: interrupted,
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true" },
  });
}
