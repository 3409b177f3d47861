// A local gateway as a process: `wrangler dev` on loopback, for `npm start`, the demo, the tests and the benches. Everything that
// it starts is in one process group, which ends with the process that started it.

import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { stripVTControlCharacters } from "node:util";
import { z } from "zod";
import { parseLog } from "./gateway-logs.ts";
import { freePort, portInUse } from "./ports.ts";
import { signalGroup, untilGroupEnds } from "./process-group.ts";
import { PROJECT } from "./project.ts";
import { StartError } from "./start-error.ts";
import { claimStateFolder, STATE_VARIABLE, type StateFolder } from "./state-folder.ts";
import { hasFlag } from "./wrangler-flags.ts";

export { freePort } from "./ports.ts";
export { PROJECT } from "./project.ts";

/** How long (ms) a gateway may take to answer. A cold start takes some 5 s on a small machine, and more on a busy one. */
const START_TIMEOUT_MS = 60_000;

/** How long (ms) a gateway may take to end by itself before it is killed. It takes some 100 ms. */
const STOP_TIMEOUT_MS = 5_000;

/** Time (ms) between two looks at a gateway that starts, and how often its log is looked at for the reason of a failure. */
const LOOK_INTERVAL_MS = 50;
const MAX_LOG_LOOKS = 40;

/** The last lines of output that are shown when a gateway does not start. */
const SHOWN_LINES = 60;

/** The JSON text that wrangler sends to its parent when the Worker has been bundled and the port is open. */
const readySchema = z.string().regex(/"event":"DEV_SERVER_READY"/);

/** A gateway's processes. */
export interface GatewayProcess {
  /** Waits until the gateway answers at `url`, whose `/healthz` is asked unless it is https. @throws StartError */
  untilReady(url: string): Promise<void>;
  /** Resolves with wrangler's exit code when it has ended, and nothing that it started runs. */
  readonly ended: Promise<number | null>;
  /** Asks everything to end and kills what has not ended after 5 s; or kills at once, as a power cut would. */
  end(how: "stop" | "kill"): Promise<void>;
}

/** Starts `wrangler dev` on a state folder with further flags. `onLine` gets each line of its output. */
export function spawnGateway(
  state: StateFolder,
  flags: readonly string[],
  onLine: (line: string) => void,
): GatewayProcess {
  const child = spawnWrangler(state, flags);
  const lines: string[] = [];
  const probeId = `start-${randomUUID()}`;
  let isReady = false;
  for (const input of [child.stdout, child.stderr]) {
    if (input === null) continue;
    createInterface({ input }).on("line", (line) => {
      if (!isReady) lines.push(line);
      // The requests of this start are not of interest.
      if (!line.includes(probeId)) onLine(line);
    });
  }
  const closed = new Promise((resolve) => child.once("close", resolve));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", async (code) => {
      await endGroup(child);
      // Its last output may still be on the way.
      await closed;
      resolve(code);
    });
  });
  const ready = new Promise<void>((resolve) => {
    child.on("message", (message) => readySchema.safeParse(message).success && resolve());
  });
  const endedEarly = ended.then(() => {
    throw failure(lines);
  });
  endedEarly.catch(() => {});
  return {
    ended,
    untilReady: async (url) => {
      await Promise.race([ready, endedEarly, timeout(START_TIMEOUT_MS)]);
      if (url.startsWith("http:")) await Promise.race([untilHealthy(url, probeId, lines), endedEarly]);
      isReady = true;
      lines.length = 0;
    },
    end: async (how) => {
      if (child.pid !== undefined) signalGroup(child.pid, how === "stop" ? "SIGTERM" : "SIGKILL");
      const timer = setTimeout(() => void endGroup(child), STOP_TIMEOUT_MS);
      await ended.finally(() => clearTimeout(timer));
    },
  };
}

function spawnWrangler(state: StateFolder, flags: readonly string[]): ChildProcess {
  const manifest = createRequire(import.meta.url).resolve("wrangler/package.json");
  const preload = new URL("./parent-watch.ts", import.meta.url);
  // Not bin/wrangler.js, which would start one more process for the same module.
  const command = join(dirname(manifest), "wrangler-dist", "cli.js");
  const config = hasFlag(flags, "--config", "-c") ? [] : ["--config", state.config];
  const own = [...config, "--persist-to", state.path, "--show-interactive-dev-session=false"];
  return spawn(process.execPath, ["--no-warnings", "--import", preload.href, command, "dev", ...own, ...flags], {
    cwd: PROJECT,
    env: {
      ...process.env,
      [STATE_VARIABLE]: state.path,
      TMPDIR: state.runFolder,
      // The local gateway needs nothing from outside, and leaves nothing outside its state folder.
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
      WRANGLER_HIDE_BANNER: "true",
      WRANGLER_REGISTRY_PATH: join(state.runFolder, "registry"),
      WRANGLER_SEND_METRICS: "false",
      WRANGLER_WRITE_LOGS: "false",
    },
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
}

/** Kills what is left of the group and waits until it has ended. */
async function endGroup({ pid }: ChildProcess): Promise<void> {
  if (pid === undefined) return;
  signalGroup(pid, "SIGKILL");
  await untilGroupEnds(pid, STOP_TIMEOUT_MS);
}

/** Why a gateway has ended before it answered. */
function failure(lines: readonly string[]): StartError {
  const plain = lines.map((line) => stripVTControlCharacters(line));
  const output = plain.join("\n").trim();
  const taken = /Address already in use.*?:(\d+)/.exec(output);
  if (taken !== null) return portInUse(Number(taken[1]));
  const unknown = /Unknown arguments?: .*/.exec(output);
  if (unknown !== null) return new StartError(`${unknown[0]}. npm start -- --help lists the flags.`);
  return new StartError(`The gateway did not start:\n${plain.slice(-SHOWN_LINES).join("\n").trim()}`);
}

async function timeout(ms: number): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, ms).unref());
  throw new StartError(`The gateway did not answer in ${ms / 1_000} s.`);
}

/** Waits until `/healthz` answers 200. */
async function untilHealthy(url: string, probeId: string, lines: readonly string[]): Promise<void> {
  const until = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < until) {
    const answer = await fetch(`${url}/healthz`, { headers: { "x-request-id": probeId } }).catch(() => null);
    if (answer?.ok) return;
    if (answer?.status === 500) throw await configurationFailure(lines, await answer.text());
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
  }
  await timeout(0);
}

/** Why `/healthz` answers 500: the rules that variables of wrangler.toml break, one a line, as the gateway logs them. */
async function configurationFailure(lines: readonly string[], body: string): Promise<StartError> {
  // The log line may arrive after the response.
  for (let looks = 0; looks < MAX_LOG_LOOKS; looks += 1) {
    for (const line of lines) {
      const [, problems] = /bad configuration: (.*)$/.exec(String(parseLog(line)?.error)) ?? [];
      if (problems !== undefined) return new StartError(problems.split("; ").join("\n"));
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
  }
  return new StartError(`The gateway answers 500: ${body}`);
}

export interface GatewayOptions {
  /** The state folder. */
  readonly persistTo: string;
  /** Variables and secrets of this run. The project's `.dev.vars` is not read. */
  readonly vars: Readonly<Record<string, string>>;
  /** By default a free one. */
  readonly port?: number;
}

/** A gateway that answers. */
export interface RunningGateway {
  readonly url: string;
  readonly port: number;
  /** What it has logged: the structured lines, parsed. */
  readonly logs: Record<string, unknown>[];
  /** Everything that it has printed. */
  output(): string;
  /** Asks it to end, and waits until it has. */
  stop(): Promise<void>;
  /** `kill -9` of everything at once, as a power cut would. */
  kill(): Promise<void>;
}

/** Starts a gateway and waits until it answers. An aborted `signal` ends the start. */
export async function startGateway(options: GatewayOptions, signal?: AbortSignal): Promise<RunningGateway> {
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const vars = Object.entries(options.vars).flatMap(([name, value]) => ["--var", `${name}:${value}`]);
  const lines: string[] = [];
  const logs: Record<string, unknown>[] = [];
  signal?.throwIfAborted();
  const state = await claimStateFolder(options.persistTo, { secrets: false });
  const flags = ["--ip", "127.0.0.1", "--port", String(port), "--inspector-port", "0", ...vars];
  const gateway = spawnGateway(state, flags, (line) => {
    lines.push(line);
    const log = parseLog(line);
    if (log !== null) logs.push(log);
  });
  const end = (how: "stop" | "kill") => gateway.end(how).finally(() => state.release());
  const aborted = new Promise<never>((_resolve, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  try {
    await Promise.race([gateway.untilReady(url), aborted]);
  } catch (error) {
    await end("kill");
    throw error;
  }
  return { url, port, logs, output: () => lines.join("\n"), stop: () => end("stop"), kill: () => end("kill") };
}
