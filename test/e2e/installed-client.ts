// Packs the published package, installs it into an empty folder, and runs it.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { PROJECT } from "../../scripts/support/gateway-process.ts";

/** A running `solvegate`. */
export interface Command {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  readonly output: { stdout: string; stderr: string };
  readonly exit: Promise<number | null>;
}

export interface InstalledClient {
  readonly folder: string;
  /** What `npm install` printed. */
  readonly installOutput: string;
  /** Writes files into the folder. */
  write(files: Readonly<Record<string, string>>): void;
  /** Runs a program in the folder; resolves with what it printed to stdout. */
  run(command: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string>;
  /** Starts the package's command with the system's Node. */
  solvegate(args: readonly string[], env?: Readonly<Record<string, string>>): Command;
  /** Kills the commands that still run. */
  killCommands(): void;
  remove(): void;
}

/** The system's Node, which may be Node 20, or else the bundled one. `npm run` puts the bundled one first in PATH. */
export const SYSTEM_NODE =
  (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => !folder.includes("node_modules"))
    .map((folder) => join(folder, "node"))
    .find((file) => existsSync(file)) ?? process.execPath;

/** Builds, packs and installs the package. */
export async function installClient(): Promise<InstalledClient> {
  const folder = mkdtempSync(join(tmpdir(), "solvegate-package-"));
  const write = (files: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
  };
  const run = async (command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const options = { cwd: folder, env: { ...process.env, WRANGLER_SEND_METRICS: "false", ...env } };
    try {
      return (await promisify(execFile)(command, args, options)).stdout;
    } catch (error) {
      const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
      throw new Error(`${command} ${args.join(" ")} failed:\n${stdout}\n${stderr}`);
    }
  };
  await promisify(execFile)(process.execPath, [join(PROJECT, "scripts", "client.ts")]);
  await promisify(execFile)("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], { cwd: PROJECT });
  const [tarball = ""] = readdirSync(folder);
  write({ "package.json": JSON.stringify({ name: "new-user", private: true, type: "module" }) });
  const install = ["install", `./${tarball}`, "--prefer-offline", "--no-audit", "--no-fund"];
  const { stdout, stderr } = await promisify(execFile)("npm", install, { cwd: folder });
  const running: ChildProcess[] = [];
  const solvegate = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const command = join(folder, "node_modules", ".bin", "solvegate");
    const { SOLVEGATE_URL: _url, SOLVEGATE_API_KEY: _key, ...own } = process.env;
    const child = spawn(SYSTEM_NODE, [command, ...args], { cwd: folder, env: { ...own, ...env } });
    running.push(child);
    return observe(child);
  };
  const killCommands = () => {
    for (const child of running.splice(0)) child.kill("SIGKILL");
  };
  const remove = () => rmSync(folder, { recursive: true, force: true });
  return { folder, installOutput: stdout + stderr, write, run, solvegate, killCommands, remove };
}

function observe(child: ChildProcess): Command {
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  }
  return { child, output, exit: new Promise((resolve) => child.once("close", (code) => resolve(code))) };
}
