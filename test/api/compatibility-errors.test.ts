// The error responses of the compatibility API.

import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { expectCompatibilityError, expectEventually } from "../support/answers.ts";
import { createTask, getTaskResult } from "../support/compatibility.ts";
import {
  admin,
  call,
  callWith,
  finished,
  makeCaller,
  makeKey,
  read,
  scenario,
  solve,
  submit,
} from "../support/gateway.ts";
import { freezeTime, releaseTime } from "../support/time.ts";
import { plain, scriptOutside } from "../support/upstream.ts";

afterEach(async () => {
  releaseTime();
  await reset();
});

const ENDLESS = scenario("sandbox-never");

describe("createTask returns an error for", () => {
  it.each([
    ["a null task", null, "ERROR_TASK_ABSENT"],
    ["a task that is not an object", "task", "ERROR_BAD_REQUEST"],
    ["no type", { ...ENDLESS, type: undefined }, "ERROR_TASK_NOT_SUPPORTED"],
    ["another type", { ...ENDLESS, type: "NoCaptchaTaskProxyless" }, "ERROR_TASK_NOT_SUPPORTED"],
    ["a type that is not a string", { ...ENDLESS, type: 3 }, "ERROR_TASK_NOT_SUPPORTED"],
    ["no websiteURL", { ...ENDLESS, websiteURL: undefined }, "ERROR_BAD_REQUEST"],
    ["a pageAction that is too long", { ...ENDLESS, pageAction: "a".repeat(129) }, "ERROR_BAD_REQUEST"],
    ["a host that is not allowed", { ...ENDLESS, websiteURL: "https://other.example/" }, "ERROR_DOMAIN_NOT_ALLOWED"],
  ])("%s", async (_what, task, code) => {
    const { key } = await makeCaller();
    await expectCompatibilityError(await createTask(key, task), code);
  });

  it("a missing task", async () => {
    const { key } = await makeCaller();
    await expectCompatibilityError(
      await call("POST", "/createTask", { body: { clientKey: key } }),
      "ERROR_TASK_ABSENT",
    );
  });

  it.each([
    ["hook", "callbackUrl"],
    [5, "callbackUrl"],
    ["https://localhost/", "webhook URL"],
  ])("the callbackUrl %j, with a description of the error", async (callbackUrl, words) => {
    const { key } = await makeCaller();
    const response = await createTask(key, ENDLESS, { callbackUrl });
    expect(await response.clone().json()).toMatchObject({ errorDescription: expect.stringContaining(words) });
    await expectCompatibilityError(response, "ERROR_BAD_REQUEST");
  });

  it("a key without the scope, and a key of a suspended tenant", async () => {
    const { tenantId, key } = await makeCaller();
    const reader = await makeKey(tenantId, { scopes: ["tasks:read"] });
    await expectCompatibilityError(await createTask(reader.key), "ERROR_KEY_DOES_NOT_EXIST");
    await admin("PATCH", `/admin/tenants/${tenantId}`, { suspended: true });
    await expectCompatibilityError(await createTask(key), "ERROR_KEY_DOES_NOT_EXIST");
  });

  it("a new task of a suspended tenant, whose Idempotency-Key still returns the existing task", async () => {
    const { tenantId, key } = await makeCaller();
    const send = (name: string) =>
      call("POST", "/createTask", { body: { clientKey: key, task: ENDLESS }, headers: { "idempotency-key": name } });
    const { taskId } = await (await send("order-1042")).json<{ taskId: number }>();
    await admin("PATCH", `/admin/tenants/${tenantId}`, { suspended: true });
    const replayed = await send("order-1042");
    expect(replayed.headers.get("idempotency-replayed")).toBe("true");
    expect(await replayed.json()).toMatchObject({ errorId: 0, taskId });
    await expectCompatibilityError(await send("order-1043"), "ERROR_KEY_DOES_NOT_EXIST");
  });

  it("another body with a used Idempotency-Key, and an invalid Idempotency-Key", async () => {
    const { key } = await makeCaller();
    const send = (name: string, task: unknown) =>
      call("POST", "/createTask", { body: { clientKey: key, task }, headers: { "idempotency-key": name } });
    await send("order-1042", ENDLESS);
    await expectCompatibilityError(await send("order-1042", scenario("sandbox-instant")), "ERROR_BAD_REQUEST");
    await expectCompatibilityError(await send("k".repeat(256), ENDLESS), "ERROR_BAD_REQUEST");
  });

  it("live tasks without an upstream account, and over the quota", async () => {
    const { key } = await makeCaller({ limits: { monthlyTasks: 0 } }, { mode: "live" });
    const options = { body: { clientKey: key, task: ENDLESS } };
    const unconfigured = await callWith({ UPSTREAM_CLIENT_KEY: undefined }, "POST", "/createTask", options);
    await expectCompatibilityError(unconfigured, "ERROR_SERVICE_UNAVAILABLE");
    const overQuota = await call("POST", "/createTask", options);
    expect(overQuota.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
    await expectCompatibilityError(overQuota, "ERROR_NO_SLOT_AVAILABLE", 429);
  });
});

describe("createTask and getTaskResult", () => {
  it.each(["", "{", "null", "[]", "5", new Uint8Array([0x22, 0xff, 0x22])])(
    "return an error with status 200 for the body %s",
    async (body) => {
      for (const path of ["/createTask", "/getTaskResult"]) {
        const response = await call("POST", path, { body });
        expect(response.status).toBe(200);
        expect(await response.json()).toMatchObject({
          errorId: 1,
          errorCode: expect.stringMatching(/^ERROR_(BAD_REQUEST|KEY_DOES_NOT_EXIST)$/),
          errorDescription: expect.stringMatching(/^ERROR_(BAD_REQUEST|KEY_DOES_NOT_EXIST)./),
        });
      }
    },
  );

  it("return ERROR_BAD_REQUEST for a body that is not JSON", async () => {
    for (const path of ["/createTask", "/getTaskResult"]) {
      await expectCompatibilityError(await call("POST", path, { body: "clientKey=1" }), "ERROR_BAD_REQUEST");
    }
  });
});

describe("getTaskResult", () => {
  it.each([
    ["a UUID", "61138bb6-19fb-11ec-a9c8-0242ac110006"],
    ["an unknown id of v1", `tsk_${"5f".repeat(32)}`],
    ["an unknown number", 42],
    ["an unknown number as a string", "42"],
    ["a very long number", "9".repeat(5_000)],
  ])("returns ERROR_NO_SUCH_CAPCHA_ID for %s", async (_what, taskId) => {
    const { key } = await makeCaller();
    await expectCompatibilityError(await getTaskResult(key, taskId), "ERROR_NO_SUCH_CAPCHA_ID");
  });

  it("returns ERROR_NO_SUCH_CAPCHA_ID for an unused id, and for other spellings of the caller's own id", async () => {
    const { key } = await makeCaller();
    const { id } = await submit(key, ENDLESS);
    for (const taskId of [`tsk_${env.TASKS.newUniqueId()}`, ` ${id}`, `${id} `, `${id}0`, "+1", "1.0"]) {
      await expectCompatibilityError(await getTaskResult(key, taskId), "ERROR_NO_SUCH_CAPCHA_ID");
    }
  });

  it("returns ERROR_KEY_DOES_NOT_EXIST for a key without the scope", async () => {
    const { tenantId, key } = await makeCaller();
    const writer = await makeKey(tenantId, { scopes: ["tasks:write"] });
    const taskId = (await submit(key, ENDLESS)).id;
    await expectCompatibilityError(await getTaskResult(writer.key, taskId), "ERROR_KEY_DOES_NOT_EXIST");
  });
});

describe("getTaskResult of a task without a solution", () => {
  it.each(["ERROR_RECAPTCHA_INVALID_SITEKEY", "ERROR_OF_THE_FUTURE", "ERROR_CAPTCHA_UNSOLVABLE"])(
    "returns the code with which the upstream rejected it: %s",
    async (code) => {
      const { key } = await makeCaller();
      const { id } = await submit(key, scenario(`sandbox-reject-${code}`));
      await finished(key, id);
      await expectCompatibilityError(await getTaskResult(key, id), code);
    },
  );

  it("returns the code with which the upstream ended it", async () => {
    const { key } = await makeCaller();
    const codes = ["ERROR_CAPTCHA_UNSOLVABLE", "ERROR_NO_SUCH_CAPCHA_ID", "ERROR_OF_THE_FUTURE"];
    await Promise.all(
      codes.map(async (code) => {
        const { id } = await submit(key, scenario(`sandbox-fail-${code}`));
        await finished(key, id);
        await expectCompatibilityError(await getTaskResult(key, id), code);
      }),
    );
  });

  it("returns ERROR_TASK_CANCELED when it was canceled", async () => {
    const { key } = await makeCaller();
    const { id } = await submit(key, ENDLESS);
    await call("POST", `/v1/tasks/${id}/cancel`, { key });
    await expectCompatibilityError(await getTaskResult(key, id), "ERROR_TASK_CANCELED");
  });

  it("returns ERROR_TASK_TIMEOUT when its deadline has passed", async () => {
    const { key } = await makeCaller();
    const { id } = await submit(key, ENDLESS);
    await expectEventually(() => read(key, id)).toMatchObject({ status: "processing" });
    freezeTime(Date.now() + 120_000);
    await expectCompatibilityError(await getTaskResult(key, id), "ERROR_TASK_TIMEOUT");
  });

  it("returns ERROR_SERVICE_UNAVAILABLE when the upstream was unavailable until the deadline", async () => {
    const outside = scriptOutside({ create: [plain(503)] });
    const { key } = await makeCaller({}, { mode: "live" });
    const { id } = await submit(key, ENDLESS);
    await expectEventually(() => outside.creates.length).toBe(1);
    await expectEventually(async () => (await call("GET", `/v1/tasks/${id}/events`, { key })).text()).toContain(
      "submission_",
    );
    freezeTime(Date.now() + 120_000);
    await expectCompatibilityError(await getTaskResult(key, id), "ERROR_SERVICE_UNAVAILABLE");
  });
});

describe("getTaskResult of a solution that is deleted", () => {
  it("returns ERROR_TOKEN_EXPIRED when it was claimed in v1", async () => {
    const { key } = await makeCaller();
    const { id } = await solve(key);
    await call("POST", `/v1/tasks/${id}/claim`, { key });
    await expectCompatibilityError(await getTaskResult(key, id), "ERROR_TOKEN_EXPIRED");
  });

  it("returns ERROR_TOKEN_EXPIRED when it has expired", async () => {
    const { key } = await makeCaller();
    const { id } = await solve(key);
    freezeTime(Date.now() + 120_000);
    await expectCompatibilityError(await getTaskResult(key, id), "ERROR_TOKEN_EXPIRED");
  });
});

describe("the paths of the compatibility API", () => {
  it.each(["GET", "PUT", "DELETE", "OPTIONS"])("return 200 and ERROR_BAD_REQUEST for %s", async (method) => {
    for (const path of ["/createTask", "/getTaskResult", "/getBalance", "/getQueueStats"]) {
      await expectCompatibilityError(await call(method, path), "ERROR_BAD_REQUEST");
    }
  });

  it.each([
    "/reportIncorrectRecaptcha",
    "/reportCorrectRecaptcha",
    "/getQueueStats",
    "/getSpendingStats",
    "/getAppStats",
    "/test",
  ])("return ERROR_NO_SUCH_METHOD for every body of POST %s", async (path) => {
    for (const body of [undefined, {}, "no JSON"]) {
      await expectCompatibilityError(await call("POST", path, { body }), "ERROR_NO_SUCH_METHOD");
    }
  });

  it.each(["//createTask", "/createTask/", "//createTask//"])(
    "accept doubled and trailing slashes: %s",
    async (path) => {
      const { key } = await makeCaller();
      const response = await call("POST", path, { body: { clientKey: key, task: ENDLESS } });
      expect(await response.json()).toMatchObject({ errorId: 0, status: "idle" });
    },
  );

  it("describe a missing clientKey and an invalid one differently", async () => {
    const missing = await (await call("POST", "/createTask", { body: { task: ENDLESS } })).json<{
      errorDescription: string;
    }>();
    expect(missing.errorDescription).toBe("ERROR_KEY_DOES_NOT_EXIST: clientKey is missing.");
    const wrong = await (await createTask("wrong")).json<{ errorDescription: string }>();
    expect(wrong.errorDescription).toBe("ERROR_KEY_DOES_NOT_EXIST: The clientKey is not a valid key.");
  });

  it("describe a missing taskId and an unknown one differently", async () => {
    const { key } = await makeCaller();
    const missing = await (await getTaskResult(key, undefined)).json<{ errorDescription: string }>();
    expect(missing.errorDescription).toBe("ERROR_NO_SUCH_CAPCHA_ID: taskId is missing.");
    const wrong = await (await getTaskResult(key, 12)).json<{ errorDescription: string }>();
    expect(wrong.errorDescription).toBe("ERROR_NO_SUCH_CAPCHA_ID: There is no such task.");
  });
});
