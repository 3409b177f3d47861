// POST /v1/tasks: the rules beyond the body's shape, such as allowed hosts, webhook URLs, suspension and quotas. All host patterns are in
// test/unit/hosts.test.ts, and all webhook URLs in test/unit/webhook-target.test.ts.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { expectEventually, expectInvalid, expectProblem } from "../support/answers.ts";
import { admin, call, callWith, finished, makeCaller, makeKey, scenario, submit } from "../support/gateway.ts";
import { created, processing, scriptOutside } from "../support/upstream.ts";

afterEach(reset);

const ENDLESS = scenario("sandbox-never");

async function createOn(allowedHosts: string[], websiteURL: string): Promise<Response> {
  const { key } = await makeCaller({ allowedHosts });
  return call("POST", "/v1/tasks", { key, body: { task: { ...ENDLESS, websiteURL } } });
}

async function createWithWebhook(webhookUrl: unknown): Promise<Response> {
  const { key } = await makeCaller();
  return call("POST", "/v1/tasks", { key, body: { task: ENDLESS, webhookUrl } });
}

describe("websiteURL", () => {
  it.each(["antcpt.com", "https://", "javascript:alert(1)", "https://antcpt.com:99999/"])(
    "returns 400 when it is not an http or https URL: %s",
    async (websiteURL) => {
      await expectInvalid(await createOn(["*"], websiteURL), "task.websiteURL");
    },
  );

  it.each([
    ["shop.example", "https://shop.example:8443/cart?x=1#y"],
    ["SHOP.Example", "HTTPS://shop.example./"],
    ["*.shop.example", "https://a.b.c.shop.example/"],
    ["*", "http://anything.test/"],
    ["bücher.example", "https://xn--bcher-kva.example/"],
  ])("is accepted when its host is on the allow-list: %s allows %s", async (pattern, websiteURL) => {
    const response = await createOn(pattern === "*" ? [pattern] : ["other.example", pattern], websiteURL);
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ task: { websiteURL } });
  });

  it.each([
    ["shop.example", "https://www.shop.example/"],
    ["shop.example", "https://shop.example@evil.test/"],
    ["shop.example", "https://evil.test/?shop.example"],
    ["*.shop.example", "https://shop.example/"],
    ["*.shop.example", "https://evilshop.example/"],
  ])("returns 403 when its host is not on the allow-list: %s does not allow %s", async (pattern, websiteURL) => {
    await expectProblem(await createOn([pattern], websiteURL), "website_not_allowed");
  });

  it.each(["https:\\\\evil.test\\@shop.example/", "https://evil.test\\@shop.example/", "https:evil.test"])(
    "is rejected when URL parsers disagree about its host: %s",
    async (websiteURL) => {
      expect([400, 403]).toContain((await createOn(["shop.example"], websiteURL)).status);
    },
  );

  it("returns 403 for every host when the allow-list is empty", async () => {
    await expectProblem(await createOn([], "https://antcpt.com/"), "website_not_allowed");
  });

  it("returns 403 for a live key too when its host is not on the allow-list", async () => {
    const { key } = await makeCaller({}, { mode: "live" });
    const task = { ...ENDLESS, websiteURL: "https://other.example/" };
    await expectProblem(await call("POST", "/v1/tasks", { key, body: { task } }), "website_not_allowed");
  });
});

describe("webhookUrl", () => {
  it.each(["", "hooks.shop.example", "x".repeat(3_000)])("returns 400 when it is not a URL: %j", async (webhookUrl) => {
    await expectInvalid(await createWithWebhook(webhookUrl), "webhookUrl");
  });

  it.each([
    "http://hooks.shop.example/",
    "https://user:secret@hooks.shop.example/",
    "https://hooks.shop.example:22/",
    "https://localhost/",
    "https://db.internal./",
    "https://10.0.0.1/",
    "https://0x7f.1/",
    "https://[::ffff:8.8.8.8]/",
    `https://hooks.example/${"x".repeat(3_000)}`,
  ])("returns 403 when it is not allowed: %s", async (webhookUrl) => {
    await expectProblem(await createWithWebhook(webhookUrl), "webhook_url_not_allowed");
  });

  it.each(["https://hooks.shop.example/", "https://hooks.shop.example:1024/path?query=1", "https://8.8.8.8/"])(
    "is accepted when it is public: %s",
    async (webhookUrl) => {
      expect((await createWithWebhook(webhookUrl)).status).toBe(202);
    },
  );

  it("may be private when the operator allows private webhooks", async () => {
    const { key } = await makeCaller();
    const body = { task: ENDLESS, webhookUrl: "http://127.0.0.1:9000/hook" };
    const response = await callWith({ ALLOW_PRIVATE_WEBHOOKS: "true" }, "POST", "/v1/tasks", { key, body });
    expect(response.status).toBe(202);
  });
});

describe("a suspended tenant", () => {
  it("creates no task in either mode, and can read its tasks", async () => {
    const { tenantId, key } = await makeCaller();
    const live = await makeKey(tenantId, { mode: "live" });
    const task = await submit(key, ENDLESS);
    await admin("PATCH", `/admin/tenants/${tenantId}`, { suspended: true });
    for (const anyKey of [key, live.key]) {
      const response = await call("POST", "/v1/tasks", { key: anyKey, body: { task: ENDLESS } });
      await expectProblem(response, "tenant_suspended");
    }
    expect((await call("GET", `/v1/tasks/${task.id}`, { key })).status).toBe(200);
    expect((await call("GET", `/v1/tasks/${task.id}/events`, { key })).status).toBe(200);
  });

  it("creates tasks again as soon as it is resumed", async () => {
    const { tenantId, key } = await makeCaller();
    await admin("PATCH", `/admin/tenants/${tenantId}`, { suspended: true });
    await admin("PATCH", `/admin/tenants/${tenantId}`, { suspended: false });
    expect((await submit(key, ENDLESS)).status).toBe("queued");
  });
});

describe("a live task", () => {
  it("returns 503 without an upstream account, while test tasks are accepted", async () => {
    const { tenantId, key } = await makeCaller();
    const live = await makeKey(tenantId, { mode: "live" });
    const unconfigured = { UPSTREAM_CLIENT_KEY: undefined };
    const body = { task: ENDLESS };
    const rejected = await callWith(unconfigured, "POST", "/v1/tasks", { key: live.key, body });
    await expectProblem(rejected, "upstream_not_configured");
    expect((await callWith(unconfigured, "POST", "/v1/tasks", { key, body })).status).toBe(202);
  });

  it("fails at admission or returns 429 over the monthly quota, and test tasks are not counted", async () => {
    scriptOutside({ create: [created()], poll: [processing] });
    const { tenantId, key } = await makeCaller({ limits: { monthlyTasks: 1 } });
    const live = await makeKey(tenantId, { mode: "live" });
    const first = await submit(live.key, ENDLESS);
    expect(first.mode).toBe("live");
    await expectEventually(async () =>
      (await call("GET", `/v1/tasks/${first.id}`, { key: live.key })).json(),
    ).toMatchObject({
      status: "processing",
    });
    const answer = await call("POST", "/v1/tasks", { key: live.key, body: { task: ENDLESS } });
    if (answer.status === 202) {
      const { id } = await answer.json<{ id: string }>();
      expect(await finished(live.key, id)).toMatchObject({ status: "failed", error: { code: "quota_exceeded" } });
    } else {
      await expectProblem(answer, "quota_exceeded");
    }
    expect((await submit(key, ENDLESS)).mode).toBe("test");
  });

  it("returns 429 with Retry-After once the edge knows that the quota is used up", async () => {
    const { key } = await makeCaller({ limits: { monthlyTasks: 0 } }, { mode: "live" });
    const rejected = await call("POST", "/v1/tasks", { key, body: { task: ENDLESS } });
    expect(rejected.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
    expect(rejected.headers.get("ratelimit-policy")).toMatch(/;q=0;w=\d+/);
    await expectProblem(rejected, "quota_exceeded");
  });
});
