// The parts of the local commands that need no gateway.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it, vi } from "vitest";
import { tokenExpression } from "../../scripts/support/banner.ts";
import { type GatewayLog, parseLog, readableLog } from "../../scripts/support/gateway-logs.ts";
import { Shutdown, shutdownSignal } from "../../scripts/support/shutdown.ts";
import { StartError } from "../../scripts/support/start-error.ts";
import { claimStateFolder } from "../../scripts/support/state-folder.ts";
import { flagValues, hasFlag, variablesIn, withoutFlags } from "../../scripts/support/wrangler-flags.ts";

const FLAGS = ["--port", "1", "--var", "A:1", "B:2", "--var=C:x=y:z", "--minify", "-e", "staging"];

describe("the flags of npm start", () => {
  it("are read in every form that wrangler accepts", () => {
    expect(flagValues(FLAGS, "--port")).toEqual(["1"]);
    expect(flagValues(FLAGS, "--var")).toEqual(["A:1", "B:2", "C:x=y:z"]);
    expect(flagValues(FLAGS, "--env", "-e")).toEqual(["staging"]);
    expect(flagValues(FLAGS, "--ip")).toEqual([]);
    expect(hasFlag(FLAGS, "--minify")).toBe(true);
    expect(hasFlag(FLAGS, "--mini")).toBe(false);
    expect(variablesIn(FLAGS)).toEqual({ A: "1", B: "2", C: "x=y:z" });
  });

  it.each(["POLL_INTERVAL_MS=5000", "UPSTREAM_URL=http://needle"])(
    "must not have an equals sign in --var %s",
    (text) => {
      const [name] = text.split("=");
      const message = `--var ${name}=… has an equals sign: write --var ${name}:VALUE`;
      expect(() => variablesIn(["--var", text])).toThrow(new StartError(message));
    },
  );

  it("are removed with all their values", () => {
    expect(withoutFlags(FLAGS, "--port", "--var")).toEqual(["--minify", "-e", "staging"]);
  });
});

describe("the shell expression for the ADMIN_TOKEN", () => {
  const token = "0123456789abcdef01234567";

  it.each([
    ["as the only variable", `ADMIN_TOKEN=${token}\n`],
    ["without a line end", `POLL_INTERVAL_MS=5000\nADMIN_TOKEN=${token}`],
    ["in quotes", `ADMIN_TOKEN="${token}"\n`],
    ["with CR LF", `ADMIN_TOKEN=${token}\r\nPOLL_INTERVAL_MS=5000\r\n`],
    ["with spaces", `ADMIN_TOKEN = ${token}\n`],
    ["set twice", `ADMIN_TOKEN=another\nADMIN_TOKEN=${token}\n`],
  ])("evaluates to the token that is in the file %s", (_how, content) => {
    const folder = mkdtempSync(join(tmpdir(), "solvegate's "));
    const file = join(folder, ".dev.vars");
    writeFileSync(file, content);
    const expression = tokenExpression(file, content, token);
    expect(expression).not.toContain(token);
    const { ADMIN_TOKEN: _token, ...env } = process.env;
    expect(execFileSync("bash", ["-c", `printf %s "${expression}"`], { encoding: "utf8", env })).toBe(token);
    rmSync(folder, { recursive: true });
  });
});

describe("a log line in a terminal", () => {
  const at = new Date(2026, 0, 2, 3, 4, 5);
  const taskId = `tsk_${"0123456789abcdef".repeat(4)}`;

  it.each<[GatewayLog, string]>([
    [
      {
        level: "info",
        event: "request",
        requestId: "r",
        method: "POST",
        route: "/v1/tasks",
        status: 202,
        durationMs: 12,
        tenantId: "acme",
        mode: "live",
      },
      "POST  /v1/tasks  202  12 ms  acme/live",
    ],
    [
      { level: "info", event: "task", taskId, tenantId: "acme", mode: "test", from: "queued", to: "processing" },
      "task  queued → processing  acme/test  tsk_0123456789ab…",
    ],
    [
      { level: "info", event: "task", taskId, from: "processing", to: "ready", ageMs: 6_120, polls: 2 },
      "task  processing → ready  after 6.1 s and 2 polls  tsk_0123456789ab…",
    ],
    [
      { level: "warn", event: "configuration_warning", warning: "A is not known; did you mean B?" },
      "warning: A is not known; did you mean B?",
    ],
    [
      {
        level: "error",
        event: "request_failed",
        requestId: "r",
        error: "Error: x",
        stack: "Error: x\n    at y (z.ts:1)",
      },
      "error: request_failed  error=Error: x\n    at y (z.ts:1)",
    ],
  ])("is short and readable: %o", (log, text) => {
    expect(stripVTControlCharacters(readableLog(log, at))).toBe(`03:04:05  ${text}`);
  });

  it("is found after the prefix that wrangler adds", () => {
    const log = { level: "warn", event: "task_refused", host: "{x}" };
    expect(parseLog(`\u001b[33m▲ [WARNING]\u001b[0m ${JSON.stringify(log)}\u001b[0m`)).toEqual(log);
    expect(parseLog('{"level":"loud","event":"x"}')).toBeNull();
    expect(parseLog("⎔ Reloading {local} server...")).toBeNull();
  });
});

describe("a state folder", () => {
  it("has one owner at a time, whichever path is used, and can be claimed again after its release", async () => {
    const folder = mkdtempSync(join(tmpdir(), "solvegate-state-"));
    const first = await claimStateFolder(folder, { secrets: false });
    await expect(claimStateFolder(join(folder, "x", ".."), { secrets: false })).rejects.toThrow(
      `The state folder ${first.path} is in use by another gateway (process ${process.pid}).`,
    );
    first.release();
    const second = await claimStateFolder(folder, { secrets: false });
    first.release();
    await expect(claimStateFolder(folder, { secrets: false })).rejects.toThrow("is in use");
    second.release();
    rmSync(folder, { recursive: true });
  });
});

describe("shutdownSignal", () => {
  it("aborts once for a SIGINT that arrives twice, and exits at once for a later one", () => {
    vi.useFakeTimers();
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    const before = signals.map((name) => process.listeners(name));
    const exit = vi.spyOn(process, "exit").mockImplementation(() => undefined as never);
    const signal = shutdownSignal();
    process.emit("SIGINT");
    process.emit("SIGINT");
    expect(signal.reason).toBeInstanceOf(Shutdown);
    expect(signal.reason).toMatchObject({ exitCode: 130 });
    expect(exit).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1_000);
    process.emit("SIGINT");
    expect(exit).toHaveBeenCalledWith(130);
    for (const [index, name] of signals.entries()) {
      for (const listener of process.listeners(name))
        if (!before[index]?.includes(listener)) process.off(name, listener);
    }
    vi.useRealTimers();
    exit.mockRestore();
  });
});
