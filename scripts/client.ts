// Builds the published package's files: `solvegate/client` in `dist/client`, with the few files that it shares with the gateway beside
// it, and the command `solvegate` in `dist/cli.js`. There is one module and one declaration per source file, so that bundlers leave out
// what a user does not import.

import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { PROJECT } from "./support/gateway-process.ts";

const SOURCE = join(PROJECT, "src");
const DIST = join(PROJECT, "dist");
const COMMAND = join(DIST, "cli.js");
/** The files that are published: the client's own, and shared ones without dependencies. */
const PUBLISHED = ["client", "poll-interval.js", "poll-interval.d.ts", "tasks/status.js", "tasks/status.d.ts"];
/** The files are built here and then renamed, so that a process that imports the client never finds a part of them. */
const STAGING = join(DIST, `client-${process.pid}`);
const COMPILER = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");

function compile(project: string): void {
  const flags = ["-p", project, "--noEmit", "false", "--rootDir", SOURCE, "--outDir", STAGING];
  execFileSync(process.execPath, [COMPILER, ...flags], { stdio: "inherit" });
}

const isPublished = (file: string): boolean => file.startsWith("client/") || PUBLISHED.includes(file);

rmSync(STAGING, { recursive: true, force: true });
try {
  // The command is compiled first, so that the files that it shares with the client are compiled with the client's settings.
  compile(join(SOURCE, "client", "cli"));
  compile(join(SOURCE, "client"));
  for (const file of readdirSync(STAGING, { recursive: true, encoding: "utf8" })) {
    if (/\.js$/.test(file) && !isPublished(file)) throw new Error(`the client imports the gateway's src/${file}`);
    if (!file.endsWith(".d.ts")) continue;
    if (file.startsWith("client/cli/")) rmSync(join(STAGING, file));
    else {
      // The compiler rewrites `.ts` only in modules, and older compilers reject it in declarations.
      const declaration = readFileSync(join(STAGING, file), "utf8");
      writeFileSync(join(STAGING, file), declaration.replaceAll(/(from "\.{1,2}\/[\w./-]+)\.ts"/g, '$1.js"'));
    }
  }
  mkdirSync(join(DIST, "tasks"), { recursive: true });
  for (const entry of PUBLISHED) {
    rmSync(join(DIST, entry), { recursive: true, force: true });
    renameSync(join(STAGING, entry), join(DIST, entry));
  }
} finally {
  rmSync(STAGING, { recursive: true, force: true });
}
writeFileSync(COMMAND, '#!/usr/bin/env node\nimport "./client/cli/main.js";\n', { mode: 0o755 });
