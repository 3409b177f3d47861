// `npm start` as a process: its output, how it ends, and that it leaves no process behind.

import { execFile } from "node:child_process";
import { appendFileSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { freePort } from "../../scripts/support/ports.ts";
import { checkOut, errorLines } from "./commands.ts";

const checkout = checkOut();

afterAll(() => checkout.remove());
afterEach(() => checkout.expectNothingLeft());

const startOn = (port: number, flags = "") => checkout.run(`npm start -- --port ${port} ${flags}`);

const isReady = /Solvegate is ready on (\S+)/;

describe("npm start", () => {
  it("prints URLs and a curl line that works, prevents a second start on its port or state, and ends on SIGINT", async () => {
    rmSync(join(checkout.folder, ".dev.vars"), { force: true });
    const port = await freePort();
    const command = startOn(port, "--persist-to state-a --var POLL_INTERVALL_MS:5000");
    await command.until(isReady);
    await command.until(/Did you mean/);

    const url = `http://127.0.0.1:${port}`;
    expect(command.stdout()).toContain("Wrote .dev.vars with a random ADMIN_TOKEN.");
    for (const text of [`${url}/console`, `${url}/docs`, "Sandbox", "state-a"])
      expect(command.stdout()).toContain(text);
    const [, curl = ""] = /^\s*(curl .*)$/m.exec(command.stdout()) ?? [];
    const { stdout } = await promisify(execFile)("bash", ["-c", curl]);
    expect(JSON.parse(stdout)).toEqual({ tenants: [], nextCursor: null });

    // Without a terminal it writes its log as JSON, and no output of wrangler.
    await command.until(/"route":"\/admin\/tenants"/);
    const logs = command
      .stdout()
      .split("\n")
      .filter((line) => line.startsWith("{"));
    expect(logs.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ warning: "POLL_INTERVALL_MS is not a known variable. Did you mean POLL_INTERVAL_MS?" }),
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

    // Ctrl-C in a terminal reaches npm, which forwards it, and start.ts.
    process.kill(-(command.child.pid ?? 0), "SIGINT");
    expect(await command.exited).toBe(0);
  });

  it("keeps working after another wrangler command a day later, has no /admin without a token, and ends on SIGTERM", async () => {
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
    const other = checkout.run("npm run wrangler -- deploy --dry-run --outdir dist/bundle");
    expect(await other.exited).toBe(0);
    rmSync(join(checkout.folder, ".wrangler", "tmp"), { recursive: true, force: true });
    // wrangler bundles again. If a file were missing, every request from now on would fail.
    appendFileSync(join(checkout.folder, "wrangler.toml"), "\n");
    await command.untilError(/Local server updated and ready/);
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    command.child.kill("SIGTERM");
    expect(await command.exited).toBe(0);
  });

  it("starts again on the port and state of a gateway that was killed, and ends its remaining processes", async () => {
    const port = await freePort();
    const flags = "--persist-to state-c";
    const first = startOn(port, flags);
    await first.until(isReady);
    // As `killall -9 node` does: start.ts and wrangler cannot clean up, and workerd keeps running.
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
