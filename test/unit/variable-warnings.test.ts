// Warnings about variables that break no rule.

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { VARIABLE_NAMES } from "../../src/configuration.ts";
import { variableWarnings } from "../../src/variable-warnings.ts";

describe("variableWarnings", () => {
  it.each([
    ["POLL_INTERVALL_MS", "POLL_INTERVAL_MS"],
    ["POLL_INTERVAL", "POLL_INTERVAL_MS"],
    ["POLL_INTERAVL_MS", "POLL_INTERVAL_MS"],
    ["poll_interval_ms", "POLL_INTERVAL_MS"],
    ["TASK_TIMEOUT_MS", "TASK_TIMEOUT_S"],
    ["TASK_TIMEOUT", "TASK_TIMEOUT_S"],
    ["ADMINTOKEN", "ADMIN_TOKEN"],
    ["ADMIN_TOKNE", "ADMIN_TOKEN"],
    ["UPSTREAM_CLIENTKEY", "UPSTREAM_CLIENT_KEY"],
    ["UPSTREAM_ACCOUNT", "UPSTREAM_ACCOUNTS"],
    ["ALLOW_PRIVATE_WEBHOOK", "ALLOW_PRIVATE_WEBHOOKS"],
    ["ALERT_WEBHOOK_SECRETS", "ALERT_WEBHOOK_SECRET"],
  ])("warns that %s is not known and suggests %s", (name, meant) => {
    expect(variableWarnings({ [name]: "needle" })).toEqual([`${name} is not a known variable. Did you mean ${meant}?`]);
  });

  it.each(["UPSTREAM", "DEBUG", "ADMIN", "TOKEN", "UPSTREAM_KEY_OF_ANOTHER_PROGRAM", "CLOUDFLARE_API_TOKEN", ""])(
    "does not warn about %j, which is not close to a known name",
    (name) => {
      expect(variableWarnings({ [name]: "value" })).toEqual([]);
    },
  );

  it("does not warn about known names and bindings", () => {
    expect(variableWarnings(Object.fromEntries(VARIABLE_NAMES.map((name) => [name, "value"])))).toEqual([]);
    expect(variableWarnings(env)).toEqual([]);
  });

  it("warns that an alert URL needs the secret", () => {
    expect(variableWarnings({ ALERT_WEBHOOK_URL: "https://ops.example" })).toEqual([
      "ALERT_WEBHOOK_URL has no effect without ALERT_WEBHOOK_SECRET, which signs the alerts.",
    ]);
  });
});
