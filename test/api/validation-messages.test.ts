// The messages of validation errors.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { call, EXAMPLE_TASK, makeCaller } from "../support/gateway.ts";

afterEach(() => reset());

const task = EXAMPLE_TASK;
const { websiteKey: _, ...withoutKey } = EXAMPLE_TASK;

describe("a date or time in a query", () => {
  const NOT_A_TIME = "must be an RFC 3339 time, such as 2027-01-01T00:00:00Z";
  const NOT_A_DAY = "must be a date, such as 2026-11-23";
  it.each([
    ["/v1/tasks", "createdAfter", "yesterday", NOT_A_TIME],
    ["/v1/tasks", "createdAfter", "2026-02-30T00:00:00Z", NOT_A_TIME],
    ["/v1/tasks", "createdBefore", "9999-12-31T23:59:59-23:59", NOT_A_TIME],
    ["/v1/usage", "from", "today", NOT_A_DAY],
    ["/v1/usage", "from", "2026-02-30", NOT_A_DAY],
    ["/v1/usage", "to", "1970-12-31", NOT_A_DAY],
  ])("has one error when it is invalid: %s?%s=%s", async (path, name, value, message) => {
    const { key } = await makeCaller({}, { scopes: ["tasks:read", "account:read"] });
    const response = await call("GET", `${path}?${name}=${value}`, { key });
    expect(await response.json()).toMatchObject({ errors: [{ path: name, message }] });
  });
});

describe("POST /v1/tasks with an invalid body", () => {
  it.each([
    ["a missing object", {}, "task", "is required"],
    ["a missing field", { task: withoutKey }, "task.websiteKey", "is required"],
    ["a wrong type", { task: { ...task, websiteKey: 5 } }, "task.websiteKey", "must be a string"],
    ["null", { task: null }, "task", "must be an object"],
    ["an array", [], "", "must be an object"],
    ["an empty field", { task: { ...task, pageAction: "" } }, "task.pageAction", "must not be empty"],
    [
      "a long field",
      { task: { ...task, pageAction: "a".repeat(129) } },
      "task.pageAction",
      "must have at most 128 characters",
    ],
    ["an unknown type", { task: { ...task, type: "X" } }, "task.type", 'must be "RecaptchaV3TaskProxyless"'],
    ["an invalid URL", { task: { ...task, websiteURL: "x" } }, "task.websiteURL", "must be an http or https URL"],
    ["an unknown field", { task, colour: 1 }, "colour", "is not a known field"],
    ["a fraction", { task, timeoutSeconds: 10.5 }, "timeoutSeconds", "must be a whole number"],
    ["a small number", { task, timeoutSeconds: 9 }, "timeoutSeconds", "must be at least 10"],
    ["a large number", { task, timeoutSeconds: 301 }, "timeoutSeconds", "must be at most 300"],
    ["metadata of numbers", { task, metadata: { a: 1 } }, "metadata.a", "must be a string"],
  ])("returns a message for people when there is %s", async (_case, body, path, message) => {
    const { key } = await makeCaller();
    const response = await call("POST", "/v1/tasks", { key, body });
    const problem = await response.json<{ detail: string; errors: unknown[] }>();
    expect(problem.errors).toContainEqual({ path, message });
    expect(problem.detail).toContain(path === "" ? `The body ${message}.` : path);
  });

  it("lists the first fields in `detail` when several are invalid", async () => {
    const { key } = await makeCaller();
    const body = { task: { ...task, websiteKey: 5, pageAction: "" }, timeoutSeconds: 1, reference: 5, metadata: 3 };
    const response = await call("POST", "/v1/tasks", { key, body });
    const { detail } = await response.json<{ detail: string }>();
    expect(detail).toMatch(/^\d problems, in task\.websiteKey, task\.pageAction, \w+ and others\.$/);
  });
});
