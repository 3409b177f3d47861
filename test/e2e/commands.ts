// The project's commands as processes, in a copy of the project without `.dev.vars` and state.

import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, vi } from "vitest";
import { PROJECT } from "../../scripts/support/gateway-process.ts";

/** The files that the commands need, besides packages and built pages. */
const COPIED = [
  "src",
  "scripts",
  "test",
  "wrangler.toml",
  "package.json",
  "tsconfig.json",
  "vitest.config.mts",
] as const;

/** Time limit (ms) for all processes of a command to end after it was stopped or killed. A gateway takes 5 s at most. */
const END_TIMEOUT_MS = 30_000;

/** The environment variable that marks every process of a command. */
const MARK = "SOLVEGATE_TEST_COMMAND";

export interface Command {
  /** npm's process. */
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  stdout(): string;
  stderr(): string;
  /** Waits until stdout, or stderr, matches. Throws when the command ends before. */
  until(pattern: RegExp): Promise<void>;
  untilError(pattern: RegExp): Promise<void>;
  /** Its running processes, npm included. */
  processes(): { readonly pid: number; readonly line: string }[];
}

export interface Checkout {
  readonly folder: string;
  /** Starts a command line in the folder. */
  run(line: string, env?: Readonly<Record<string, string>>): Command;
  /** Waits until no process of any command runs. */
  expectNothingLeft(): Promise<void>;
  /** Kills all processes that were started in it, and deletes it. */
  remove(): Promise<void>;
}

/** A copy of the project in a folder of its own. */
export function checkOut(): Checkout {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "solvegate-checkout-")));
  for (const name of COPIED) cpSync(join(PROJECT, name), join(folder, name), { recursive: true });
  mkdirSync(join(folder, "dist"));
  for (const name of ["node_modules", "dist/assets"]) symlinkSync(join(PROJECT, name), join(folder, name));
  const commands: Command[] = [];
  return {
    folder,
    run: (line, env = {}) => {
      const command = start(folder, line, env);
      commands.push(command);
      return command;
    },
    expectNothingLeft: async () => {
      const left = () => commands.flatMap((command) => command.processes());
      await expect.poll(left, { timeout: END_TIMEOUT_MS }).toEqual([]);
      commands.length = 0;
    },
    remove: async () => {
      for (const command of commands) for (const { pid } of command.processes()) process.kill(pid, "SIGKILL");
      await Promise.all(commands.map(({ exited }) => exited));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The lines of a command's stderr, without npm's own. */
export function errorLines(command: Command): string[] {
  const lines = command.stderr().split("\n");
  return lines.filter((line) => line !== "" && !line.startsWith("npm "));
}

function start(cwd: string, line: string, env: Readonly<Record<string, string>>): Command {
  const mark = randomUUID();
  // In its own process group, as in a terminal.
  const child = spawn("bash", ["-c", `exec ${line}`], {
    cwd,
    detached: true,
    env: { ...userEnvironment(), NO_COLOR: "1", ...env, [MARK]: mark },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      texts[name] += chunk;
    });
  }
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  const until = async (name: "stdout" | "stderr", pattern: RegExp) => {
    const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
    await vi.waitUntil(() => hasEnded() || pattern.test(texts[name]), { timeout: 60_000 });
    if (!pattern.test(texts[name])) throw new Error(`${line} ended without ${pattern}: ${texts.stdout}${texts.stderr}`);
  };
  return {
    child,
    exited,
    until: (pattern) => until("stdout", pattern),
    untilError: (pattern) => until("stderr", pattern),
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
    processes: () => processesWith(`${MARK}=${mark}`),
  };
}

/** This process's environment without the variables of npm and vitest. */
function userEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|VITEST|NODE_ENV$|FORCE_COLOR$|DEV$|PROD$|SSR$|MODE$)/.test(name),
  );
  return Object.fromEntries(entries);
}

/**
 * PATH without the folders of packages, so that `node` is the system's, as in a user's terminal. If the system has none, `node` is the
 * bundled one.
 */
export function userPath(): string {
  const folders = (process.env.PATH ?? "").split(":").filter((folder) => !folder.includes("node_modules"));
  const hasNode = folders.some((folder) => existsSync(join(folder, "node")));
  return [...folders, ...(hasNode ? [] : [dirname(process.execPath)])].join(":");
}

/** The running processes with an entry in their environment. A zombie's environment is empty. */
function processesWith(entry: string): { pid: number; line: string }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => readProcess(pid, "environ").split("\0").includes(entry))
    .map((pid) => ({ pid: Number(pid), line: readProcess(pid, "cmdline").replaceAll("\0", " ") }));
}

function readProcess(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
