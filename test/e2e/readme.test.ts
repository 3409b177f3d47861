// What the README shows, run as it stands but for its ports: its quick start, block by block in one shell, and its webhook receiver.

import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort, PROJECT } from "../../scripts/support/gateway-process.ts";
import { type Checkout, checkOut } from "./commands.ts";

/** The README, with the ports of its commands; then with free ones, as its own may be in use on this machine. */
let readme = readFileSync(join(PROJECT, "README.md"), "utf8");

/** The README's code blocks of a language, in order. */
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map((match) => match[1] ?? "");

let checkout: Checkout;

beforeAll(async () => {
  checkout = checkOut();
  const ports = { gateway: await freePort(), sandbox: await freePort() };
  readme = readme.replaceAll("127.0.0.1:8787", `127.0.0.1:${ports.gateway}`);
  readme = readme.replaceAll("127.0.0.1:9900", `127.0.0.1:${ports.sandbox}`);
  const commands = readme.split("\n").filter((line) => /^npm (run sandbox|start -- )/.test(line));
  expect(commands).toHaveLength(2);
  const [sandbox = "", start = ""] = commands;
  await checkout.run(`${sandbox} -- --port ${ports.sandbox}`).until(/Sandbox upstream/);
  await checkout.run(`${start} --port ${ports.gateway}`).until(/is ready/);
});

afterAll(() => checkout.remove());

describe("the README's quick start", () => {
  it("works as it stands", async () => {
    const [client = ""] = blocks("ts");
    expect(client).toContain("solvegate/client");
    // In the project's folder, where the package finds itself by its own name.
    writeFileSync(join(checkout.folder, "example.mjs"), client);
    const run = ["npm run --silent build:client", "export TEST_KEY", "node example.mjs"];
    const script = ["set -euo pipefail", ...blocks("sh"), ...run].join("\n");
    const { stdout } = await promisify(execFile)("bash", ["-c", script], { cwd: checkout.folder });

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
