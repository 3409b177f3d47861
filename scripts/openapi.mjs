// Writes the OpenAPI description that the gateway serves, for the linter and for whoever generates code from it:
// `node scripts/openapi.mjs dist/openapi.json`.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { createApp } from "../src/app.ts";

const file = process.argv[2];
if (file === undefined) {
  console.error("usage: node scripts/openapi.mjs FILE");
  process.exit(1);
}
const response = await createApp().request("/openapi.json", {}, {});
if (!response.ok) throw new Error(`/openapi.json answered ${response.status}`);
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify(await response.json(), null, 2)}\n`);
