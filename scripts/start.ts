// `npm start`: runs the gateway on http://127.0.0.1:8787 and keeps its state between runs. Flags after `--` go to `wrangler dev`. The first
// run writes `.dev.vars` with a random ADMIN_TOKEN, which is never printed.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative, resolve } from "node:path";
import { bannerText, tokenExpression } from "./support/banner.ts";
import { checkVariables, createSecrets, readSecrets } from "./support/dev-variables.ts";
import { type GatewayLog, parseLog, readableLog } from "./support/gateway-logs.ts";
import { spawnGateway } from "./support/gateway-process.ts";
import { freePort, parsePort, requirePort } from "./support/ports.ts";
import { PROJECT } from "./support/project.ts";
import { shutdownSignal, untilAborted } from "./support/shutdown.ts";
import { messageOf, StartError } from "./support/start-error.ts";
import { claimStateFolder, type StateFolder } from "./support/state-folder.ts";
import { flagValues, hasFlag, variablesIn, withoutFlags } from "./support/wrangler-flags.ts";

const DEFAULT_PORT = 8787;

interface Plan {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly stateFolder: string;
  /** The files with variables and secrets. Later files override earlier ones. */
  readonly secretFiles: readonly string[];
  readonly flags: readonly string[];
}

async function planOf(flags: readonly string[]): Promise<Plan> {
  const asked = hasFlag(flags, "--port") ? parsePort(flagValues(flags, "--port").at(0) ?? "") : DEFAULT_PORT;
  const port = asked === 0 ? await freePort() : asked;
  const [host = "127.0.0.1"] = flagValues(flags, "--ip");
  const [scheme = "http"] = flagValues(flags, "--local-protocol");
  const [persistTo] = flagValues(flags, "--persist-to");
  const envFiles = flagValues(flags, "--env-file").map((file) => resolve(PROJECT, file));
  const [environment] = flagValues(flags, "--env", "-e");
  const forEnvironment = join(PROJECT, `.dev.vars.${environment}`);
  const secrets = environment !== undefined && existsSync(forEnvironment) ? forEnvironment : join(PROJECT, ".dev.vars");
  return {
    host,
    port,
    url: `${scheme}://${["0.0.0.0", "*", "::"].includes(host) ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host}:${port}`,
    // The default port uses wrangler's own folder, which has the state of earlier versions.
    stateFolder: resolve(PROJECT, persistTo ?? (port === DEFAULT_PORT ? ".wrangler/state" : `.wrangler/state-${port}`)),
    secretFiles: envFiles.length > 0 ? envFiles : [secrets],
    flags: [
      ...withoutFlags(flags, "--port", "--ip", "--persist-to", "--env-file"),
      ...["--port", String(port), "--ip", host],
      ...(hasFlag(flags, "--inspector-port") ? [] : ["--inspector-port", "0"]),
      ...envFiles.flatMap((file) => ["--env-file", file]),
    ],
  };
}

/** Writes the gateway's output: readable lines in a terminal, JSON lines otherwise. */
class Output {
  readonly #early: GatewayLog[] = [];
  #isReady = false;

  line(line: string): void {
    const log = parseLog(line);
    if (log !== null) this.#log(log);
    // wrangler's line for a request repeats the gateway's own, and its line about the start comes after the banner.
    else if (this.#isReady && !/^(\[wrangler:info\]|⎔ Starting) /.test(line)) this.#other(line);
  }

  /** Prints the banner, and then the warnings and errors that were logged before it. */
  ready(banner: string): void {
    console.log(banner);
    this.#isReady = true;
    for (const log of this.#early) if (log.level !== "info") this.#log(log);
  }

  #log(log: GatewayLog): void {
    if (!this.#isReady) this.#early.push(log);
    else console.log(process.stdout.isTTY ? readableLog(log, new Date()) : JSON.stringify(log));
  }

  #other(line: string): void {
    if (process.stdout.isTTY) console.log(line);
    else console.error(line);
  }
}

async function start(flags: readonly string[], signal: AbortSignal): Promise<number> {
  const given = variablesIn(flags);
  const plan = await planOf(flags);
  if (!hasFlag(flags, "--env-file") && createSecrets(join(PROJECT, ".dev.vars"))) {
    console.log("Wrote .dev.vars with a random ADMIN_TOKEN.");
  }
  const fromFiles: Record<string, string> = Object.assign({}, ...plan.secretFiles.map(readSecrets));
  const variables = { ...fromFiles, ...given };
  const configuration = checkVariables(variables);
  if (!existsSync(join(PROJECT, "dist", "assets"))) throw new StartError("dist/assets is missing: run npm ci first.");
  const state = await claim(plan);
  if (signal.aborted) {
    state.release();
    return 0;
  }
  const output = new Output();
  const gateway = spawnGateway(state, plan.flags, (line) => output.line(line));
  const stopped = untilAborted(signal).then(() => gateway.end("stop"));
  try {
    await Promise.race([gateway.untilReady(plan.url), stopped]);
    if (!signal.aborted) {
      output.ready(
        bannerText({
          url: plan.url,
          state: relative(PROJECT, state.path),
          upstreams: configuration.upstreamAccounts.map(({ url }) => url),
          adminToken: tokenIn(plan, given, configuration.adminToken),
        }),
      );
    }
    const code = await gateway.ended;
    if (signal.aborted) return 0;
    throw new StartError(`The gateway ended unexpectedly with exit code ${code}.`);
  } catch (error) {
    if (signal.aborted) return 0;
    throw error;
  } finally {
    await gateway.end("kill");
    state.release();
  }
}

/**
 * Claims the state folder and checks that the port is free. If both are in use, the error is about the port. Claiming the folder ends
 * the processes of a killed gateway, which may free the port.
 */
async function claim({ port, host, stateFolder }: Plan): Promise<StateFolder> {
  const requireFree = () => requirePort(port, host === "*" ? undefined : host);
  const taken = await requireFree().catch((error: unknown) => error);
  const state = await claimStateFolder(stateFolder, { secrets: true }).catch((error: unknown) => {
    throw taken ?? error;
  });
  if (taken === undefined) return state;
  try {
    await requireFree();
    return state;
  } catch (error) {
    state.release();
    throw error;
  }
}

/** A shell expression for the operator's token that does not contain it, or null if the token is unset. */
function tokenIn(plan: Plan, given: Readonly<Record<string, string>>, token: string | null): string | null {
  if (token === null) return null;
  if (given.ADMIN_TOKEN !== undefined) return "$ADMIN_TOKEN";
  const file = plan.secretFiles.at(-1) ?? "";
  return tokenExpression(file, readFileSync(file, "utf8"), token);
}

const flags = process.argv.slice(2);
if (hasFlag(flags, "--help", "-h", "--version", "-v")) {
  const wrangler = createRequire(import.meta.url).resolve("wrangler/bin/wrangler.js");
  process.exitCode = spawnSync(process.execPath, [wrangler, "dev", ...flags], { stdio: "inherit" }).status ?? 1;
} else {
  try {
    process.exitCode = await start(flags, shutdownSignal());
  } catch (error) {
    console.error(error instanceof StartError ? error.message : `npm start failed: ${messageOf(error)}`);
    process.exitCode = 1;
  }
}
