// Builds the static assets that the Worker serves into `dist/assets`: the reference (`/docs`, Swagger UI from its package, and the
// page of problems) and the console (`/console`, by Vite). Nothing in them comes from another host.

import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { DOCS_PAGE, HOME_PAGE } from "../src/reference/pages.ts";
import { PROBLEMS_PAGE } from "../src/reference/problems-page.ts";
import { PROJECT } from "./support/gateway-process.ts";

const ASSETS = join(PROJECT, "dist", "assets");
/** The assets are built here and then renamed, so that a build is never incomplete. A running gateway has to be started again. */
const STAGING = `${ASSETS}-${process.pid}`;
const CONSOLE = join(PROJECT, "src", "console");
const REFERENCE = join(PROJECT, "src", "reference");
const SWAGGER_UI = dirname(fileURLToPath(import.meta.resolve("swagger-ui-dist/package.json")));

await build({
  root: CONSOLE,
  configFile: false,
  logLevel: "warn",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: STAGING,
    emptyOutDir: true,
    assetsDir: "console",
    // The page's content security policy allows no data: URL.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: join(CONSOLE, "console.html") },
  },
});

const docs = join(STAGING, "docs");
mkdirSync(docs, { recursive: true });
writeFileSync(join(STAGING, "index.html"), HOME_PAGE);
writeFileSync(join(STAGING, "docs.html"), DOCS_PAGE);
writeFileSync(join(docs, "problems.html"), PROBLEMS_PAGE);
// The reference uses the console's colors.
const styles = [
  join(CONSOLE, "styles", "tokens.css"),
  join(REFERENCE, "reference.css"),
  join(REFERENCE, "swagger-theme.css"),
];
writeFileSync(join(docs, "reference.css"), styles.map((file) => readFileSync(file, "utf8")).join("\n"));
cpSync(join(REFERENCE, "reference.js"), join(docs, "reference.js"));
cpSync(join(CONSOLE, "icon.svg"), join(docs, "icon.svg"));
// The license of Swagger UI requires its notices.
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
