// `npm start`: the gateway on http://127.0.0.1:8787, state kept between runs. Flags after `--` go to `wrangler dev`. The first
// run writes `.dev.vars` with a random ADMIN_TOKEN; the token itself is never printed.

import { randomBytes } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT, spawnWrangler, untilHealthy } from "./support/gateway-process.ts";

const DEFAULT_PORT = "8787";
const SECRETS = join(PROJECT, ".dev.vars");

/** The value of a flag given as `--name value` or `--name=value`. */
function flagValue(flags: readonly string[], name: string): string | undefined {
  const index = flags.findIndex((flag) => flag === name || flag.startsWith(`${name}=`));
  const flag = flags[index];
  return flag?.includes("=") ? flag.slice(name.length + 1) : flags[index + 1];
}

const flags = process.argv.slice(2);
const hasFlag = (name: string) => flags.some((flag) => flag === name || flag.startsWith(`${name}=`));

if (!existsSync(SECRETS)) {
  writeFileSync(SECRETS, `ADMIN_TOKEN=${randomBytes(24).toString("hex")}\n`, { mode: 0o600 });
  console.log("Wrote .dev.vars with a random ADMIN_TOKEN.");
}

const port = hasFlag("--port") ? (flagValue(flags, "--port") ?? DEFAULT_PORT) : DEFAULT_PORT;
const defaults = [...(hasFlag("--port") ? [] : ["--port", port]), ...(hasFlag("--ip") ? [] : ["--ip", "127.0.0.1"])];
const child = spawnWrangler([...defaults, ...flags], "shared");

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill("SIGTERM"));
child.once("exit", (code) => process.exit(code ?? 0));

const url = `http://127.0.0.1:${port}`;
await untilHealthy(url, () => child.exitCode !== null);
console.log(`
Solvegate is up on ${url}. Its tenants (the operator's token is read from .dev.vars):

curl -s ${url}/admin/tenants -H "Authorization: Bearer $(sed -n 's/^ADMIN_TOKEN=//p' '${SECRETS}')"
`);
