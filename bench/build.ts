// The Worker as it is deployed: wrangler's own bundle, minified, in a folder of the run. It deploys nothing.

import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { interrupted } from "./endings.ts";

/** The project's folder. */
export const PROJECT = join(dirname(fileURLToPath(import.meta.url)), "..");

/** What is used of esbuild, which comes with wrangler and is found through it. */
interface EsbuildModule {
  transformSync(text: string, options: { readonly loader: "ts" }): { readonly code: string };
}

const wranglerPackage = createRequire(import.meta.url).resolve("wrangler/package.json");
const esbuild = createRequire(wranglerPackage)("esbuild") as EsbuildModule;

/** A file that the bundle's main module imports by name. */
interface TextModule {
  readonly name: string;
  readonly contents: string;
}

export interface Bundle {
  readonly script: string;
  /** SQL migrations, as text. */
  readonly texts: readonly TextModule[];
  /** Bytes of all modules together. */
  readonly minifiedBytes: number;
  readonly gzippedBytes: number;
}

/** Bundles the Worker into `folder`, as `npm run deploy` does. */
export async function buildWorker(folder: string): Promise<Bundle> {
  await runWrangler(["deploy", "--dry-run", "--minify", "--outdir", folder]);
  const script = readFileSync(join(folder, "index.js"), "utf8");
  const texts = readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .map((name) => ({ name, contents: readFileSync(join(folder, name), "utf8") }));
  const all = Buffer.from([script, ...texts.map(({ contents }) => contents)].join(""));
  return { script, texts, minifiedBytes: all.length, gzippedBytes: gzipSync(all).length };
}

/** A file of this folder, as JavaScript: what runs in workerd and not here. */
export function benchFile(name: string): string {
  const text = readFileSync(join(PROJECT, "bench", name), "utf8");
  return name.endsWith(".ts") ? esbuild.transformSync(text, { loader: "ts" }).code : text;
}

/** Runs a wrangler command in the project's folder; rejects where it fails. */
export async function runWrangler(flags: readonly string[]): Promise<void> {
  const command = join(dirname(wranglerPackage), "bin", "wrangler.js");
  await promisify(execFile)(process.execPath, [command, ...flags], {
    cwd: PROJECT,
    signal: interrupted,
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true" },
  });
}
