// Builds `solvegate/client` into `dist/client`: one module and one declaration for each file of `src/client`, by the compiler alone.
// Modules stay apart, so that whoever bundles them leaves out what is not used.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { PROJECT } from "./support/gateway-process.ts";

const CLIENT = join(PROJECT, "dist", "client");
/** Built beside and put in place at once: what uses the client meanwhile never finds half of it. */
const STAGING = `${CLIENT}-${process.pid}`;
const COMPILER = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");

rmSync(STAGING, { recursive: true, force: true });
try {
  const flags = ["-p", join(PROJECT, "src", "client"), "--noEmit", "false", "--outDir", STAGING];
  execFileSync(process.execPath, [COMPILER, ...flags], { stdio: "inherit" });
  for (const file of readdirSync(STAGING).filter((name) => name.endsWith(".d.ts"))) {
    // The compiler rewrites the endings of imports in modules only; older ones refuse `.ts` in a declaration.
    const declaration = readFileSync(join(STAGING, file), "utf8");
    writeFileSync(join(STAGING, file), declaration.replaceAll(/(from "\.\/[\w-]+)\.ts"/g, '$1.js"'));
  }
  rmSync(CLIENT, { recursive: true, force: true });
  renameSync(STAGING, CLIENT);
} finally {
  rmSync(STAGING, { recursive: true, force: true });
}
