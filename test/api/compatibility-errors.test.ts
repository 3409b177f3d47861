import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { expectCompatibilityError, expectEventually } from "../support/answers.ts";
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
import { created, plain, processing, scriptOutside } from "../support/upstream.ts";

afterEach(async () => {
  vi.useRealTimers();
  await reset();
});

const ENDLESS = scenario("sandbox-never");

const createTask = (clientKey: unknown, task: unknown = ENDLESS, extra: object = {}): Promise<Response> =>
  call("POST", "/createTask", { body: { clientKey, task, ...extra } });
const getTaskResult = (clientKey: unknown, taskId: unknown): Promise<Response> =>
  call("POST", "/getTaskResult", { body: { clientKey, taskId } });

/** Only `Date` moves; a read brings the task up to the clock. */
function moveClockBy(ms: number): void {
  const now = Date.now();
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now + ms);
}

describe("createTask rejects", () => {
  it.each([
    ["a null task", null, "ERROR_TASK_ABSENT"],
    ["a task that is no object", "task", "ERROR_BAD_REQUEST"],
    ["a list", [ENDLESS], "ERROR_BAD_REQUEST"],
    ["no type", { ...ENDLESS, type: undefined }, "ERROR_TASK_NOT_SUPPORTED"],
    ["another type", { ...ENDLESS, type: "NoCaptchaTaskProxyless" }, "ERROR_TASK_NOT_SUPPORTED"],
    ["a type that is no text", { ...ENDLESS, type: 3 }, "ERROR_TASK_NOT_SUPPORTED"],
    ["no websiteURL", { ...ENDLESS, websiteURL: undefined }, "ERROR_BAD_REQUEST"],
    ["a null websiteURL", { ...ENDLESS, websiteURL: null }, "ERROR_BAD_REQUEST"],
    ["a websiteURL that is not a URL", { ...ENDLESS, websiteURL: "antcpt.com" }, "ERROR_BAD_REQUEST"],
    ["no websiteKey", { ...ENDLESS, websiteKey: undefined }, "ERROR_BAD_REQUEST"],
    ["an empty websiteKey", { ...ENDLESS, websiteKey: "" }, "ERROR_BAD_REQUEST"],
    ["a websiteKey that is too long", { ...ENDLESS, websiteKey: "k".repeat(257) }, "ERROR_BAD_REQUEST"],
    ["no pageAction", { ...ENDLESS, pageAction: undefined }, "ERROR_BAD_REQUEST"],
    ["a pageAction that is too long", { ...ENDLESS, pageAction: "a".repeat(129) }, "ERROR_BAD_REQUEST"],
    ["a title that is too long", { ...ENDLESS, websiteTitle: "t".repeat(513) }, "ERROR_BAD_REQUEST"],
    ["a checkField that is too long", { ...ENDLESS, checkField: "c".repeat(4_097) }, "ERROR_BAD_REQUEST"],
    ["a host that is not allowed", { ...ENDLESS, websiteURL: "https://other.example/" }, "ERROR_DOMAIN_NOT_ALLOWED"],
  ])("%s", async (_what, task, code) => {
    const { key } = await makeCaller();
    await expectCompatibilityError(await createTask(key, task), code);
  });

  it("no task at all", async () => {
    const { key } = await makeCaller();
    await expectCompatibilityError(
      await call("POST", "/createTask", { body: { clientKey: key } }),
      "ERROR_TASK_ABSENT",
    );
  });

  it.each(["hook", "http://hooks.shop.example/", "https://localhost/", "https://10.0.0.1/", 5])(
    "a callbackUrl of %j",
    async (callbackUrl) => {
      const { key } = await makeCaller();
      await expectCompatibilityError(await createTask(key, ENDLESS, { callbackUrl }), "ERROR_BAD_REQUEST");
    },
  );

  it("a key without the scope, and a suspended tenant's", async () => {
    const { tenantId, key } = await makeCaller();
    const reader = await makeKey(tenantId, { scopes: ["tasks:read"] });
    await expectCompatibilityError(await createTask(reader.key), "ERROR_KEY_DOES_NOT_EXIST");
    await admin("PATCH", `/admin/tenants/${tenantId}`, { suspended: true });
    await expectCompatibilityError(await createTask(key), "ERROR_KEY_DOES_NOT_EXIST");
  });

  it("another body under a used idempotency key, and an invalid key", async () => {
    const { key } = await makeCaller();
    const send = (name: string, task: unknown) =>
      call("POST", "/createTask", { body: { clientKey: key, task }, headers: { "idempotency-key": name } });
    await send("order-1042", ENDLESS);
    await expectCompatibilityError(await send("order-1042", scenario("sandbox-instant")), "ERROR_BAD_REQUEST");
    await expectCompatibilityError(await send("k".repeat(256), ENDLESS), "ERROR_BAD_REQUEST");
  });

  it("live tasks without an upstream account, or over the quota", async () => {
    const { key } = await makeCaller({ limits: { monthlyTasks: 0 } }, { mode: "live" });
    const options = { body: { clientKey: key, task: ENDLESS } };
    const unconfigured = await callWith({ UPSTREAM_CLIENT_KEY: undefined }, "POST", "/createTask", options);
    await expectCompatibilityError(unconfigured, "ERROR_SERVICE_UNAVAILABLE");
    const overQuota = await call("POST", "/createTask", options);
    expect(overQuota.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
    await expectCompatibilityError(overQuota, "ERROR_NO_SLOT_AVAILABLE", 429);
  });
});

describe("both calls reject", () => {
  it.each(["", "{", "null", "[]", '"text"', "5", new Uint8Array([0x22, 0xff, 0x22])])("the body %s", async (body) => {
    for (const path of ["/createTask", "/getTaskResult"]) {
      const response = await call("POST", path, { body });
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({
        errorId: 1,
        errorCode: expect.stringMatching(/^ERROR_(BAD_REQUEST|KEY_DOES_NOT_EXIST)$/),
        errorDescription: expect.stringMatching(/^ERROR_(BAD_REQUEST|KEY_DOES_NOT_EXIST)./),
      });
    }
  });

  it("a body that is not JSON as a bad request", async () => {
    for (const path of ["/createTask", "/getTaskResult"]) {
      await expectCompatibilityError(await call("POST", path, { body: "clientKey=1" }), "ERROR_BAD_REQUEST");
    }
  });
});

describe("getTaskResult finds no task", () => {
  it.each([
    ["a UUID", "61138bb6-19fb-11ec-a9c8-0242ac110006"],
    ["an id of v1", `tsk_${"5f".repeat(32)}`],
    ["hex", "5f".repeat(32)],
    ["a small number", 42],
    ["a small number as text", "42"],
    ["zero", 0],
    ["a negative number", -1],
    ["a fraction", 1.5],
    ["empty", ""],
    ["256 bits too many", "9".repeat(78)],
    ["very long", "9".repeat(5_000)],
    ["true", true],
    ["a list", ["1"]],
    ["an object", { id: "1" }],
    ["null", null],
  ])("for %s", async (_what, taskId) => {
    const { key } = await makeCaller();
    await expectCompatibilityError(await getTaskResult(key, taskId), "ERROR_NO_SUCH_CAPCHA_ID");
  });

  it("for ids that were never given, and for blanks, a sign or digits around the caller's own", async () => {
    const { key } = await makeCaller();
    const { id } = await submit(key, ENDLESS);
    for (const taskId of [`tsk_${env.TASKS.newUniqueId()}`, ` ${id}`, `${id} `, `${id}0`, `+1`, "1.0"]) {
      await expectCompatibilityError(await getTaskResult(key, taskId), "ERROR_NO_SUCH_CAPCHA_ID");
    }
  });

  it("where no id is sent", async () => {
    const { key } = await makeCaller();
    await expectCompatibilityError(
      await call("POST", "/getTaskResult", { body: { clientKey: key } }),
      "ERROR_NO_SUCH_CAPCHA_ID",
    );
  });

  it("of another tenant, or of the other mode", async () => {
    scriptOutside({ create: [created()], poll: [processing] });
    const { tenantId, key } = await makeCaller();
    const live = await makeKey(tenantId, { mode: "live" });
    const otherTenant = await makeCaller();
    const taskId = (await submit(key, ENDLESS)).id;
    for (const other of [live.key, otherTenant.key]) {
      await expectCompatibilityError(await getTaskResult(other, taskId), "ERROR_NO_SUCH_CAPCHA_ID");
    }
  });

  it("for a key without the scope, which is no key", async () => {
    const { tenantId, key } = await makeCaller();
    const writer = await makeKey(tenantId, { scopes: ["tasks:write"] });
    const taskId = (await submit(key, ENDLESS)).id;
    await expectCompatibilityError(await getTaskResult(writer.key, taskId), "ERROR_KEY_DOES_NOT_EXIST");
  });
});

describe("a task that ended without a solution", () => {
  it.each([
    "ERROR_RECAPTCHA_INVALID_SITEKEY",
    "ERROR_INVALID_TASK_DATA",
    "ERROR_TASK_NOT_SUPPORTED",
    "ERROR_NOBODY_KNOWS",
    "ERROR_CAPTCHA_UNSOLVABLE",
    "ERROR_TASK_TIMEOUT",
    "ERROR_BAD_DUPLICATES",
  ])("shows the code with which upstream rejected it: %s", async (code) => {
    const { key } = await makeCaller();
    const { id } = await submit(key, scenario(`sandbox-reject-${code}`));
    await finished(key, id);
    await expectCompatibilityError(await getTaskResult(key, id), code);
  });

  it("shows the code with which upstream gave it up", async () => {
    const { key } = await makeCaller();
    const codes = ["ERROR_CAPTCHA_UNSOLVABLE", "ERROR_NO_SUCH_CAPCHA_ID", "ERROR_NOBODY_KNOWS", "ERROR_TASKID_INVALID"];
    await Promise.all(
      codes.map(async (code) => {
        const { id } = await submit(key, scenario(`sandbox-fail-${code}`));
        await finished(key, id);
        await expectCompatibilityError(await getTaskResult(key, id), code);
      }),
    );
  });

  it("says that it was canceled", async () => {
    const { key } = await makeCaller();
    const { id } = await submit(key, ENDLESS);
    await call("POST", `/v1/tasks/${id}/cancel`, { key });
    await expectCompatibilityError(await getTaskResult(key, id), "ERROR_TASK_CANCELED");
  });

  it("says that its deadline passed", async () => {
    const { key } = await makeCaller();
    const { id } = await submit(key, ENDLESS);
    await expectEventually(() => read(key, id)).toMatchObject({ status: "processing" });
    moveClockBy(120_000);
    await expectCompatibilityError(await getTaskResult(key, id), "ERROR_TASK_TIMEOUT");
  });

  it("reports that the upstream was unavailable until its deadline, and nothing about the operator's account", async () => {
    const outside = scriptOutside({ create: [plain(503)] });
    const { key } = await makeCaller({}, { mode: "live" });
    const { id } = await submit(key, ENDLESS);
    await expectEventually(() => outside.creates.length).toBe(1);
    await expectEventually(async () => (await call("GET", `/v1/tasks/${id}/events`, { key })).text()).toContain(
      "submission_",
    );
    moveClockBy(120_000);
    await expectCompatibilityError(await getTaskResult(key, id), "ERROR_SERVICE_UNAVAILABLE");
  });
});

describe("a solution that is gone", () => {
  it("was claimed in v1", async () => {
    const { key } = await makeCaller();
    const { id } = await solve(key);
    await call("POST", `/v1/tasks/${id}/claim`, { key });
    await expectCompatibilityError(await getTaskResult(key, id), "ERROR_TOKEN_EXPIRED");
  });

  it("has expired", async () => {
    const { key } = await makeCaller();
    const { id } = await solve(key);
    moveClockBy(120_000);
    await expectCompatibilityError(await getTaskResult(key, id), "ERROR_TOKEN_EXPIRED");
  });
});

describe("paths of the protocol", () => {
  it.each(["GET", "PUT", "DELETE", "OPTIONS"])("answer %s with 200 and ERROR_BAD_REQUEST", async (method) => {
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
  ])("answer POST %s with ERROR_NO_SUCH_METHOD, whatever the body", async (path) => {
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

  it("distinguish a missing clientKey from a wrong one", async () => {
    const missing = await (await call("POST", "/createTask", { body: { task: ENDLESS } })).json<{
      errorDescription: string;
    }>();
    expect(missing.errorDescription).toBe("ERROR_KEY_DOES_NOT_EXIST: clientKey is missing.");
    const wrong = await (await createTask("wrong")).json<{ errorDescription: string }>();
    expect(wrong.errorDescription).toBe("ERROR_KEY_DOES_NOT_EXIST: The clientKey is not a valid key.");
  });

  it("distinguish a missing taskId from a wrong one", async () => {
    const { key } = await makeCaller();
    const missing = await (await getTaskResult(key, undefined)).json<{ errorDescription: string }>();
    expect(missing.errorDescription).toBe("ERROR_NO_SUCH_CAPCHA_ID: taskId is missing.");
    const wrong = await (await getTaskResult(key, 12)).json<{ errorDescription: string }>();
    expect(wrong.errorDescription).toBe("ERROR_NO_SUCH_CAPCHA_ID: There is no such task.");
  });
});
