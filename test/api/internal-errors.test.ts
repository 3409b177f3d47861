// Errors of the gateway itself. The valid values of the configuration are in test/unit/env.test.ts.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { expectCompatibilityError, expectProblem } from "../support/answers.ts";
import { ADMIN_TOKEN, call, callWith, makeCaller, scenario } from "../support/gateway.ts";

afterEach(reset);

const task = scenario("sandbox-never");

/** Throws an error whose text must not be in a response. */
const broken = (): never => {
  throw new Error("internal-detail-0451 at 10.0.0.7");
};
const BROKEN_TASKS = { TASKS: { newUniqueId: broken, idFromString: broken, idFromName: broken, get: broken } };

describe("an unexpected exception", () => {
  it("returns 500 without internal details in v1 and /admin", async () => {
    const { key } = await makeCaller();
    const responses = [
      await callWith(BROKEN_TASKS, "POST", "/v1/tasks", { key, body: { task } }),
      await callWith({ CALL_LIMIT: { limit: broken } }, "GET", "/v1/account", { key }),
      await callWith({ TENANTS: { idFromName: broken } }, "GET", "/admin/tenants/acme", { key: ADMIN_TOKEN }),
    ];
    for (const response of responses) {
      expect(JSON.stringify([...response.headers])).not.toMatch(/internal-detail|10\.0\.0\.7/);
      expect(await response.clone().text()).not.toMatch(/internal-detail|10\.0\.0\.7|Error|\bat \//);
      await expectProblem(response, "internal");
    }
  });

  it("returns ERROR_SERVICE_UNAVAILABLE without internal details in the compatibility API", async () => {
    const { key } = await makeCaller();
    const response = await callWith(BROKEN_TASKS, "POST", "/createTask", { body: { clientKey: key, task } });
    expect(await response.clone().text()).not.toMatch(/internal-detail|10\.0\.0\.7/);
    await expectCompatibilityError(response, "ERROR_SERVICE_UNAVAILABLE");
  });
});

describe("a configuration with an invalid value", () => {
  it.each([{ POLL_INTERVAL_MS: "999" }, { UPSTREAM_URL: "ftp://api.1captcha.vip" }])(
    "returns 500 without the value for every request: %j",
    async (variables) => {
      const { key } = await makeCaller();
      const responses = [
        await callWith(variables, "GET", "/healthz"),
        await callWith(variables, "POST", "/v1/tasks", { key, body: { task } }),
        await callWith(variables, "GET", "/admin/tenants", { key: ADMIN_TOKEN }),
      ];
      for (const response of responses) {
        const { title, detail } = await expectProblem(response, "configuration");
        for (const value of Object.values(variables)) expect(title + detail).not.toContain(value);
      }
      for (const path of ["/createTask", "/getTaskResult"]) {
        const response = await callWith(variables, "POST", path, { body: { clientKey: key, task } });
        await expectCompatibilityError(response, "ERROR_SERVICE_UNAVAILABLE", 500);
      }
    },
  );

  it("does not affect requests after the value is corrected", async () => {
    expect((await call("GET", "/healthz")).status).toBe(200);
    expect((await callWith({ POLL_INTERVAL_MS: "1000" }, "GET", "/healthz")).status).toBe(200);
  });
});

describe("TASK_TIMEOUT_S", () => {
  it("is the deadline of a task without timeoutSeconds", async () => {
    const { key } = await makeCaller();
    const response = await callWith({ TASK_TIMEOUT_S: "45" }, "POST", "/v1/tasks", { key, body: { task } });
    const { createdAt, deadlineAt } = await response.json<{ createdAt: string; deadlineAt: string }>();
    expect(Date.parse(deadlineAt) - Date.parse(createdAt)).toBe(45_000);
  });
});
