// The configuration: its defaults, the bounds of every variable, and errors that name the variable and never its content.

import { describe, expect, it } from "vitest";
import {
  type Configuration,
  ConfigurationError,
  configurationOf,
  parseConfiguration,
  UPSTREAM_DOC_SEC_CH_UA,
  UPSTREAM_DOC_USER_AGENT,
} from "../../src/configuration.ts";

const SECRET = `whsec_${btoa("0123456789abcdef0123456789abcdef")}`;
const ACCOUNTS = [
  { name: "first", clientKey: "key-1" },
  { name: "second", url: "https://up.example/base/", clientKey: "key-2" },
];

describe("configurationOf", () => {
  it("returns the documented defaults for an empty environment", () => {
    expect(configurationOf({})).toStrictEqual({
      upstreamUrl: "https://api.1captcha.vip",
      upstreamClientKey: null,
      upstreamAccounts: [],
      adminToken: null,
      alertWebhook: null,
      pollIntervalMs: 3_000,
      taskTimeoutMs: 120_000,
      taskRetentionMs: 86_400_000,
      adaptiveFirstPoll: true,
      allowPrivateWebhooks: false,
      solver: { userAgent: UPSTREAM_DOC_USER_AGENT, secChUa: UPSTREAM_DOC_SEC_CH_UA },
    } satisfies Configuration);
    expect(UPSTREAM_DOC_USER_AGENT).toBe(
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36",
    );
    expect(UPSTREAM_DOC_SEC_CH_UA).toBe('"Google Chrome";v="137", "Not-A.Brand";v="24", "Chromium";v="137"');
  });

  it("parses an environment once", () => {
    const env = { POLL_INTERVAL_MS: "5000" };
    expect(configurationOf(env)).toBe(configurationOf(env));
  });

  it("ignores bindings and unknown variables", () => {
    expect(configurationOf({ DIRECTORY: {}, UNHEARD_OF: "x" })).toStrictEqual(configurationOf({}));
  });

  it.each<[string, unknown, keyof Configuration, unknown]>([
    ["UPSTREAM_URL", "http://127.0.0.1:9900", "upstreamUrl", "http://127.0.0.1:9900"],
    ["UPSTREAM_URL", "https://up.example/", "upstreamUrl", "https://up.example"],
    ["UPSTREAM_URL", "https://up.example/base//", "upstreamUrl", "https://up.example/base"],
    ["UPSTREAM_CLIENT_KEY", "k", "upstreamClientKey", "k"],
    ["ADMIN_TOKEN", "a".repeat(24), "adminToken", "a".repeat(24)],
    ["ADMIN_TOKEN", "a".repeat(512), "adminToken", "a".repeat(512)],
    ["POLL_INTERVAL_MS", "1000", "pollIntervalMs", 1_000],
    ["POLL_INTERVAL_MS", 60_000, "pollIntervalMs", 60_000],
    ["TASK_TIMEOUT_S", "10", "taskTimeoutMs", 10_000],
    ["TASK_TIMEOUT_S", "300", "taskTimeoutMs", 300_000],
    ["TASK_RETENTION_S", "10", "taskRetentionMs", 10_000],
    ["TASK_RETENTION_S", "2592000", "taskRetentionMs", 2_592_000_000],
    ["ADAPTIVE_FIRST_POLL", "true", "adaptiveFirstPoll", true],
    ["ADAPTIVE_FIRST_POLL", "false", "adaptiveFirstPoll", false],
    ["FIRST_POLL_ADVICE", "false", "adaptiveFirstPoll", false],
    ["ALLOW_PRIVATE_WEBHOOKS", true, "allowPrivateWebhooks", true],
    ["ALLOW_PRIVATE_WEBHOOKS", "false", "allowPrivateWebhooks", false],
    ["SOLVER_USER_AGENT", "Agent/2", "solver", { userAgent: "Agent/2", secChUa: UPSTREAM_DOC_SEC_CH_UA }],
    ["SOLVER_SEC_CH_UA", '"A";v="2"', "solver", { userAgent: UPSTREAM_DOC_USER_AGENT, secChUa: '"A";v="2"' }],
  ])("accepts %s=%s", (name, value, field, expected) => {
    expect(configurationOf({ [name]: value })[field]).toEqual(expected);
  });

  it("prefers ADAPTIVE_FIRST_POLL to its old name", () => {
    const env = { ADAPTIVE_FIRST_POLL: "true", FIRST_POLL_ADVICE: "false" };
    expect(configurationOf(env).adaptiveFirstPoll).toBe(true);
  });

  it("returns the single upstream key as an account called default", () => {
    const env = { UPSTREAM_CLIENT_KEY: "k", UPSTREAM_URL: "https://up.example" };
    expect(configurationOf(env).upstreamAccounts).toEqual([
      { name: "default", url: "https://up.example", clientKey: "k" },
    ]);
  });

  it.each([
    ["text", JSON.stringify(ACCOUNTS)],
    ["an array", ACCOUNTS],
  ])("reads UPSTREAM_ACCOUNTS given as %s, which wins over the single key", (_form, list) => {
    const env = { UPSTREAM_CLIENT_KEY: "k", UPSTREAM_URL: "https://default.example", UPSTREAM_ACCOUNTS: list };
    expect(configurationOf(env).upstreamAccounts).toEqual([
      { name: "first", url: "https://default.example", clientKey: "key-1" },
      { name: "second", url: "https://up.example/base", clientKey: "key-2" },
    ]);
  });

  it("has an alert webhook when its URL and its secret are set", () => {
    const url = "https://ops.example/alerts?team=1";
    const both = { ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_SECRET: SECRET };
    expect(configurationOf(both).alertWebhook).toEqual({ url, secret: SECRET });
    expect(configurationOf({ ALERT_WEBHOOK_SECRET: SECRET }).alertWebhook).toBeNull();
    expect(configurationOf({ ALERT_WEBHOOK_URL: url }).alertWebhook).toBeNull();
  });

  it("accepts a local alert webhook where private webhooks are allowed", () => {
    const env = { ALERT_WEBHOOK_URL: "http://127.0.0.1:9911/alerts", ALERT_WEBHOOK_SECRET: SECRET };
    expect(configurationOf({ ...env, ALLOW_PRIVATE_WEBHOOKS: "true" }).alertWebhook?.url).toBe(env.ALERT_WEBHOOK_URL);
    expect(rejection(env)).toContain("ALERT_WEBHOOK_URL: must be a URL that webhooks may be sent to");
  });
});

/** The message of the error that an environment is rejected with. */
function rejection(env: object): string {
  try {
    configurationOf(env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  throw new Error("the environment was accepted");
}

const account = (fields: object) => JSON.stringify([{ name: "a", clientKey: "k", ...fields }]);

describe("a bad value", () => {
  it.each([
    ["UPSTREAM_URL", "ftp://needle.example"],
    ["UPSTREAM_URL", "https://needle:word@up.example"],
    ["UPSTREAM_URL", "https://needle@up.example"],
    ["UPSTREAM_URL", "https://up.example/?needle=1"],
    ["UPSTREAM_URL", "https://up.example/#needle"],
    ["UPSTREAM_CLIENT_KEY", ""],
    ["UPSTREAM_CLIENT_KEY", "needle".repeat(100)],
    ["UPSTREAM_ACCOUNTS", ""],
    ["UPSTREAM_ACCOUNTS", "needle"],
    ["UPSTREAM_ACCOUNTS", '[{ "name": "needle", "clientKey": "needle" }'],
    ["UPSTREAM_ACCOUNTS", "[]"],
    ["UPSTREAM_ACCOUNTS", '["needle"]'],
    ["UPSTREAM_ACCOUNTS", '{ "name": "needle", "clientKey": "k" }'],
    ["UPSTREAM_ACCOUNTS", account({ clientKey: "" })],
    ["UPSTREAM_ACCOUNTS", account({ clientKey: undefined })],
    ["UPSTREAM_ACCOUNTS", account({ clientKey: "needle".repeat(100) })],
    ["UPSTREAM_ACCOUNTS", account({ name: "" })],
    ["UPSTREAM_ACCOUNTS", account({ name: "needle\n" })],
    ["UPSTREAM_ACCOUNTS", account({ name: 7 })],
    ["UPSTREAM_ACCOUNTS", account({ url: "ftp://needle.example" })],
    ["UPSTREAM_ACCOUNTS", account({ needle: "https://up.example" })],
    ["UPSTREAM_ACCOUNTS", JSON.stringify([...ACCOUNTS, { name: "first", clientKey: "needle" }])],
    ["ADMIN_TOKEN", ""],
    ["ADMIN_TOKEN", "needle".padEnd(23, "x")],
    ["ADMIN_TOKEN", "needle".repeat(100)],
    ["ADMIN_TOKEN", "needle with spaces in its midst"],
    ["ADMIN_TOKEN", `needle-${"ü".repeat(24)}`],
    ["ALERT_WEBHOOK_URL", ""],
    ["ALERT_WEBHOOK_URL", "needle"],
    ["ALERT_WEBHOOK_URL", "http://needle.example/alerts"],
    ["ALERT_WEBHOOK_URL", "https://needle:word@ops.example/alerts"],
    ["ALERT_WEBHOOK_URL", "https://needle.internal/alerts"],
    ["ALERT_WEBHOOK_SECRET", ""],
    ["ALERT_WEBHOOK_SECRET", "needle".repeat(8)],
    ["ALERT_WEBHOOK_SECRET", "whsec_=="],
    ["ALERT_WEBHOOK_SECRET", "whsec_needle"],
    ["ALERT_WEBHOOK_SECRET", `${SECRET.slice(0, -4)}-_==`],
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
    ["ADAPTIVE_FIRST_POLL", "off"],
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
  ])("of %s is rejected with a message that has its rule and not the value: %j", (name, value) => {
    const message = rejection({ [name]: value });
    expect(message).toMatch(new RegExp(`^bad configuration: ${name}[^:]*: must `));
    expect(message).not.toContain("needle");
    if (value.length > 4) expect(message.replaceAll(/from \d+ to \d+/g, "")).not.toContain(value);
  });

  it("is reported together with every other bad value", () => {
    const message = rejection({ POLL_INTERVAL_MS: "1", TASK_TIMEOUT_S: "1", ADMIN_TOKEN: "needle" });
    for (const name of ["POLL_INTERVAL_MS", "TASK_TIMEOUT_S", "ADMIN_TOKEN"]) expect(message).toContain(name);
    expect(message).not.toContain("needle");
  });

  it("is named by its index in the list of accounts", () => {
    const list = [...ACCOUNTS, { name: "third", clientKey: "" }];
    expect(rejection({ UPSTREAM_ACCOUNTS: list })).toBe(
      "bad configuration: UPSTREAM_ACCOUNTS[2].clientKey: must be 1 to 512 characters",
    );
  });

  it("is rejected at every call, not only at the first", () => {
    const env = { TASK_TIMEOUT_S: "1" };
    expect(rejection(env)).toBe(rejection(env));
  });
});

describe("parseConfiguration", () => {
  it.each([
    ["POLL_INTERVAL_MS", true],
    ["ALLOW_PRIVATE_WEBHOOKS", true],
    ["ADMIN_TOKEN", false],
    ["UPSTREAM_ACCOUNTS", false],
    ["UPSTREAM_URL", false],
    ["ALERT_WEBHOOK_URL", false],
  ])("reports whether the bad value of %s may be shown: %s", (name, showValue) => {
    expect(parseConfiguration({ [name]: "x" })).toMatchObject({ ok: false, problems: [{ name, showValue }] });
  });
});
