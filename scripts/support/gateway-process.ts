// A local gateway as a process: `wrangler dev` on loopback, for `npm start`, the demo, the tests and the benches. All its processes are in
// one process group, which ends with the process that started it.

import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { z } from "zod";
import { parseLog } from "./gateway-logs.ts";
import { freePort, PortInUseError } from "./ports.ts";
import { signalGroup, untilGroupEnds } from "./process-group.ts";
import { PROJECT } from "./project.ts";
import { StartError } from "./start-error.ts";
import { claimStateFolder, STATE_VARIABLE, type StateFolder } from "./state-folder.ts";
import { hasFlag } from "./wrangler-flags.ts";

export { freePort } from "./ports.ts";
export { PROJECT } from "./project.ts";

/** How long (ms) a gateway may take to answer. A cold start takes about 5 s on a small machine, and longer on a busy one. */
const START_TIMEOUT_MS = 60_000;

/** How long (ms) a gateway may take to stop before it is killed. It usually takes 100 ms. */
const STOP_TIMEOUT_MS = 5_000;

/** The interval (ms) at which a starting gateway is checked, and how often its log is searched for the reason of a failure. */
const LOOK_INTERVAL_MS = 50;
const MAX_LOG_LOOKS = 40;

/** The last lines of output that are shown when a gateway does not start. */
const SHOWN_LINES = 60;

/** Starts on different free ports: another process may take a port before the gateway listens on it. */
const MAX_STARTS = 3;

/** The JSON text that wrangler sends to its parent when it has bundled the Worker and opened the port. */
const readySchema = z.string().regex(/"event":"DEV_SERVER_READY"/);

/** A gateway's processes. */
export interface GatewayProcess {
  /** Waits until the gateway answers at `url`. Checks `/healthz` too, unless the URL is https. @throws StartError */
  untilReady(url: string): Promise<void>;
  /** Resolves with wrangler's exit code when wrangler and all processes that it started have ended. */
  readonly ended: Promise<number | null>;
  /** `stop` ends all processes, and kills those that run for more than 5 s. `kill` kills them at once, like a power cut. */
  end(how: "stop" | "kill"): Promise<void>;
}

/** Starts `wrangler dev` on a state folder with further flags. Calls `onLine` with each line of its output. */
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
      // The log lines of this start's own health checks are left out.
      if (!line.includes(probeId)) onLine(line);
    });
  }
  const closed = new Promise((resolve) => child.once("close", resolve));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", async (code) => {
      await endGroup(child);
      // The last output may not have been read yet.
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
      await Promise.race([ready, endedEarly, timeout()]);
      if (url.startsWith("http:")) await Promise.race([untilHealthy(url, probeId, lines, endedEarly), endedEarly]);
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
  // bin/wrangler.js would start one more process for the same module.
  const command = join(dirname(manifest), "wrangler-dist", "cli.js");
  const config = hasFlag(flags, "--config", "-c") ? [] : ["--config", state.config];
  const own = [...config, "--persist-to", state.path, "--show-interactive-dev-session=false"];
  return spawn(process.execPath, ["--no-warnings", "--import", preload.href, command, "dev", ...own, ...flags], {
    cwd: PROJECT,
    env: {
      ...process.env,
      [STATE_VARIABLE]: state.path,
      TMPDIR: state.runFolder,
      // The local gateway needs no network, and writes only into its state folder.
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

/** Kills the remaining processes of the group and waits until they have ended. */
async function endGroup({ pid }: ChildProcess): Promise<void> {
  if (pid === undefined) return;
  signalGroup(pid, "SIGKILL");
  await untilGroupEnds(pid, STOP_TIMEOUT_MS);
}

/** The reason why a gateway ended before it answered. */
function failure(lines: readonly string[]): StartError {
  const plain = lines.map((line) => stripVTControlCharacters(line));
  const output = plain.join("\n").trim();
  const taken = /Address already in use.*?:(\d+)/.exec(output);
  if (taken !== null) return new PortInUseError(Number(taken[1]));
  const unknown = /Unknown arguments?: .*/.exec(output);
  if (unknown !== null) return new StartError(`${unknown[0]}. npm start -- --help lists the flags.`);
  return new StartError(`The gateway did not start:\n${plain.slice(-SHOWN_LINES).join("\n").trim()}`);
}

async function timeout(): Promise<never> {
  await delay(START_TIMEOUT_MS, undefined, { ref: false });
  throw lateError();
}

const lateError = () => new StartError(`The gateway did not answer in ${START_TIMEOUT_MS / 1_000} s.`);

/**
 * Waits until `/healthz` answers 200.
 * @param endedEarly rejects if the gateway ends. Without it, the wait would keep the command alive after its gateway
 */
async function untilHealthy(
  url: string,
  probeId: string,
  lines: readonly string[],
  endedEarly: Promise<never>,
): Promise<void> {
  const until = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < until) {
    const answer = await fetch(`${url}/healthz`, { headers: { "x-request-id": probeId } }).catch(() => null);
    if (answer?.ok) return;
    if (answer?.status === 500) throw await configurationFailure(lines, await answer.text());
    await Promise.race([delay(LOOK_INTERVAL_MS), endedEarly]);
  }
  throw lateError();
}

/** The reason why `/healthz` answers 500: one line for each variable of wrangler.toml that breaks its rule, from the gateway's log. */
async function configurationFailure(lines: readonly string[], body: string): Promise<StartError> {
  // The log line may arrive after the response.
  for (let looks = 0; looks < MAX_LOG_LOOKS; looks += 1) {
    for (const line of lines) {
      const [, problems] = /bad configuration: (.*)$/.exec(String(parseLog(line)?.error)) ?? [];
      if (problems !== undefined) return new StartError(problems.split("; ").join("\n"));
    }
    await delay(LOOK_INTERVAL_MS);
  }
  return new StartError(`The gateway answers 500: ${body}`);
}

export interface GatewayOptions {
  /** The state folder. */
  readonly persistTo: string;
  /** Variables and secrets of this run. The project's `.dev.vars` is not read. */
  readonly vars: Readonly<Record<string, string>>;
  /** By default a free port. */
  readonly port?: number;
}

/** A gateway that answers. */
export interface RunningGateway {
  readonly url: string;
  readonly port: number;
  /** Its structured log lines so far. */
  readonly logs: Record<string, unknown>[];
  /** Everything that it has printed so far. */
  output(): string;
  /** Stops it, and waits until all its processes have ended. */
  stop(): Promise<void>;
  /** `kill -9` of all its processes at once, like a power cut. */
  kill(): Promise<void>;
}

/** Starts a gateway and waits until it answers. An aborted `signal` ends the start. @throws StartError */
export async function startGateway(options: GatewayOptions, signal?: AbortSignal): Promise<RunningGateway> {
  if (options.port !== undefined) return startOn(options.port, options, signal);
  for (let start = 1; ; start += 1) {
    try {
      return await startOn(await freePort(), options, signal);
    } catch (error) {
      if (!(error instanceof PortInUseError) || start === MAX_STARTS) throw error;
    }
  }
}

async function startOn(port: number, options: GatewayOptions, signal?: AbortSignal): Promise<RunningGateway> {
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
