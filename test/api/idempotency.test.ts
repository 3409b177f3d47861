import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import type { Task } from "../../src/tasks/present.ts";
import { expectEventually, expectInvalid, expectProblem } from "../support/answers.ts";
import { admin, call, callWith, EXAMPLE_TASK, makeCaller, makeKey, read, scenario } from "../support/gateway.ts";
import { created, processing, scriptOutside } from "../support/upstream.ts";

afterEach(reset);

const ENDLESS = scenario("sandbox-never");
const KEY = "order-1042";

/** Creates under an idempotency key. */
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

async function expectFresh(response: Response): Promise<string> {
  expect(response.headers.has("idempotency-replayed")).toBe(false);
  return idOf(response);
}

describe("the same key and body", () => {
  it("give the same task, and say that they do", async () => {
    const { key } = await makeCaller();
    const id = await expectFresh(await create(key));
    await expectReplay(await create(key), id);
    await expectReplay(await create(key), id);
  });

  it("give the task as it is by then", async () => {
    const { key } = await makeCaller();
    const id = await expectFresh(await create(key));
    await call("POST", `/v1/tasks/${id}/cancel`, { key });
    const replay = await create(key);
    expect(replay.status).toBe(200);
    expect(replay.headers.get("idempotency-replayed")).toBe("true");
    expect(replay.headers.has("retry-after")).toBe(false);
    expect(await replay.json()).toMatchObject({ id, status: "canceled" });
  });

  it("make one task when a hundred of them come at once", async () => {
    const { key } = await makeCaller();
    const answers = await Promise.all(Array.from({ length: 100 }, () => create(key)));
    const ids = await Promise.all(answers.map(idOf));
    expect(new Set(ids).size).toBe(1);
    const replayed = answers.filter((answer) => answer.headers.get("idempotency-replayed") === "true");
    expect(replayed).toHaveLength(99);
  });

  it("spend the upstream's account once", async () => {
    const outside = scriptOutside({ create: [created()], poll: [processing] });
    const { key } = await makeCaller({}, { mode: "live" });
    const ids = await Promise.all((await Promise.all(Array.from({ length: 10 }, () => create(key)))).map(idOf));
    const [id = ""] = ids;
    await expectEventually(() => read(key, id)).toMatchObject({ status: "processing", submissions: 1 });
    expect(outside.creates).toHaveLength(1);
  });
});

describe("another body under the same key is rejected", () => {
  it.each([
    ["another site key", { task: { ...ENDLESS, websiteKey: "sandbox-instant" } }],
    ["another title", { task: { ...ENDLESS, websiteTitle: "Another" } }],
    ["a field more", { task: { ...ENDLESS, checkField: "" } }],
    ["metadata", { task: ENDLESS, metadata: { order: "1042" } }],
    ["a reference", { task: ENDLESS, reference: "order-1042" }],
    ["a visible key", { task: { ...ENDLESS, isInvisible: false } }],
    ["a webhook", { task: ENDLESS, webhookUrl: "https://hooks.shop.example/" }],
    ["another deadline", { task: ENDLESS, timeoutSeconds: 121 }],
  ])("%s", async (_what, body) => {
    const { key } = await makeCaller();
    const id = await expectFresh(await create(key));
    await expectProblem(await create(key, body), "idempotency_mismatch");
    await expectReplay(await create(key), id);
  });
});

describe("bodies are compared after parsing and defaults", () => {
  it.each([
    ["isInvisible spelt out", { task: { ...ENDLESS, isInvisible: true } }],
    ["the default deadline spelt out", { task: ENDLESS, timeoutSeconds: 120 }],
    ["empty metadata spelt out", { task: ENDLESS, metadata: {} }],
    ["another order of fields", { task: Object.fromEntries(Object.entries(ENDLESS).reverse()) }],
    ["other blanks", JSON.stringify({ task: ENDLESS }, null, 4)],
    ["escapes", JSON.stringify({ task: ENDLESS }).replace("homepage", "\\u0068omepage")],
  ])("%s", async (_what, body) => {
    const { key } = await makeCaller();
    const id = await expectFresh(await create(key));
    await expectReplay(await create(key, body), id);
  });

  it("another order of metadata", async () => {
    const { key } = await makeCaller();
    const id = await expectFresh(await create(key, { task: ENDLESS, metadata: { a: "1", b: "2" } }));
    await expectReplay(await create(key, { metadata: { b: "2", a: "1" }, task: ENDLESS }), id);
    await expectProblem(await create(key, { task: ENDLESS, metadata: { a: "2", b: "1" } }), "idempotency_mismatch");
  });
});

describe("a change of TASK_TIMEOUT_S", () => {
  const headers = { "idempotency-key": KEY };

  it("turns no repeat into a mismatch, and does not change the task's deadline", async () => {
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

  it("does not make a request with another deadline a repeat", async () => {
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

describe("a key is shared", () => {
  it("by all keys of a tenant and mode", async () => {
    const { tenantId, key } = await makeCaller();
    const other = await makeKey(tenantId);
    const id = await expectFresh(await create(key));
    await expectReplay(await create(other.key), id);
  });

  it("not by tenants", async () => {
    const [one, two] = [await makeCaller(), await makeCaller()];
    const id = await expectFresh(await create(one.key));
    expect(await expectFresh(await create(two.key))).not.toBe(id);
  });

  it("not by modes", async () => {
    scriptOutside({ create: [created()], poll: [processing] });
    const { tenantId, key } = await makeCaller();
    const live = await makeKey(tenantId, { mode: "live" });
    const id = await expectFresh(await create(key));
    expect(await expectFresh(await create(live.key))).not.toBe(id);
  });

  it("not by spellings", async () => {
    const { key } = await makeCaller();
    const ids = await Promise.all(
      ["order", "Order", "order/1", "test/order"].map((name) => create(key, undefined, name)),
    );
    expect(new Set(await Promise.all(ids.map(expectFresh))).size).toBe(4);
  });
});

describe("a rejection uses no key up", () => {
  it("of a site that is not allowed, which may be allowed later", async () => {
    const { tenantId, key } = await makeCaller({ allowedHosts: [] });
    await expectProblem(await create(key), "website_not_allowed");
    await admin("PATCH", `/admin/tenants/${tenantId}`, { allowedHosts: ["antcpt.com"] });
    await expectFresh(await create(key));
  });

  it.each([
    ["an invalid body", { task: { ...ENDLESS, pageAction: "" } }, "invalid_request"],
    ["a webhook that is no URL", { task: ENDLESS, webhookUrl: "hook" }, "invalid_request"],
    ["a webhook that is refused", { task: ENDLESS, webhookUrl: "https://localhost/" }, "webhook_url_not_allowed"],
    ["what is not JSON", "{", "invalid_json"],
  ])("of %s", async (_what, body, code) => {
    const { key } = await makeCaller();
    await expectProblem(await create(key, body), code);
    await expectFresh(await create(key));
  });

  it("of a suspended tenant", async () => {
    const { tenantId, key } = await makeCaller();
    await admin("PATCH", `/admin/tenants/${tenantId}`, { suspended: true });
    await expectProblem(await create(key), "tenant_suspended");
    await admin("PATCH", `/admin/tenants/${tenantId}`, { suspended: false });
    await expectFresh(await create(key));
  });
});

describe("a key is 1 to 255 printable characters", () => {
  it.each([
    ["one", "k"],
    ["255", "k".repeat(255)],
    ["all of ASCII that prints", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ a Z 9"],
  ])("%s", async (_what, name) => {
    const { key } = await makeCaller();
    const id = await expectFresh(await create(key, undefined, name));
    await expectReplay(await create(key, undefined, name), id);
  });

  it.each([
    ["empty", ""],
    ["256", "k".repeat(256)],
    ["a tab", "a\tb"],
    ["a control character", "a\u0001b"],
    ["beyond ASCII", "ördër"],
  ])("not %s", async (_what, name) => {
    const { key } = await makeCaller();
    await expectInvalid(await create(key, { task: EXAMPLE_TASK }, name), "idempotency-key");
  });
});
