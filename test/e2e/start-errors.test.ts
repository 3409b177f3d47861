// `npm start` with an error in its flags or files: it prints one line for each and leaves no process behind.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { freePort } from "../../scripts/support/ports.ts";
import { checkOut, errorLines } from "./commands.ts";

const checkout = checkOut();

afterAll(() => checkout.remove());
afterEach(() => checkout.expectNothingLeft());

const startOn = (port: number, flags = "") => checkout.run(`npm start -- --port ${port} ${flags}`);

describe("npm start with an error in its flags or files", () => {
  it.each([
    [
      "an invalid value",
      "--var POLL_INTERVAL_MS:500",
      ["POLL_INTERVAL_MS=500: must be a whole number from 1000 to 60000"],
    ],
    [
      "two invalid values",
      "--var POLL_INTERVAL_MS:1 ALLOW_PRIVATE_WEBHOOKS:yes",
      [
        "POLL_INTERVAL_MS=1: must be a whole number from 1000 to 60000",
        "ALLOW_PRIVATE_WEBHOOKS=yes: must be true or false",
      ],
    ],
    [
      "an invalid secret",
      "--var ADMIN_TOKEN:needle",
      ["ADMIN_TOKEN: must be 24 to 512 characters of printable ASCII without spaces"],
    ],
    [
      "credentials in the upstream's URL",
      "--var UPSTREAM_URL:https://user:needle@up.example",
      ["UPSTREAM_URL: must be an http or https URL without credentials, query or fragment"],
    ],
    ["no value in --var", "--var DEBUG", ["--var DEBUG… has no colon after the name: write --var DEBUG:VALUE"]],
    ["an invalid port", "--port=abc", ['--port must be a whole number from 0 (any free port) to 65535, not "abc".']],
    ["an unknown flag", "--bogus", ["Unknown argument: bogus. npm start -- --help lists the flags."]],
    ["a file as its state folder", "--persist-to package.json", [/^The state folder \S+ cannot be created: EEXIST\.$/]],
  ])("exits with 1 and one line for each error: %s", async (_what, flags, lines) => {
    const command = checkout.run(
      `npm start -- ${flags.includes("--port") ? "" : `--port ${await freePort()}`} ${flags}`,
    );
    expect(await command.exited).toBe(1);
    expect(errorLines(command)).toEqual(
      lines.map((line) => (typeof line === "string" ? line : expect.stringMatching(line))),
    );
    expect(command.stdout() + command.stderr().replaceAll(/^npm .*$/gm, "")).not.toMatch(/^(?!> ).*needle/m);
  });

  it("exits with 1 and one line when .dev.vars is a folder", async () => {
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

  it("names an invalid variable of .dev.vars without its value when it is a secret", async () => {
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

  it("names an invalid variable of wrangler.toml", async () => {
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
