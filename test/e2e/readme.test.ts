// What the README shows, run as it stands: its quick start, block by block in one shell, and its webhook receiver.

import type { ChildProcess } from "node:child_process";
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PROJECT, untilHealthy } from "../../scripts/support/gateway-process.ts";

const README = readFileSync(join(PROJECT, "README.md"), "utf8");

/** The README's code blocks of a language, in order. */
const blocks = (language: string) =>
  [...README.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map((match) => match[1] ?? "");

/** Where the README's client example runs. */
const EXAMPLE = join(PROJECT, "dist", "readme-client.mjs");

const processes: ChildProcess[] = [];
const state = mkdtempSync(join(tmpdir(), "solvegate-readme-"));

/** Starts one of the README's long-running commands, in a process group of its own. */
function start(command: string): ChildProcess {
  const child = spawn("bash", ["-c", command], { cwd: PROJECT, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.resume();
  child.stderr.resume();
  processes.push(child);
  return child;
}

beforeAll(async () => {
  const commands = README.split("\n").filter((line) => /^npm (run sandbox|start -- )/.test(line));
  expect(commands).toHaveLength(2);
  for (const command of commands) {
    // Its own state: the README's tenant must not exist before.
    const gateway = start(command.startsWith("npm start") ? `${command} --persist-to ${state}` : command);
    if (command.startsWith("npm start")) await untilHealthy("http://127.0.0.1:8787", () => gateway.exitCode !== null);
  }
});

afterAll(async () => {
  for (const { pid } of processes) if (pid !== undefined) process.kill(-pid, "SIGTERM");
  await Promise.all(processes.map((child) => child.exitCode ?? new Promise((resolve) => child.once("exit", resolve))));
  rmSync(state, { recursive: true, force: true });
  rmSync(EXAMPLE, { force: true });
});

describe("the README's quick start", () => {
  it("works as it stands", async () => {
    const [client = ""] = blocks("ts");
    expect(client).toContain("solvegate/client");
    // In the project's folder, where the package finds itself by its own name.
    writeFileSync(EXAMPLE, client);
    const run = ["npm run --silent build:client", "export TEST_KEY", `node '${EXAMPLE}'`];
    const script = ["set -euo pipefail", ...blocks("sh"), ...run].join("\n");
    const { stdout } = await promisify(execFile)("bash", ["-c", script], { cwd: PROJECT });

    expect(stdout).toContain('"webhookSecrets":{"live":"whsec_');
    expect(stdout).toMatch(/"status":"ready","mode":"test"/);
    expect(stdout).toMatch(/\}(queued|processing)\nready\n/);
    expect(stdout).toMatch(/\{"events":\[\{"at":"[^"]+","type":"accepted"\}/);
    expect(stdout.match(/"gRecaptchaResponse":"sandbox\./g)).toHaveLength(3);
    expect(stdout).toMatch(/"errorId":0,[^\n]*"status":"processing"/);
    expect(stdout).toMatch(/"errorId":0,[^\n]*"status":"ready"/);
    expect(stdout).toMatch(/\n(queued|processing)\n[\s\S]*\nready\nsandbox\.[^\n]+\n$/);
  });
});

describe("the README's receiver", () => {
  it("is the example that is run by the webhook tests", () => {
    const example = readFileSync(join(PROJECT, "scripts", "receiver-example.mjs"), "utf8");
    expect(blocks("js")).toEqual([example]);
  });
});
