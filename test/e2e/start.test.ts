// `npm start`, `npm run demo` and `npm run sandbox` as processes: what they print, what stops them, and what they leave behind.

import { execFile } from "node:child_process";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../scripts/support/ports.ts";
import { type Checkout, type Command, checkOut } from "./commands.ts";

/** Time (ms) in which everything must have ended after a command was stopped or killed. */
const END_TIMEOUT_MS = 8_000;

let checkout: Checkout;
const started: Command[] = [];

beforeAll(() => {
  checkout = checkOut();
});

afterAll(() => checkout.remove());

afterEach(async () => {
  for (const command of started.splice(0)) await expectNothingLeft(command);
});

function run(line: string): Command {
  const command = checkout.run(line);
  started.push(command);
  return command;
}

const startOn = (port: number, flags = "") => run(`npm start -- --port ${port} ${flags}`);

async function expectNothingLeft(command: Command): Promise<void> {
  await expect.poll(() => command.processes(), { timeout: END_TIMEOUT_MS }).toEqual([]);
}

const isReady = /Solvegate is ready on (\S+)/;

/** The lines of stderr, without npm's own. */
const errorLines = (command: Command) =>
  command
    .stderr()
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("npm "));

describe("npm start with a mistake", () => {
  it.each([
    ["a bad value", "--var POLL_INTERVAL_MS:500", ["POLL_INTERVAL_MS=500: must be a whole number from 1000 to 60000"]],
    [
      "a bad value after an equals sign",
      "--var=TASK_TIMEOUT_S:9",
      ["TASK_TIMEOUT_S=9: must be a whole number from 10 to 300"],
    ],
    [
      "two bad values",
      "--var POLL_INTERVAL_MS:1 ALLOW_PRIVATE_WEBHOOKS:yes",
      [
        "POLL_INTERVAL_MS=1: must be a whole number from 1000 to 60000",
        "ALLOW_PRIVATE_WEBHOOKS=yes: must be true or false",
      ],
    ],
    [
      "a bad secret",
      "--var ADMIN_TOKEN:needle",
      ["ADMIN_TOKEN: must be 24 to 512 characters of printable ASCII without spaces"],
    ],
    [
      "credentials in the upstream's URL",
      "--var UPSTREAM_URL:https://user:needle@up.example",
      ["UPSTREAM_URL: must be an http or https URL without credentials, query or fragment"],
    ],
    [
      "an equals sign in --var",
      "--var POLL_INTERVAL_MS=5000",
      ["--var POLL_INTERVAL_MS=… has an equals sign: write --var POLL_INTERVAL_MS:VALUE"],
    ],
    [
      "an equals sign before a URL in --var",
      "--var UPSTREAM_URL=http://needle",
      ["--var UPSTREAM_URL=… has an equals sign: write --var UPSTREAM_URL:VALUE"],
    ],
    ["no value in --var", "--var DEBUG", ["--var DEBUG… has no colon after the name: write --var DEBUG:VALUE"]],
    ["a bad port", "--port=abc", ['--port must be a whole number from 0 (any free port) to 65535, not "abc".']],
    ["an unknown flag", "--bogus", ["Unknown argument: bogus. npm start -- --help lists the flags."]],
    ["a file as its state folder", "--persist-to package.json", [/^The state folder \S+ cannot be created: EEXIST\.$/]],
  ])("ends with a line for each problem when it has %s", async (_what, flags, lines) => {
    const command = run(`npm start -- ${flags.includes("--port") ? "" : `--port ${await freePort()}`} ${flags}`);
    expect(await command.exited).toBe(1);
    expect(errorLines(command)).toEqual(
      lines.map((line) => (typeof line === "string" ? line : expect.stringMatching(line))),
    );
    expect(command.stdout() + command.stderr().replaceAll(/^npm .*$/gm, "")).not.toMatch(/^(?!> ).*needle/m);
  });

  it("ends with one line when .dev.vars is a folder", async () => {
    const file = join(checkout.folder, ".dev.vars");
    rmSync(file, { recursive: true, force: true });
    mkdirSync(file);
    const command = startOn(await freePort());
    expect(await command.exited).toBe(1);
    expect(errorLines(command)).toEqual([
      `${file} cannot be read: it is a folder. Repair or delete it; npm start writes a new one.`,
    ]);
    rmSync(file, { recursive: true });
  });

  it("names a bad variable of .dev.vars and not its value when it is a secret", async () => {
    const file = join(checkout.folder, ".dev.vars");
    writeFileSync(file, "ADMIN_TOKEN=needle\nTASK_TIMEOUT_S=9999\n");
    const command = startOn(await freePort());
    expect(await command.exited).toBe(1);
    expect(errorLines(command)).toEqual([
      "ADMIN_TOKEN: must be 24 to 512 characters of printable ASCII without spaces",
      "TASK_TIMEOUT_S=9999: must be a whole number from 10 to 300",
    ]);
    rmSync(file);
  });

  it("names a bad variable of wrangler.toml", async () => {
    const file = join(checkout.folder, "wrangler.toml");
    const content = readFileSync(file, "utf8");
    writeFileSync(file, `${content}\n[vars]\nPOLL_INTERVAL_MS = 5\n`);
    const command = startOn(await freePort());
    const code = await command.exited;
    writeFileSync(file, content);
    expect(code).toBe(1);
    expect(errorLines(command)).toEqual(["POLL_INTERVAL_MS: must be a whole number from 1000 to 60000"]);
  });
});

describe("npm start", () => {
  it("prints addresses and a curl line that works, keeps others off its port and its state, and ends on SIGINT", async () => {
    rmSync(join(checkout.folder, ".dev.vars"), { force: true });
    const port = await freePort();
    const command = startOn(port, "--persist-to state-a --var POLL_INTERVALL_MS:5000");
    await command.until(isReady);
    await command.until(/did you mean/);

    const url = `http://127.0.0.1:${port}`;
    expect(command.stdout()).toContain("Wrote .dev.vars with a random ADMIN_TOKEN.");
    for (const text of [`${url}/console`, `${url}/docs`, "Sandbox", "state-a"])
      expect(command.stdout()).toContain(text);
    const [, curl = ""] = /^\s*(curl .*)$/m.exec(command.stdout()) ?? [];
    const { stdout } = await promisify(execFile)("bash", ["-c", curl]);
    expect(JSON.parse(stdout)).toEqual({ tenants: [], nextCursor: null });

    // Piped, it writes its log as JSON: the warning and the request, and nothing of wrangler's.
    await command.until(/"route":"\/admin\/tenants"/);
    const logs = command
      .stdout()
      .split("\n")
      .filter((line) => line.startsWith("{"));
    expect(logs.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ warning: "POLL_INTERVALL_MS is not known; did you mean POLL_INTERVAL_MS?" }),
      expect.objectContaining({ event: "request", route: "/admin/tenants", status: 200 }),
    ]);
    expect(command.stdout()).not.toMatch(/wrangler|⎔/);

    const samePort = startOn(port, "--persist-to state-b");
    expect(await samePort.exited).toBe(1);
    expect(errorLines(samePort)).toEqual([
      `Port ${port} is in use. Stop the program that uses it, or choose another port with --port.`,
    ]);
    const sameState = startOn(await freePort(), "--persist-to=state-a");
    expect(await sameState.exited).toBe(1);
    expect(errorLines(sameState)).toEqual([
      expect.stringMatching(/^The state folder \S+\/state-a is in use by another gateway \(process \d+\)\.$/),
    ]);

    // Ctrl-C in a terminal goes to npm, which passes it on, and to start.ts.
    process.kill(-(command.child.pid ?? 0), "SIGINT");
    expect(await command.exited).toBe(0);
  });

  it("survives another wrangler command a day later, has no /admin without a token, and ends on SIGTERM", async () => {
    const secrets = join(checkout.folder, ".dev.vars");
    writeFileSync(secrets, "POLL_INTERVAL_MS=4000");
    const port = await freePort();
    const command = startOn(port);
    await command.until(isReady);
    expect((await fetch(`http://127.0.0.1:${port}/admin/tenants`)).status).toBe(404);
    const [, shown = ""] = /^\/admin is off.*\n\s*(node .*)$/m.exec(command.stdout()) ?? [];
    await promisify(execFile)("bash", ["-c", shown], { cwd: checkout.folder });
    expect(readFileSync(secrets, "utf8")).toMatch(/^POLL_INTERVAL_MS=4000\nADMIN_TOKEN=[0-9a-f]{48}\n$/);
    makeOld(join(checkout.folder, ".wrangler"));
    const other = run("npm run wrangler -- deploy --dry-run --outdir dist/bundle");
    expect(await other.exited).toBe(0);
    rmSync(join(checkout.folder, ".wrangler", "tmp"), { recursive: true, force: true });
    // It bundles again: a bundle that lacks a file would fail every request from then on.
    appendFileSync(join(checkout.folder, "wrangler.toml"), "\n");
    await command.untilError(/Local server updated and ready/);
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    command.child.kill("SIGTERM");
    expect(await command.exited).toBe(0);
  });

  it("starts again on the port and state of a gateway that was killed, and ends what that has left", async () => {
    const port = await freePort();
    const flags = "--persist-to state-c";
    const first = startOn(port, flags);
    await first.until(isReady);
    // `killall -9 node`: neither start.ts nor wrangler can clean up, and workerd goes on.
    for (const { pid, line } of first.processes()) if (!line.includes("workerd serve")) process.kill(pid, "SIGKILL");
    await first.exited;
    expect(first.processes().length).toBeGreaterThan(0);

    const second = startOn(port, flags);
    await second.until(isReady);
    expect(first.processes()).toEqual([]);
    const script = second.processes().find(({ line }) => line.startsWith("node scripts/start.ts"));
    process.kill(script?.pid ?? 0, "SIGKILL");
  });

  it.each([
    ["SIGINT", /workerd serve/],
    ["SIGTERM", /wrangler-dist.cli.js/],
    ["SIGHUP", /^node scripts/],
    ["SIGKILL", /workerd serve/],
  ] as const)("leaves no process behind when npm gets %s and %s has just started", async (signal, marker) => {
    const command = startOn(await freePort(), "--persist-to state-d");
    const isRunning = () => command.processes().some(({ line }) => marker.test(line));
    await expect.poll(isRunning, { timeout: 30_000, interval: 10 }).toBe(true);
    command.child.kill(signal);
    await command.exited;
  });
});

/** Sets the times of all folders in a folder to two days ago. */
function makeOld(folder: string): void {
  const past = new Date(Date.now() - 2 * 86_400_000);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    makeOld(join(folder, entry.name));
    utimesSync(join(folder, entry.name), past, past);
  }
}

describe("npm run demo", () => {
  it.each([
    ["SIGINT", /gateway on/],
    ["SIGHUP", /starting/],
  ] as const)("ends everything that it started on %s after %s", async (signal, marker) => {
    const command = run("npm run demo");
    await command.until(marker);
    command.child.kill(signal);
    await command.exited;
    expect(command.stdout()).not.toContain("DEMO OK");
  });
});

describe("npm test", () => {
  it("does not read the developer's .dev.vars", async () => {
    writeFileSync(join(checkout.folder, ".dev.vars"), "POLL_INTERVAL_MS=1\n");
    const command = run("npm test -- --project workers test/api/configuration-warnings.test.ts");
    expect(await command.exited).toBe(0);
    expect(command.stdout()).toMatch(/Tests\s+1 passed/);
    expect(command.stdout() + command.stderr()).not.toContain(".dev.vars");
  });
});

describe("npm run sandbox", () => {
  it("ends on SIGINT, and with one line when its port is in use", async () => {
    const port = await freePort();
    const first = run(`npm run sandbox -- --port ${port}`);
    await first.until(new RegExp(`Sandbox upstream on http://127.0.0.1:${port}`));
    const second = run(`npm run sandbox -- --port ${port}`);
    expect(await second.exited).toBe(1);
    expect(errorLines(second)).toEqual([
      `Port ${port} is in use. Stop the program that uses it, or choose another port with --port.`,
    ]);
    first.child.kill("SIGINT");
  });
});
