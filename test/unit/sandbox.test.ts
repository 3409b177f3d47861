// The sandbox as a client sees it: each scenario in a table, invalid requests and task ids, and the form of the tokens. The tests set
// its clock, and it never sleeps.

import { describe, expect, it } from "vitest";
import { createSandbox } from "../../src/upstream/sandbox.ts";
import { failingForMs, formatTaskId } from "../../src/upstream/scenario.ts";

const CREATED_AT = Date.UTC(2026, 10, 20);
const EXAMPLE_KEY = "6LcR_okUAAAAAPYrPe-HK_0RULO1aZM15ENyM-Mf";
const NONCE = "0123456789abcdef";
const SOLUTION = {
  gRecaptchaResponse: expect.stringMatching(/^sandbox\..*worthless/),
  cookies: { _GRECAPTCHA: expect.stringMatching(/^sandbox\..*worthless/) },
};
const PROCESSING = { errorId: 0, errorCode: null, errorDescription: null, status: "processing" };
const READY = { errorId: 0, errorCode: null, errorDescription: null, status: "ready", solution: SOLUTION };

function apiError(errorCode: string) {
  return { errorId: 1, errorCode, errorDescription: expect.stringMatching(/./) };
}

function exampleTask(overrides: Record<string, unknown> = {}) {
  return {
    websiteURL: "https://antcpt.com/score_detector",
    websiteKey: EXAMPLE_KEY,
    pageAction: "homepage",
    websiteTitle: "Score detector for reCAPTCHA v3",
    type: "RecaptchaV3TaskProxyless",
    ...overrides,
  };
}

/** A sandbox with a clock that is moved by hand and a sleeper that only takes notes. */
function harness() {
  const clock = { elapsed: 0 };
  const slept: number[] = [];
  const app = createSandbox({
    now: () => CREATED_AT + clock.elapsed,
    sleep: async (ms) => void slept.push(ms),
  });
  const send = async (path: string, body: string) => await app.request(path, { method: "POST", body });
  const post = async (path: string, body: unknown) => await send(path, JSON.stringify(body));
  const create = async (websiteKey: string) =>
    await post("/createTask", { clientKey: "any", task: exampleTask({ websiteKey }) });
  const poll = async (taskId: unknown, elapsed: number) => {
    clock.elapsed = elapsed;
    return await post("/getTaskResult", { clientKey: "any", taskId });
  };
  const createdId = async (websiteKey: string) => {
    const answer = await (await create(websiteKey)).json<{ taskId: string }>();
    return answer.taskId;
  };
  return { app, slept, send, post, create, poll, createdId };
}

describe("createTask", () => {
  it("returns the documented response for a valid task, with a URL-safe id", async () => {
    const response = await harness().create(EXAMPLE_KEY);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toContain("application/json");
    expect(await response.json()).toStrictEqual({
      errorId: 0,
      errorCode: "",
      errorDescription: "",
      taskId: expect.stringMatching(/^[A-Za-z0-9._~-]+$/),
    });
  });

  it("returns different ids for two tasks of the same millisecond", async () => {
    const { createdId } = harness();
    expect(await createdId(EXAMPLE_KEY)).not.toBe(await createdId(EXAMPLE_KEY));
  });

  it("keeps a caller's site key out of the id", async () => {
    expect(await harness().createdId(EXAMPLE_KEY)).not.toContain(EXAMPLE_KEY);
  });

  it("accepts additional fields and nulls", async () => {
    const task = exampleTask({ checkField: null, isInvisible: true, minScore: 0.3 });
    const response = await harness().post("/createTask", { clientKey: "any", softId: 0, appId: null, task });
    expect(await response.json()).toMatchObject({ errorId: 0 });
  });

  it.each([
    ["no clientKey", { task: exampleTask() }, "ERROR_KEY_DOES_NOT_EXIST"],
    ["an empty clientKey", { clientKey: "", task: exampleTask() }, "ERROR_KEY_DOES_NOT_EXIST"],
    ["a clientKey that is a number", { clientKey: 7, task: exampleTask() }, "ERROR_KEY_DOES_NOT_EXIST"],
    ["no task", { clientKey: "any" }, "ERROR_TASK_ABSENT"],
    ["a null task", { clientKey: "any", task: null }, "ERROR_TASK_ABSENT"],
    ["a task that is text", { clientKey: "any", task: "solve" }, "ERROR_BAD_REQUEST"],
    ["no type", { clientKey: "any", task: exampleTask({ type: undefined }) }, "ERROR_TASK_NOT_SUPPORTED"],
    ["another type", { clientKey: "any", task: exampleTask({ type: "HCaptchaTask" }) }, "ERROR_TASK_NOT_SUPPORTED"],
    ["no websiteURL", { clientKey: "any", task: exampleTask({ websiteURL: undefined }) }, "ERROR_BAD_REQUEST"],
    ["no websiteKey", { clientKey: "any", task: exampleTask({ websiteKey: undefined }) }, "ERROR_BAD_REQUEST"],
    ["no pageAction", { clientKey: "any", task: exampleTask({ pageAction: undefined }) }, "ERROR_BAD_REQUEST"],
    ["an empty pageAction", { clientKey: "any", task: exampleTask({ pageAction: "" }) }, "ERROR_BAD_REQUEST"],
    ["isInvisible as text", { clientKey: "any", task: exampleTask({ isInvisible: "yes" }) }, "ERROR_BAD_REQUEST"],
    ["an array", [], "ERROR_BAD_REQUEST"],
    ["a JSON null", null, "ERROR_BAD_REQUEST"],
  ])("rejects %s with HTTP 200 and its code", async (_name, body, code) => {
    const response = await harness().post("/createTask", body);
    expect(response.status).toBe(200);
    expect(await response.json()).toStrictEqual(apiError(code));
  });
});

describe("both calls", () => {
  it.each(["/createTask", "/getTaskResult"])("%s rejects a body that is not JSON", async (path) => {
    for (const body of ["", "{", "clientKey=any"]) {
      const response = await harness().send(path, body);
      expect(response.status).toBe(200);
      expect(await response.json()).toStrictEqual(apiError("ERROR_BAD_REQUEST"));
    }
  });

  it.each([
    ["POST", "/getBalance"],
    ["POST", "/"],
    ["GET", "/createTask"],
  ])("%s %s is 404 in JSON", async (method, path) => {
    const response = await harness().app.request(path, { method });
    expect(response.status).toBe(404);
    expect(await response.json()).toStrictEqual(apiError("ERROR_NO_SUCH_METHOD"));
  });

  it.each([200, 204, 205, 301, 304, 429, 500, 503, 599])(
    "sandbox-http-%i returns that status and a body that is not JSON",
    async (status) => {
      const { create, poll } = harness();
      const key = `sandbox-http-${status}`;
      for (const response of [await create(key), await poll(formatTaskId(CREATED_AT, NONCE, key), 9_000)]) {
        expect(response.status).toBe(status);
        const text = await response.text();
        if ([204, 205, 304].includes(status)) expect(text).toBe("");
        else expect(() => JSON.parse(text)).toThrow(SyntaxError);
      }
    },
  );
});

describe("scenarios of createTask", () => {
  it.each(["ERROR_ZERO_BALANCE", "ERROR_NO_SLOT_AVAILABLE", "E1"])(
    "sandbox-reject-%s returns that error",
    async (code) => {
      const response = await harness().create(`sandbox-reject-${code}`);
      expect(response.status).toBe(200);
      expect(await response.json()).toStrictEqual(apiError(code));
    },
  );

  it("sandbox-instant is ready in the response, and has the same solution in a later poll", async () => {
    const { create, poll } = harness();
    const created = await (await create("sandbox-instant")).json<{ taskId: string; solution: unknown }>();
    expect(created).toStrictEqual({
      errorId: 0,
      errorCode: "",
      errorDescription: "",
      taskId: expect.any(String),
      status: "ready",
      solution: SOLUTION,
    });
    expect(await (await poll(created.taskId, 0)).json()).toStrictEqual({ ...READY, solution: created.solution });
  });

  it("sandbox-malformed returns 200 with truncated JSON", async () => {
    const response = await harness().create("sandbox-malformed");
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toContain("application/json");
    const text = await response.text();
    expect(text).toMatch(/^\{"errorId":0/);
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
  });

  it("sandbox-slow sleeps at every call and is ready at the first poll", async () => {
    const { createdId, poll, slept } = harness();
    const taskId = await createdId("sandbox-slow-700");
    expect(slept).toEqual([700]);
    expect(await (await poll(taskId, 0)).json()).toStrictEqual(READY);
    expect(slept).toEqual([700, 700]);
  });

  it.each([
    "sandbox-",
    "sandbox-delay",
    "sandbox-delay-",
    "sandbox-delay--1",
    "sandbox-delay-1.5",
    "sandbox-delay-600001",
    "sandbox-delay-9999999999",
    "sandbox-slow-60001",
    "sandbox-flaky-21",
    "sandbox-http-199",
    "sandbox-http-600",
    "sandbox-http-ok",
    "sandbox-reject-",
    "sandbox-reject-error_lower",
    "sandbox-fail-NO SPACES",
    "sandbox-never-5",
    "sandbox-instant-",
    "sandbox-unheard-of",
    "sandbox-constructor",
  ])("%s is an invalid site key", async (websiteKey) => {
    const response = await harness().create(websiteKey);
    expect(response.status).toBe(200);
    expect(await response.json()).toStrictEqual(apiError("ERROR_RECAPTCHA_INVALID_SITEKEY"));
  });
});

describe("scenarios of getTaskResult", () => {
  it.each([
    [EXAMPLE_KEY, 0, PROCESSING],
    [EXAMPLE_KEY, 4_999, PROCESSING],
    [EXAMPLE_KEY, 5_000, READY],
    ["sandboxed-by-name-only", 4_999, PROCESSING],
    ["sandbox-delay-0", 0, READY],
    ["sandbox-delay-12000", 11_999, PROCESSING],
    ["sandbox-delay-12000", 12_000, READY],
    ["sandbox-delay-600000", 599_999, PROCESSING],
    ["sandbox-delay-600000", 600_000, READY],
    ["sandbox-never", 86_400_000, PROCESSING],
    ["sandbox-fail-ERROR_CAPTCHA_UNSOLVABLE", 0, apiError("ERROR_CAPTCHA_UNSOLVABLE")],
    ["sandbox-fail-CAPTCHA_NOT_READY", 90_000, apiError("CAPTCHA_NOT_READY")],
    ["sandbox-flaky-0", 0, READY],
  ])("returns for %s after %i ms the documented response", async (websiteKey, elapsed, expected) => {
    const { createdId, poll } = harness();
    const response = await poll(await createdId(websiteKey), elapsed);
    expect(response.status).toBe(200);
    expect(await response.json()).toStrictEqual(expected);
  });

  it.each([0, 1, 2, 3, 6, 20])(
    "a flaky task fails %i polls at the gateway's intervals, and is then ready",
    async (failures) => {
      const waits = [3_000, 6_000, 12_000, ...Array.from({ length: 20 }, () => 15_000)];
      for (const late of [0, 1_400]) {
        const { createdId, poll } = harness();
        const taskId = await createdId(`sandbox-flaky-${failures}`);
        let elapsed = 3_000 + late;
        for (const wait of waits.slice(0, failures)) {
          const failed = await poll(taskId, elapsed);
          expect(failed.status).toBe(503);
          expect(failed.headers.get("content-type")).toContain("text/plain");
          elapsed += wait;
        }
        expect(await (await poll(taskId, elapsed)).json()).toStrictEqual(READY);
      }
    },
  );

  it("the failures of a flaky task end at the midpoint between two polls", () => {
    expect([0, 1, 2, 3, 4, 5, 6].map(failingForMs)).toEqual([0, 4_500, 9_000, 18_000, 31_500, 46_500, 61_500]);
  });
});

describe("a task id of the sandbox", () => {
  it.each([
    ["a UUID", "61138bb6-19fb-11ec-a9c8-0242ac110006"],
    ["an empty one", ""],
    ["a number", 7],
    ["an object", {}],
    ["one with a wrong checksum", `${formatTaskId(CREATED_AT, NONCE, EXAMPLE_KEY).slice(0, -8)}00000000`],
    ["one with another time", formatTaskId(CREATED_AT, NONCE, EXAMPLE_KEY).replace(/^sbx\.\w/, "sbx.0")],
    ["one of a task that was rejected", formatTaskId(CREATED_AT, NONCE, "sandbox-reject-ERROR_ZERO_BALANCE")],
    ["one of an unknown scenario", formatTaskId(CREATED_AT, NONCE, "sandbox-unheard-of")],
    ["one of a malformed answer", formatTaskId(CREATED_AT, NONCE, "sandbox-malformed")],
  ])("is rejected as unknown if it is %s", async (_name, taskId) => {
    const response = await harness().poll(taskId, 9_000);
    expect(response.status).toBe(200);
    expect(await response.json()).toStrictEqual(apiError("ERROR_NO_SUCH_CAPCHA_ID"));
  });

  it.each([
    ["no taskId", { clientKey: "any" }, "ERROR_BAD_REQUEST"],
    ["a null taskId", { clientKey: "any", taskId: null }, "ERROR_BAD_REQUEST"],
    ["no clientKey", { taskId: formatTaskId(CREATED_AT, NONCE, EXAMPLE_KEY) }, "ERROR_KEY_DOES_NOT_EXIST"],
  ])("is required with a clientKey by getTaskResult: %s", async (_name, body, code) => {
    expect(await (await harness().post("/getTaskResult", body)).json()).toStrictEqual(apiError(code));
  });

  it("contains the whole task, so another sandbox returns its result", async () => {
    const taskId = await harness().createdId("sandbox-delay-100");
    expect(await (await harness().poll(taskId, 100)).json()).toStrictEqual(READY);
  });
});

describe("tokens", () => {
  it("are the same at every poll of a task, and differ between tasks", async () => {
    const { createdId, poll } = harness();
    const tokenOf = async (taskId: string) =>
      (await (await poll(taskId, 5_000)).json<{ solution: { gRecaptchaResponse: string } }>()).solution
        .gRecaptchaResponse;
    const [first, second] = [await createdId(EXAMPLE_KEY), await createdId(EXAMPLE_KEY)];
    expect(await tokenOf(first)).toBe(await tokenOf(first));
    expect(await tokenOf(first)).not.toBe(await tokenOf(second));
    expect(await tokenOf(first)).toMatch(/^sandbox\.this-token-is-worthless[\w.-]+$/);
  });
});
