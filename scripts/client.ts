// Builds the published package's files: `solvegate/client` in `dist/client`, one module and one declaration per source file, and the
// command `solvegate` in `dist/cli.js`. The compiler is all it needs, and modules stay apart, so that bundlers leave out what a user
// does not import.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { PROJECT } from "./support/gateway-process.ts";

const SOURCE = join(PROJECT, "src", "client");
const CLIENT = join(PROJECT, "dist", "client");
const COMMAND = join(PROJECT, "dist", "cli.js");
/** Built beside the old files and renamed: a process that imports the client meanwhile never finds half of it. */
const STAGING = `${CLIENT}-${process.pid}`;
const COMPILER = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");

function compile(project: string): void {
  const flags = ["-p", project, "--noEmit", "false", "--rootDir", SOURCE, "--outDir", STAGING];
  execFileSync(process.execPath, [COMPILER, ...flags], { stdio: "inherit" });
}

rmSync(STAGING, { recursive: true, force: true });
try {
  // The command first: what it shares with the client is then compiled with the client's own settings.
  compile(join(SOURCE, "cli"));
  compile(SOURCE);
  for (const file of readdirSync(STAGING, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".d.ts")) continue;
    if (file.startsWith("cli/")) rmSync(join(STAGING, file));
    else {
      // The compiler rewrites the endings of imports in modules only. Older compilers reject `.ts` in a declaration.
      const declaration = readFileSync(join(STAGING, file), "utf8");
      writeFileSync(join(STAGING, file), declaration.replaceAll(/(from "\.\/[\w.-]+)\.ts"/g, '$1.js"'));
    }
  }
  rmSync(CLIENT, { recursive: true, force: true });
  renameSync(STAGING, CLIENT);
} finally {
  rmSync(STAGING, { recursive: true, force: true });
}
writeFileSync(COMMAND, '#!/usr/bin/env node\nimport "./client/cli/main.js";\n', { mode: 0o755 });
