// The configuration: its defaults, the bounds of every variable, and errors that name the variable and never its content.

import { describe, expect, it } from "vitest";
import { type Configuration, ConfigurationError, configurationOf } from "../../src/env.ts";

describe("the configuration", () => {
  it("of an empty environment is the documented one", () => {
    expect(configurationOf({})).toStrictEqual({
      upstreamUrl: "https://api.1captcha.vip",
      upstreamClientKey: null,
      adminToken: null,
      pollIntervalMs: 3_000,
      taskTimeoutMs: 120_000,
      taskRetentionMs: 86_400_000,
      firstPollAdvice: true,
      allowPrivateWebhooks: false,
      solver: {
        userAgent:
          "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36",
        secChUa: '"Google Chrome";v="137", "Not-A.Brand";v="24", "Chromium";v="137"',
      },
    } satisfies Configuration);
  });

  it("is parsed once for an environment", () => {
    const env = { POLL_INTERVAL_MS: "5000" };
    expect(configurationOf(env)).toBe(configurationOf(env));
  });

  it("takes no notice of bindings and of variables that it does not know", () => {
    expect(configurationOf({ DIRECTORY: {}, UNHEARD_OF: "x" })).toStrictEqual(configurationOf({}));
  });

  it.each<[string, string, keyof Configuration, unknown]>([
    ["UPSTREAM_URL", "http://127.0.0.1:9900", "upstreamUrl", "http://127.0.0.1:9900"],
    ["UPSTREAM_URL", "https://up.example/", "upstreamUrl", "https://up.example"],
    ["UPSTREAM_URL", "https://up.example/base//", "upstreamUrl", "https://up.example/base"],
    ["UPSTREAM_CLIENT_KEY", "k", "upstreamClientKey", "k"],
    ["ADMIN_TOKEN", "a".repeat(24), "adminToken", "a".repeat(24)],
    ["POLL_INTERVAL_MS", "1000", "pollIntervalMs", 1_000],
    ["POLL_INTERVAL_MS", "60000", "pollIntervalMs", 60_000],
    ["TASK_TIMEOUT_S", "10", "taskTimeoutMs", 10_000],
    ["TASK_TIMEOUT_S", "300", "taskTimeoutMs", 300_000],
    ["TASK_RETENTION_S", "10", "taskRetentionMs", 10_000],
    ["TASK_RETENTION_S", "2592000", "taskRetentionMs", 2_592_000_000],
    ["FIRST_POLL_ADVICE", "true", "firstPollAdvice", true],
    ["FIRST_POLL_ADVICE", "false", "firstPollAdvice", false],
    ["ALLOW_PRIVATE_WEBHOOKS", "true", "allowPrivateWebhooks", true],
    ["ALLOW_PRIVATE_WEBHOOKS", "false", "allowPrivateWebhooks", false],
    ["SOLVER_USER_AGENT", "Agent/2", "solver", expect.objectContaining({ userAgent: "Agent/2" })],
    ["SOLVER_SEC_CH_UA", '"A";v="2"', "solver", expect.objectContaining({ secChUa: '"A";v="2"' })],
  ])("takes %s=%s", (name, value, field, expected) => {
    expect(configurationOf({ [name]: value })[field]).toEqual(expected);
  });
});

/** The message that a bad environment is refused with. */
function refusal(env: object): string {
  try {
    configurationOf(env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  throw new Error("the environment was taken");
}

describe("a bad value", () => {
  it.each([
    ["UPSTREAM_URL", "ftp://needle.example"],
    ["UPSTREAM_URL", "https://needle:word@up.example"],
    ["UPSTREAM_URL", "https://needle@up.example"],
    ["UPSTREAM_URL", "https://up.example/?needle=1"],
    ["UPSTREAM_URL", "https://up.example/#needle"],
    ["UPSTREAM_CLIENT_KEY", ""],
    ["UPSTREAM_CLIENT_KEY", "needle".repeat(100)],
    ["ADMIN_TOKEN", ""],
    ["ADMIN_TOKEN", "needle".padEnd(23, "x")],
    ["ADMIN_TOKEN", "needle with spaces in its midst"],
    ["ADMIN_TOKEN", `needle-${"ü".repeat(24)}`],
    ["POLL_INTERVAL_MS", "999"],
    ["POLL_INTERVAL_MS", "60001"],
    ["POLL_INTERVAL_MS", ""],
    ["POLL_INTERVAL_MS", "-3000"],
    ["POLL_INTERVAL_MS", "3000.5"],
    ["POLL_INTERVAL_MS", "3e3"],
    ["POLL_INTERVAL_MS", "needle"],
    ["POLL_INTERVAL_MS", "99999999999999999999"],
    ["TASK_TIMEOUT_S", "9"],
    ["TASK_TIMEOUT_S", "301"],
    ["TASK_TIMEOUT_S", "two minutes, needle"],
    ["TASK_RETENTION_S", "9"],
    ["TASK_RETENTION_S", "2592001"],
    ["TASK_RETENTION_S", "Infinity"],
    ["FIRST_POLL_ADVICE", "off"],
    ["ALLOW_PRIVATE_WEBHOOKS", ""],
    ["ALLOW_PRIVATE_WEBHOOKS", "needle"],
    ["ALLOW_PRIVATE_WEBHOOKS", "TRUE"],
    ["ALLOW_PRIVATE_WEBHOOKS", "1"],
    ["SOLVER_USER_AGENT", ""],
    ["SOLVER_USER_AGENT", "needle\r\nX-Other: 1"],
    ["SOLVER_USER_AGENT", "needle".repeat(100)],
    ["SOLVER_SEC_CH_UA", "needle\u0000"],
    ["SOLVER_SEC_CH_UA", ""],
  ])("of %s stops everything and is named without its content: %j", (name, value) => {
    const message = refusal({ [name]: value });
    expect(message).toContain(name);
    expect(message).not.toContain("needle");
    if (value.length > 4) expect(message.replaceAll(/from \d+ to \d+/g, "")).not.toContain(value);
  });

  it("is named beside every other bad one", () => {
    const message = refusal({ POLL_INTERVAL_MS: "1", TASK_TIMEOUT_S: "1", ADMIN_TOKEN: "needle" });
    for (const name of ["POLL_INTERVAL_MS", "TASK_TIMEOUT_S", "ADMIN_TOKEN"]) expect(message).toContain(name);
    expect(message).not.toContain("needle");
  });

  it("says the bounds of a number", () => {
    expect(refusal({ POLL_INTERVAL_MS: "1" })).toContain("a whole number from 1000 to 60000");
  });

  it("is refused at every call, not only at the first", () => {
    const env = { TASK_TIMEOUT_S: "1" };
    expect(refusal(env)).toBe(refusal(env));
  });
});
