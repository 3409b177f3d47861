// Builds the static assets that the Worker serves into `dist/assets`: the reference (`/docs`, Swagger UI from its package, and the
// page of problems) and the console (`/console`, by Vite). Nothing in them comes from another host.

import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { PROBLEMS_PAGE } from "../src/reference/problems-page.ts";
import { PROJECT } from "./support/gateway-process.ts";

const ASSETS = join(PROJECT, "dist", "assets");
/** Built beside and put in place at once: a gateway that runs meanwhile never misses a file for long. */
const STAGING = `${ASSETS}-${process.pid}`;
const SWAGGER_UI = dirname(fileURLToPath(import.meta.resolve("swagger-ui-dist/package.json")));

await build({
  root: join(PROJECT, "src", "console"),
  configFile: false,
  logLevel: "warn",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: STAGING,
    emptyOutDir: true,
    assetsDir: "console",
    // The policy of the page allows no data: URL.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: join(PROJECT, "src", "console", "console.html") },
  },
});

const reference = join(PROJECT, "src", "reference");
const docs = join(STAGING, "docs");
mkdirSync(docs, { recursive: true });
cpSync(join(reference, "docs.html"), join(STAGING, "docs.html"));
writeFileSync(join(docs, "problems.html"), PROBLEMS_PAGE);
for (const file of ["reference.css", "reference.js", "icon.svg"]) cpSync(join(reference, file), join(docs, file));
// With Swagger UI go the notices that its licence asks for.
for (const file of [
  "swagger-ui.css",
  "swagger-ui-bundle.js",
  "swagger-ui-bundle.js.LICENSE.txt",
  "LICENSE",
  "NOTICE",
]) {
  cpSync(join(SWAGGER_UI, file), join(docs, file.replace(/^(LICENSE|NOTICE)$/, "swagger-ui.$1.txt")));
}

rmSync(ASSETS, { recursive: true, force: true });
renameSync(STAGING, ASSETS);
