// Writes the gateway's OpenAPI document, for the linter and the client's types: `node scripts/openapi.mjs FILE`.

import { mkdirSync, writeFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { dirname } from "node:path";

/** Replaces `cloudflare:workers`, which Node does not have and the document does not need. */
const PLATFORM = "data:text/javascript,export class DurableObject {} export const env = {}; export const tracing = {};";

const file = process.argv[2];
if (file === undefined) {
  console.error("usage: node scripts/openapi.mjs FILE");
  process.exit(1);
}
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "cloudflare:workers" ? { url: PLATFORM, shortCircuit: true } : next(specifier, context),
});
const { createApp } = await import("../src/app.ts");
const response = await createApp().request("/openapi.json", {}, {});
if (!response.ok) throw new Error(`GET /openapi.json returned ${response.status}`);
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify(await response.json(), null, 2)}\n`);
