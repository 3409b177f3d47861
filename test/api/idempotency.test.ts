// The Idempotency-Key of POST /v1/tasks.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import type { Task } from "../../src/tasks/present.ts";
import { expectEventually, expectInvalid, expectProblem } from "../support/answers.ts";
import { admin, call, callWith, EXAMPLE_TASK, makeCaller, makeKey, read, scenario } from "../support/gateway.ts";
import { created, processing, scriptOutside } from "../support/upstream.ts";

afterEach(reset);

const ENDLESS = scenario("sandbox-never");
const KEY = "order-1042";

/** Creates a task with an Idempotency-Key. */
function create(key: string, body: unknown = { task: ENDLESS }, idempotencyKey = KEY): Promise<Response> {
  return call("POST", "/v1/tasks", { key, body, headers: { "idempotency-key": idempotencyKey } });
}

async function idOf(response: Response): Promise<string> {
  expect(response.status).toBe(202);
  return (await response.json<Task>()).id;
}

async function expectReplay(response: Response, id: string): Promise<void> {
  expect(response.headers.get("idempotency-replayed")).toBe("true");
  expect(response.headers.get("location")).toBe(`/v1/tasks/${id}`);
  expect(await idOf(response)).toBe(id);
}

async function expectNewTask(response: Response): Promise<string> {
  expect(response.headers.has("idempotency-replayed")).toBe(false);
  return idOf(response);
}

describe("a request with the same Idempotency-Key and body", () => {
  it("returns the same task with Idempotency-Replayed", async () => {
    const { key } = await makeCaller();
    const id = await expectNewTask(await create(key));
    await expectReplay(await create(key), id);
    await expectReplay(await create(key), id);
  });

  it("returns the current state of the task", async () => {
    const { key } = await makeCaller();
    const id = await expectNewTask(await create(key));
    await call("POST", `/v1/tasks/${id}/cancel`, { key });
    const replay = await create(key);
    expect(replay.status).toBe(200);
    expect(replay.headers.get("idempotency-replayed")).toBe("true");
    expect(replay.headers.has("retry-after")).toBe(false);
    expect(await replay.json()).toMatchObject({ id, status: "canceled" });
  });

  it("creates one task when a hundred requests arrive at once", async () => {
    const { key } = await makeCaller();
    const answers = await Promise.all(Array.from({ length: 100 }, () => create(key)));
    const ids = await Promise.all(answers.map(idOf));
    expect(new Set(ids).size).toBe(1);
    const replayed = answers.filter((answer) => answer.headers.get("idempotency-replayed") === "true");
    expect(replayed).toHaveLength(99);
  });

  it("submits one task to the upstream when ten requests arrive at once", async () => {
    const outside = scriptOutside({ create: [created()], poll: [processing] });
    const { key } = await makeCaller({}, { mode: "live" });
    const ids = await Promise.all((await Promise.all(Array.from({ length: 10 }, () => create(key)))).map(idOf));
    const [id = ""] = ids;
    await expectEventually(() => read(key, id)).toMatchObject({ status: "processing", submissions: 1 });
    expect(outside.creates).toHaveLength(1);
  });
});

describe("a request with the same Idempotency-Key and another body", () => {
  it.each([
    ["another website key", { task: { ...ENDLESS, websiteKey: "sandbox-instant" } }],
    ["one more field", { task: { ...ENDLESS, checkField: "" } }],
    ["metadata", { task: ENDLESS, metadata: { order: "1042" } }],
    ["a reference", { task: ENDLESS, reference: "order-1042" }],
    ["another isInvisible", { task: { ...ENDLESS, isInvisible: false } }],
    ["a webhook URL", { task: ENDLESS, webhookUrl: "https://hooks.shop.example/" }],
    ["another deadline", { task: ENDLESS, timeoutSeconds: 121 }],
  ])("returns 422 and does not change the task: %s", async (_what, body) => {
    const { key } = await makeCaller();
    const id = await expectNewTask(await create(key));
    await expectProblem(await create(key, body), "idempotency_mismatch");
    await expectReplay(await create(key), id);
  });
});

describe("a request with the same Idempotency-Key and an equivalent body", () => {
  it.each([
    ["the default isInvisible", { task: { ...ENDLESS, isInvisible: true } }],
    ["the default deadline", { task: ENDLESS, timeoutSeconds: 120 }],
    ["empty metadata", { task: ENDLESS, metadata: {} }],
    ["another order of fields", { task: Object.fromEntries(Object.entries(ENDLESS).reverse()) }],
    ["other whitespace", JSON.stringify({ task: ENDLESS }, null, 4)],
    ["escapes", JSON.stringify({ task: ENDLESS }).replace("homepage", "\\u0068omepage")],
  ])("returns the same task: %s", async (_what, body) => {
    const { key } = await makeCaller();
    const id = await expectNewTask(await create(key));
    await expectReplay(await create(key, body), id);
  });

  it("returns the same task for another order of metadata, and 422 for other values", async () => {
    const { key } = await makeCaller();
    const id = await expectNewTask(await create(key, { task: ENDLESS, metadata: { a: "1", b: "2" } }));
    await expectReplay(await create(key, { metadata: { b: "2", a: "1" }, task: ENDLESS }), id);
    await expectProblem(await create(key, { task: ENDLESS, metadata: { a: "2", b: "1" } }), "idempotency_mismatch");
  });
});

describe("a request with the same Idempotency-Key after a change of TASK_TIMEOUT_S", () => {
  const headers = { "idempotency-key": KEY };

  it("returns the same task with its old deadline", async () => {
    const { key } = await makeCaller();
    const first = await callWith({ TASK_TIMEOUT_S: "60" }, "POST", "/v1/tasks", {
      key,
      body: { task: ENDLESS },
      headers,
    });
    const { id, createdAt, deadlineAt } = await first.json<Task>();
    expect(Date.parse(deadlineAt) - Date.parse(createdAt)).toBe(60_000);
    const repeat = await create(key);
    expect(await repeat.clone().json()).toMatchObject({ deadlineAt });
    await expectReplay(repeat, id);
  });

  it("returns 422 when one request has a deadline of its own", async () => {
    const { key } = await makeCaller();
    await create(key, { task: ENDLESS, timeoutSeconds: 60 });
    const other = await callWith({ TASK_TIMEOUT_S: "60" }, "POST", "/v1/tasks", {
      key,
      body: { task: ENDLESS },
      headers,
    });
    await expectProblem(other, "idempotency_mismatch");
  });
});

describe("an Idempotency-Key", () => {
  it("is shared by all API keys of a tenant and mode", async () => {
    const { tenantId, key } = await makeCaller();
    const other = await makeKey(tenantId);
    const id = await expectNewTask(await create(key));
    await expectReplay(await create(other.key), id);
  });

  it("is not shared by tenants", async () => {
    const [one, two] = [await makeCaller(), await makeCaller()];
    const id = await expectNewTask(await create(one.key));
    expect(await expectNewTask(await create(two.key))).not.toBe(id);
  });

  it("is not shared by modes", async () => {
    scriptOutside({ create: [created()], poll: [processing] });
    const { tenantId, key } = await makeCaller();
    const live = await makeKey(tenantId, { mode: "live" });
    const id = await expectNewTask(await create(key));
    expect(await expectNewTask(await create(live.key))).not.toBe(id);
  });

  it("is case-sensitive, and not a path", async () => {
    const { key } = await makeCaller();
    const ids = await Promise.all(
      ["order", "Order", "order/1", "test/order"].map((name) => create(key, undefined, name)),
    );
    expect(new Set(await Promise.all(ids.map(expectNewTask))).size).toBe(4);
  });
});

describe("a rejected request does not use up its Idempotency-Key", () => {
  it("when the website was not allowed and is allowed now", async () => {
    const { tenantId, key } = await makeCaller({ allowedHosts: [] });
    await expectProblem(await create(key), "website_not_allowed");
    await admin("PATCH", `/admin/tenants/${tenantId}`, { allowedHosts: ["antcpt.com"] });
    await expectNewTask(await create(key));
  });

  it.each([
    ["an invalid body", { task: { ...ENDLESS, pageAction: "" } }, "invalid_request"],
    ["a webhook URL that is not a URL", { task: ENDLESS, webhookUrl: "hook" }, "invalid_request"],
    [
      "a webhook URL that is not allowed",
      { task: ENDLESS, webhookUrl: "https://localhost/" },
      "webhook_url_not_allowed",
    ],
    ["a body that is not JSON", "{", "invalid_json"],
  ])("when it had %s", async (_what, body, code) => {
    const { key } = await makeCaller();
    await expectProblem(await create(key, body), code);
    await expectNewTask(await create(key));
  });

  it("when the tenant was suspended and is resumed now", async () => {
    const { tenantId, key } = await makeCaller();
    await admin("PATCH", `/admin/tenants/${tenantId}`, { suspended: true });
    await expectProblem(await create(key), "tenant_suspended");
    await admin("PATCH", `/admin/tenants/${tenantId}`, { suspended: false });
    await expectNewTask(await create(key));
  });
});

describe("the value of Idempotency-Key", () => {
  it.each([
    ["one character", "k"],
    ["255 characters", "k".repeat(255)],
    ["all printable ASCII characters", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ a Z 9"],
  ])("can be %s", async (_what, name) => {
    const { key } = await makeCaller();
    const id = await expectNewTask(await create(key, undefined, name));
    await expectReplay(await create(key, undefined, name), id);
  });

  it.each([
    ["empty", ""],
    ["256 characters", "k".repeat(256)],
    ["a tab", "a\tb"],
    ["a control character", "a\u0001b"],
    ["a character beyond ASCII", "ördër"],
  ])("returns 400 when it is %s", async (_what, name) => {
    const { key } = await makeCaller();
    await expectInvalid(await create(key, { task: EXAMPLE_TASK }, name), "idempotency-key");
  });
});
