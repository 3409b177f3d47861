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

describe("websiteURL is an http or https URL", () => {
  it.each([
    "antcpt.com",
    "//antcpt.com/",
    "/score_detector",
    "https://",
    "https:///",
    "ftp://antcpt.com/",
    "javascript:alert(1)",
    "data:text/html,antcpt.com",
    "file:///etc/passwd",
    "about:blank",
    "not a url",
    "https://antcpt.com:99999/",
  ])("%s is neither", async (websiteURL) => {
    await expectInvalid(await createOn(["*"], websiteURL), "task.websiteURL");
  });
});

describe("the list of hosts decides", () => {
  it.each([
    ["shop.example", "https://shop.example/"],
    ["shop.example", "http://shop.example/"],
    ["shop.example", "https://shop.example"],
    ["shop.example", "https://shop.example:8443/cart?x=1#y"],
    ["shop.example", "HTTPS://SHOP.Example/"],
    ["shop.example", "https://shop.example./"],
    ["SHOP.Example", "https://shop.example/"],
    ["*.shop.example", "https://www.shop.example/"],
    ["*.shop.example", "https://a.b.c.shop.example/"],
    ["*", "https://anything.test/"],
    ["bücher.example", "https://xn--bcher-kva.example/"],
    ["xn--bcher-kva.example", "https://bücher.example/"],
  ])("%s allows %s", async (pattern, websiteURL) => {
    const response = await createOn(["other.example", pattern].slice(pattern === "*" ? 1 : 0), websiteURL);
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ task: { websiteURL } });
  });

  it.each([
    ["shop.example", "https://www.shop.example/"],
    ["shop.example", "https://evilshop.example/"],
    ["shop.example", "https://shop.example.evil.test/"],
    ["shop.example", "https://shop.example@evil.test/"],
    ["shop.example", "https://evil.test/?shop.example"],
    ["shop.example", "https://evil.test/#shop.example"],
    ["*.shop.example", "https://shop.example/"],
    ["*.shop.example", "https://evilshop.example/"],
    ["*.shop.example", "https://www.shop.example.evil.test/"],
  ])("%s does not allow %s", async (pattern, websiteURL) => {
    await expectProblem(await createOn([pattern], websiteURL), "website_not_allowed");
  });

  it.each(["https:\\\\evil.test\\@shop.example/", "https://evil.test\\@shop.example/", "https:evil.test"])(
    "%s, which parsers read in two ways, is refused whatever the list says",
    async (websiteURL) => {
      expect([400, 403]).toContain((await createOn(["shop.example"], websiteURL)).status);
    },
  );

  it("an empty list allows nothing", async () => {
    await expectProblem(await createOn([], "https://antcpt.com/"), "website_not_allowed");
  });

  it("the list holds for live keys too", async () => {
    const { key } = await makeCaller({}, { mode: "live" });
    const task = { ...ENDLESS, websiteURL: "https://other.example/" };
    await expectProblem(await call("POST", "/v1/tasks", { key, body: { task } }), "website_not_allowed");
  });
});

describe("webhookUrl", () => {
  it.each(["", "hooks.shop.example", "/hook", "https://", "not a url", "https://hooks.shop.example:99999/"])(
    "%j is no URL: 400",
    async (webhookUrl) => {
      await expectInvalid(await createWithWebhook(webhookUrl), "webhookUrl");
    },
  );

  it.each([
    "http://hooks.shop.example/",
    "ftp://hooks.shop.example/",
    "mailto:a@shop.example",
    "https://user:secret@hooks.shop.example/",
    "https://user@hooks.shop.example/",
    "https://hooks.shop.example:80/",
    "https://hooks.shop.example:22/",
    "https://hooks.shop.example:1023/",
    "https://localhost/",
    "https://LOCALHOST./",
    "https://api.localhost/",
    "https://printer.local/",
    "https://db.internal./",
    "https://nas.home.arpa/",
    "https://intranet/",
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://10.0.0.1/",
    "https://172.31.255.255/",
    "https://192.168.0.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://100.64.0.1/",
    "https://198.18.0.1/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://224.0.0.1/",
    "https://0.0.0.0/",
    "https://[::]/",
    "https://[::1]/",
    "https://[fc00::1]/",
    "https://[fe80::1]/",
    "https://[ff02::1]/",
    "https://[::ffff:8.8.8.8]/",
    "https://[64:ff9b::808:808]/",
    "https://[2002:808:808::1]/",
  ])("%s is refused: 403", async (webhookUrl) => {
    await expectProblem(await createWithWebhook(webhookUrl), "webhook_url_not_allowed");
  });

  it.each([
    "https://hooks.shop.example/",
    "https://hooks.shop.example:443/",
    "https://hooks.shop.example:1024/",
    "https://hooks.shop.example:65535/path?query=1",
    "https://8.8.8.8/",
    "https://172.32.0.1/",
    "https://[2606:4700::1111]/",
  ])("%s is taken", async (webhookUrl) => {
    expect((await createWithWebhook(webhookUrl)).status).toBe(202);
  });

  it("private targets are taken where the operator allows them", async () => {
    const { key } = await makeCaller();
    const body = { task: ENDLESS, webhookUrl: "http://127.0.0.1:9000/hook" };
    const response = await callWith({ ALLOW_PRIVATE_WEBHOOKS: "true" }, "POST", "/v1/tasks", { key, body });
    expect(response.status).toBe(202);
  });
});

describe("a suspended tenant", () => {
  it("creates nothing, in either mode, and reads what it has", async () => {
    const { tenantId, key } = await makeCaller();
    const live = await makeKey(tenantId, { mode: "live" });
    const task = await submit(key, ENDLESS);
    await admin("PATCH", `/admin/tenants/${tenantId}`, { suspended: true });
    for (const anyKey of [key, live.key]) {
      const refused = await call("POST", "/v1/tasks", { key: anyKey, body: { task: ENDLESS } });
      await expectProblem(refused, "tenant_suspended");
    }
    expect((await call("GET", `/v1/tasks/${task.id}`, { key })).status).toBe(200);
    expect((await call("GET", `/v1/tasks/${task.id}/events`, { key })).status).toBe(200);
  });

  it("creates again at once when the suspension is lifted", async () => {
    const { tenantId, key } = await makeCaller();
    await admin("PATCH", `/admin/tenants/${tenantId}`, { suspended: true });
    await admin("PATCH", `/admin/tenants/${tenantId}`, { suspended: false });
    expect((await submit(key, ENDLESS)).status).toBe("queued");
  });
});

describe("live tasks", () => {
  it("without an upstream account are refused, while test mode works", async () => {
    const { tenantId, key } = await makeCaller();
    const live = await makeKey(tenantId, { mode: "live" });
    const unconfigured = { UPSTREAM_CLIENT_KEY: undefined };
    const body = { task: ENDLESS };
    const refused = await callWith(unconfigured, "POST", "/v1/tasks", { key: live.key, body });
    await expectProblem(refused, "upstream_not_configured");
    expect((await callWith(unconfigured, "POST", "/v1/tasks", { key, body })).status).toBe(202);
  });

  it("over the month's quota fail at admission, then are refused at the door; test tasks are not counted", async () => {
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

  it("are refused at the door with when to come back once the quota is known to be used up", async () => {
    const { key } = await makeCaller({ limits: { monthlyTasks: 0 } }, { mode: "live" });
    const refused = await call("POST", "/v1/tasks", { key, body: { task: ENDLESS } });
    expect(refused.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
    expect(refused.headers.get("ratelimit-policy")).toMatch(/;q=0;w=\d+/);
    await expectProblem(refused, "quota_exceeded");
  });
});
