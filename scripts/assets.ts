// Builds the static assets that the Worker serves into `dist/assets`: the reference (`/docs`, Swagger UI from its package) and the
// console (`/console`, by Vite). Nothing in them comes from another host.

import { cpSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { build } from "vite";
import { PROJECT } from "./support/gateway-process.ts";

const ASSETS = join(PROJECT, "dist", "assets");
/** Built beside and put in place at once: a gateway that runs meanwhile never misses a file for long. */
const STAGING = `${ASSETS}-${process.pid}`;
const SWAGGER_UI = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));

await build({
  root: join(PROJECT, "src", "console"),
  configFile: false,
  logLevel: "warn",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: STAGING,
    emptyOutDir: true,
    assetsDir: "console",
    modulePreload: { polyfill: false },
    rolldownOptions: { input: join(PROJECT, "src", "console", "console.html") },
  },
});

mkdirSync(join(STAGING, "docs"), { recursive: true });
cpSync(join(PROJECT, "src", "reference", "docs.html"), join(STAGING, "docs.html"));
cpSync(join(PROJECT, "src", "reference", "reference.js"), join(STAGING, "docs", "reference.js"));
for (const file of ["swagger-ui.css", "swagger-ui-bundle.js"]) {
  cpSync(join(SWAGGER_UI, file), join(STAGING, "docs", file));
}

rmSync(ASSETS, { recursive: true, force: true });
renameSync(STAGING, ASSETS);
