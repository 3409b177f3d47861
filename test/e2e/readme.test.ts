// Runs the README's quick start block by block in one shell, with other ports, and checks its webhook receiver.

import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort, PROJECT } from "../../scripts/support/gateway-process.ts";
import { type Checkout, checkOut, userPath } from "./commands.ts";

/** The README. `beforeAll` replaces its ports by free ones, because its own may be in use on this machine. */
let readme = readFileSync(join(PROJECT, "README.md"), "utf8");

/** The README's code blocks of a language, in order. */
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map((match) => match[1] ?? "");

/** The environment of a user's shell. */
let environment: NodeJS.ProcessEnv;
let checkout: Checkout;

beforeAll(async () => {
  checkout = checkOut();
  const [gateway, sandbox, receiver] = [await freePort(), await freePort(), await freePort()];
  for (const [port, free] of [
    [8787, gateway],
    [9900, sandbox],
    [9911, receiver],
  ]) {
    readme = readme.replaceAll(`127.0.0.1:${port}`, `127.0.0.1:${free}`);
  }
  environment = { ...process.env, PATH: userPath(), PORT: String(receiver) };
  const commands = readme.split("\n").filter((line) => /^npm (run sandbox|start -- )/.test(line));
  expect(commands).toHaveLength(2);
  const [sandboxCommand = "", startCommand = ""] = commands;
  await checkout.run(`${sandboxCommand} -- --port ${sandbox}`).until(/Sandbox upstream/);
  await checkout.run(`${startCommand} --port ${gateway}`).until(/is ready/);
});

afterAll(() => checkout.remove());

describe("the README's quick start", () => {
  it("works when its code blocks are run in order", async () => {
    const [client = ""] = blocks("ts");
    expect(client).toContain("solvegate/client");
    // In the project's folder, where the package can be imported by its own name.
    writeFileSync(join(checkout.folder, "example.mjs"), client);
    const run = ["npm run --silent build:client", "export TEST_KEY", "node example.mjs"];
    const script = ["set -euo pipefail", ...blocks("sh"), ...run].join("\n");
    const { stdout } = await promisify(execFile)("bash", ["-c", script], { cwd: checkout.folder, env: environment });

    expect(stdout).toMatch(/^Sign in at \S+\/console with sg_test_acme_\S+$/m);
    expect(stdout).toMatch(/"status":"ready","mode":"test"/);
    expect(stdout).toMatch(/\}(queued|processing)\nready\n/);
    expect(stdout).toMatch(/\{"events":\[\{"at":"[^"]+","type":"accepted"\}/);
    expect(stdout.match(/"gRecaptchaResponse":"sandbox\./g)).toHaveLength(3);
    expect(stdout).toMatch(/"errorId":0,[^\n]*"status":"processing"/);
    expect(stdout).toMatch(/"errorId":0,[^\n]*"status":"ready"/);
    expect(stdout).toMatch(/Listening on http:\/\/127\.0\.0\.1:\d+\n(?:.*\n)*task\.ready tsk_[0-9a-z_]+ ready\n/);
    expect(stdout).toMatch(/\n(queued|processing)\n(?:.*\n)*ready\nsandbox\.[^\n]+\n$/);
  });
});

describe("the README's webhook receiver", () => {
  it("is the example that receiver.test.ts runs", () => {
    const example = readFileSync(join(PROJECT, "scripts", "receiver-example.mjs"), "utf8");
    expect(blocks("js")).toEqual([example]);
  });
});
