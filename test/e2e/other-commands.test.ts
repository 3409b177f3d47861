// `npm run demo`, `npm test` and `npm run sandbox` as processes: how they end, and that they leave no process behind.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";

import { checkOut, errorLines } from "./commands.ts";

const checkout = checkOut();

afterAll(() => checkout.remove());
afterEach(() => checkout.expectNothingLeft());

describe("npm run demo", () => {
  it.each([
    ["SIGINT", /gateway on/],
    ["SIGHUP", /starting/],
  ] as const)("ends all its processes on %s after it printed %s", async (signal, marker) => {
    const command = checkout.run("npm run demo");
    await command.until(marker);
    command.child.kill(signal);
    await command.exited;
    expect(command.stdout()).not.toContain("DEMO OK");
  });
});

describe("npm test", () => {
  it("does not read the developer's .dev.vars", async () => {
    writeFileSync(join(checkout.folder, ".dev.vars"), "POLL_INTERVAL_MS=1\n");
    const command = checkout.run("npm test -- --project workers test/api/configuration-warnings.test.ts");
    expect(await command.exited).toBe(0);
    expect(command.stdout()).toMatch(/Tests\s+1 passed/);
    expect(command.stdout() + command.stderr()).not.toContain(".dev.vars");
  });
});

describe("npm run sandbox", () => {
  it("ends on SIGINT, and with one line when its port is in use", async () => {
    const first = checkout.run("npm run sandbox -- --port 0");
    await first.until(/Sandbox upstream on/);
    const [, port] = /Sandbox upstream on http:\/\/127\.0\.0\.1:(\d+)/.exec(first.stdout()) ?? [];
    const second = checkout.run(`npm run sandbox -- --port ${port}`);
    expect(await second.exited).toBe(1);
    expect(errorLines(second)).toEqual([
      `Port ${port} is in use. Stop the program that uses it, or choose another port with --port.`,
    ]);
    first.child.kill("SIGINT");
  });
});
