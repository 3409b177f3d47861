import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { expectCommonHeaders, expectCompatibilityError, expectProblem } from "../support/answers.ts";
import { ADMIN_TOKEN, admin, call, callWith, makeCaller, makeKey, SEED_TASK, scenario } from "../support/gateway.ts";

afterEach(reset);

const ENDLESS = scenario("sandbox-never");
const TASK_ID = `tsk_${"5f".repeat(32)}`;

const REFUSING = { limit: async () => ({ success: false }) };

/** A binding that breaks with a text that nobody outside may see. */
const broken = (): never => {
  throw new Error("internal-detail-0451 at 10.0.0.7");
};
const BROKEN_TASKS = { TASKS: { newUniqueId: broken, idFromString: broken, idFromName: broken, get: broken } };

describe("the request id", () => {
  it("of the caller is kept where it is one", async () => {
    const headers = { "x-request-id": "Req-42_a" };
    const healthy = await call("GET", "/healthz", { headers });
    expect(healthy.headers.get("x-request-id")).toBe("Req-42_a");
    const refused = await call("GET", `/v1/tasks/${TASK_ID}`, { headers });
    expect((await expectProblem(refused, "unauthenticated")).requestId).toBe("Req-42_a");
  });

  it.each([
    ["empty", ""],
    ["blanks", "a b"],
    ["markup", "<script>"],
    ["quotes", 'a"b'],
    ["long", "a".repeat(256)],
  ])("that is none (%s) is replaced", async (_what, id) => {
    const response = await call("GET", "/healthz", { headers: { "x-request-id": id } });
    expect(response.headers.get("x-request-id")).toMatch(/^[\w-]+$/);
    expect(response.headers.get("x-request-id")).not.toBe(id);
  });

  it("is another for each request", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => call("GET", "/healthz")));
    expect(new Set(answers.map(({ headers }) => headers.get("x-request-id"))).size).toBe(20);
  });

  it("and the time it took are on every kind of answer", async () => {
    const { tenantId, key } = await makeCaller();
    const { id } = await makeKey(tenantId);
    const answers = [
      await call("GET", "/healthz"),
      await call("GET", "/openapi.json"),
      await call("POST", "/v1/tasks", { key, body: { task: ENDLESS } }),
      await call("POST", "/v1/tasks", { key, body: "{" }),
      await call("POST", "/v1/tasks", { key, body: " ".repeat(70_000) }),
      await call("POST", "/createTask", { body: { clientKey: key, task: ENDLESS } }),
      await call("POST", "/createTask", { body: " ".repeat(70_000) }),
      await admin("GET", "/admin/tenants"),
      await admin("DELETE", `/admin/tenants/${tenantId}/keys/${id}`),
      await call("GET", "/nothing"),
      await callWith(BROKEN_TASKS, "POST", "/v1/tasks", { key, body: { task: ENDLESS } }),
      await callWith({ POLL_INTERVAL_MS: "5" }, "GET", "/healthz"),
    ];
    for (const answer of answers) expectCommonHeaders(answer);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 202, 400, 413, 200, 413, 200, 204, 404, 500, 500]);
  });
});

describe("an unexpected fault tells nothing internal", () => {
  it("in v1", async () => {
    const { key } = await makeCaller();
    const answers = [
      await callWith(BROKEN_TASKS, "POST", "/v1/tasks", { key, body: { task: ENDLESS } }),
      await callWith({ CALL_LIMIT: { limit: broken } }, "GET", `/v1/tasks/${TASK_ID}`, { key }),
      await callWith({ TENANTS: { idFromName: broken } }, "GET", "/admin/tenants/acme", { key: ADMIN_TOKEN }),
    ];
    for (const answer of answers) {
      expect(JSON.stringify([...answer.headers])).not.toMatch(/internal-detail|10\.0\.0\.7/);
      expect(await answer.clone().text()).not.toMatch(/internal-detail|10\.0\.0\.7|Error|\bat \//);
      await expectProblem(answer, "internal");
    }
  });

  it("in the compatible face", async () => {
    const { key } = await makeCaller();
    const answer = await callWith(BROKEN_TASKS, "POST", "/createTask", { body: { clientKey: key, task: ENDLESS } });
    expect(await answer.clone().text()).not.toMatch(/internal-detail|10\.0\.0\.7/);
    await expectCompatibilityError(answer, "ERROR_SERVICE_UNAVAILABLE");
  });
});

describe("a bad configuration stops every request", () => {
  it.each([
    { POLL_INTERVAL_MS: "999" },
    { POLL_INTERVAL_MS: "60001" },
    { POLL_INTERVAL_MS: "3s" },
    { POLL_INTERVAL_MS: "" },
    { TASK_TIMEOUT_S: "9" },
    { TASK_TIMEOUT_S: "301" },
    { TASK_RETENTION_S: "9" },
    { TASK_RETENTION_S: "2592001" },
    { ALLOW_PRIVATE_WEBHOOKS: "yes" },
    { UPSTREAM_URL: "ftp://api.1captcha.vip" },
    { ADMIN_TOKEN: "t".repeat(23) },
  ])("%j", async (changes) => {
    const { key } = await makeCaller();
    const answers = [
      await callWith(changes, "GET", "/healthz"),
      await callWith(changes, "POST", "/v1/tasks", { key, body: { task: ENDLESS } }),
      await callWith(changes, "GET", "/admin/tenants", { key: ADMIN_TOKEN }),
    ];
    for (const answer of answers) {
      const { title, detail } = await expectProblem(answer, "configuration");
      for (const value of Object.values(changes).filter(Boolean)) expect(title + detail).not.toContain(value);
    }
    for (const path of ["/createTask", "/getTaskResult"]) {
      const answer = await callWith(changes, "POST", path, { body: { clientKey: key, task: ENDLESS } });
      await expectCompatibilityError(answer, "ERROR_SERVICE_UNAVAILABLE", 500);
    }
  });

  it.each([
    { POLL_INTERVAL_MS: "1000" },
    { POLL_INTERVAL_MS: "60000" },
    { TASK_TIMEOUT_S: "10" },
    { TASK_TIMEOUT_S: "300" },
    { TASK_RETENTION_S: "10" },
    { TASK_RETENTION_S: "2592000" },
    { ALLOW_PRIVATE_WEBHOOKS: "false" },
    { ADMIN_TOKEN: "t".repeat(24) },
  ])("but %j is a good one", async (changes) => {
    expect((await callWith(changes, "GET", "/healthz")).status).toBe(200);
  });

  it("the configured default is the deadline of a task that asks for none", async () => {
    const { key } = await makeCaller();
    const body = { task: ENDLESS };
    const response = await callWith({ TASK_TIMEOUT_S: "45" }, "POST", "/v1/tasks", { key, body });
    const { createdAt, deadlineAt } = await response.json<{ createdAt: string; deadlineAt: string }>();
    expect(Date.parse(deadlineAt) - Date.parse(createdAt)).toBe(45_000);
  });
});

describe("failed authentications are limited by address", () => {
  /** Fails until the address gets 429. */
  async function failUntilLimited(fail: () => Promise<Response>): Promise<{ failures: number; limited: Response }> {
    for (let failures = 0; failures <= 60; failures += 1) {
      const response = await fail();
      if (response.status === 429) return { failures, limited: response };
      expect([200, 401]).toContain(response.status);
      await response.body?.cancel();
    }
    throw new Error("61 failures were not too many");
  }

  it("to 30 in 60 s, on /admin too, and never for a valid key", async () => {
    const { key } = await makeCaller();
    const headers = { "cf-connecting-ip": `2001:db8::${crypto.randomUUID().slice(0, 4)}` };
    let turn = 0;
    const { failures, limited } = await failUntilLimited(() => {
      turn += 1;
      const path = turn % 2 === 0 ? "/admin/tenants" : `/v1/tasks/${TASK_ID}`;
      return call("GET", path, { key: "nonsense", headers });
    });
    expect(failures).toBe(30);
    expect(limited.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
    expect(limited.headers.get("ratelimit-policy")).toMatch(/;q=30;w=60$/);
    await expectProblem(limited, "rate_limited");

    const other = await call("POST", "/createTask", { headers, body: { clientKey: "nonsense" } });
    await expectCompatibilityError(other, "ERROR_NO_SLOT_AVAILABLE", 429);
    expect((await call("POST", "/v1/tasks", { key, headers, body: { task: ENDLESS } })).status).toBe(202);
    expect((await call("GET", "/admin/tenants", { key: ADMIN_TOKEN, headers })).status).toBe(200);
    const created = await call("POST", "/createTask", { headers, body: { clientKey: key, task: ENDLESS } });
    expect(await created.json()).toMatchObject({ errorId: 0 });
    await expectProblem(await call("GET", `/v1/tasks/${TASK_ID}`, { key: "nonsense" }), "unauthenticated");
  });

  it("in the compatibility API too", async () => {
    const headers = { "cf-connecting-ip": `2001:db8::${crypto.randomUUID().slice(0, 4)}` };
    const { failures, limited } = await failUntilLimited(() => call("POST", "/getTaskResult", { headers, body: {} }));
    expect(failures).toBe(30);
    await expectCompatibilityError(limited, "ERROR_NO_SLOT_AVAILABLE", 429);
  });
});

describe("calls are limited by key", () => {
  it("to 1,000 creations in 10 s, which leaves the tenant's other keys alone", async () => {
    const { tenantId, key } = await makeCaller();
    const other = await makeKey(tenantId);
    // Bodies that are refused are creations too, and cheap. Ten seconds may begin anew on the way.
    let refused: Response | undefined;
    for (let sent = 0; sent <= 20_000 && refused === undefined; sent += 100) {
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => call("POST", "/v1/tasks", { key, body: "", contentType: null })),
      );
      refused = answers.find(({ status }) => status === 429);
      if (sent < 900) expect(refused).toBeUndefined();
    }
    if (refused === undefined) throw new Error("never limited");
    expect(refused.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
    expect(refused.headers.get("ratelimit-policy")).toMatch(/;q=1000;w=10$/);
    await expectProblem(refused, "rate_limited");
    expect((await call("POST", "/v1/tasks", { key: other.key, body: { task: ENDLESS } })).status).toBe(202);
    expect((await call("GET", `/v1/tasks/${TASK_ID}`, { key })).status).toBe(404);
  });

  it("of other kinds, to 3,000", async () => {
    const { key } = await makeCaller();
    for (const [method, suffix] of [
      ["GET", ""],
      ["GET", "/events"],
      ["POST", "/cancel"],
      ["POST", "/claim"],
      ["POST", "/redeliver"],
    ]) {
      const refused = await callWith({ CALL_LIMIT: REFUSING }, `${method}`, `/v1/tasks/${TASK_ID}${suffix}`, { key });
      expect(refused.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
      expect(refused.headers.get("ratelimit-policy")).toMatch(/;q=3000;w=10$/);
      await expectProblem(refused, "rate_limited");
    }
  });

  it("and each limit is asked for the one key", async () => {
    const { tenantId, key } = await makeCaller();
    const other = await makeKey(tenantId);
    const asked: string[] = [];
    const counting = { limit: async (options: { key: string }) => ({ success: asked.push(options.key) > 0 }) };
    for (const anyKey of [key, other.key, key]) {
      await callWith({ CREATE_LIMIT: counting }, "POST", "/v1/tasks", { key: anyKey, body: { task: SEED_TASK } });
    }
    expect(asked[0]).toBe(asked[2]);
    expect(asked[0]).not.toBe(asked[1]);
  });

  it("in the compatibility API too", async () => {
    const { key } = await makeCaller();
    const create = await callWith({ CREATE_LIMIT: REFUSING }, "POST", "/createTask", {
      body: { clientKey: key, task: ENDLESS },
    });
    await expectCompatibilityError(create, "ERROR_NO_SLOT_AVAILABLE", 429);
    const result = await callWith({ CALL_LIMIT: REFUSING }, "POST", "/getTaskResult", {
      body: { clientKey: key, taskId: "1" },
    });
    await expectCompatibilityError(result, "ERROR_NO_SLOT_AVAILABLE", 429);
  });
});
