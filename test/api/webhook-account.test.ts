// /v1/webhook: the default endpoint of a mode, and its test. The rules of webhook URLs are in test/unit/webhook-target.test.ts.

import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { aTime, expectCommonHeaders, expectInvalid, expectProblem } from "../support/answers.ts";
import { ALL_SCOPES, call, makeCaller, makeKey } from "../support/gateway.ts";
import { delayed, scriptReceivers, verifies } from "../support/receivers.ts";
import { tenantObject } from "../support/tenants.ts";
import { freezeTime, releaseTime, START } from "../support/time.ts";
import type { Answer } from "../support/upstream.ts";
import { lost, plain, RECEIVER_URL } from "../support/upstream.ts";

const ENDPOINT = "https://hooks.shop.example/solvegate";
const NONE = { url: null, disabledAt: null, disabledReason: null };

const ok = plain(204, null);

let tenantId: string;
let key: string;
let webhookSecret: string;

beforeEach(async () => {
  ({ tenantId, key, webhookSecret } = await makeCaller({}, { scopes: ALL_SCOPES }));
});
afterEach(async () => {
  releaseTime();
  await reset();
});

const put = (body: unknown) => call("PUT", "/v1/webhook", { key, body });
const test = () => call("POST", "/v1/webhook/test", { key });

async function endpoint(by: string = key): Promise<unknown> {
  const response = await call("GET", "/v1/webhook", { key: by });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/json");
  expectCommonHeaders(response);
  return response.json();
}

describe("the endpoint of a mode", () => {
  it("has a null url before it is set, and after it is removed", async () => {
    expect(await endpoint()).toStrictEqual(NONE);
    await put({ url: ENDPOINT });
    for (const _again of [1, 2]) {
      const response = await call("DELETE", "/v1/webhook", { key });
      expect({ status: response.status, body: await response.text() }).toEqual({ status: 204, body: "" });
    }
    expect(await endpoint()).toStrictEqual(NONE);
  });

  it("is returned with the URL that was set last", async () => {
    for (const url of [RECEIVER_URL, ENDPOINT]) {
      const response = await put({ url });
      expect({ status: response.status, body: await response.json() }).toStrictEqual({
        status: 200,
        body: { ...NONE, url },
      });
      expect(await endpoint()).toStrictEqual({ ...NONE, url });
    }
  });

  it("has the time and the reason when it is disabled, and is enabled when it is set again", async () => {
    await put({ url: ENDPOINT });
    await tenantObject(tenantId).disableEndpoint(ENDPOINT, { createdAt: Date.now() }, "test");
    expect(await endpoint()).toStrictEqual({
      url: ENDPOINT,
      disabledAt: aTime,
      disabledReason: expect.stringMatching(/./),
    });
    expect(await (await put({ url: ENDPOINT })).json()).toStrictEqual({ ...NONE, url: ENDPOINT });
    expect(await endpoint()).toStrictEqual({ ...NONE, url: ENDPOINT });
  });

  it("exists per tenant and mode", async () => {
    await put({ url: ENDPOINT });
    const live = await makeKey(tenantId, { mode: "live", scopes: ALL_SCOPES });
    expect(await endpoint(live.key)).toStrictEqual(NONE);
    await call("PUT", "/v1/webhook", { key: live.key, body: { url: RECEIVER_URL } });
    expect(await endpoint()).toStrictEqual({ ...NONE, url: ENDPOINT });
    await call("DELETE", "/v1/webhook", { key });
    expect(await endpoint(live.key)).toStrictEqual({ ...NONE, url: RECEIVER_URL });
    const other = await makeCaller({}, { scopes: ALL_SCOPES });
    expect(await endpoint(other.key)).toStrictEqual(NONE);
  });

  it("is not disabled by a 410 that disables the other mode's endpoint with the same URL", async () => {
    const live = await makeKey(tenantId, { mode: "live", scopes: ALL_SCOPES });
    for (const by of [key, live.key]) await call("PUT", "/v1/webhook", { key: by, body: { url: ENDPOINT } });
    await tenantObject(tenantId).disableEndpoint(ENDPOINT, { createdAt: Date.now() }, "live");
    expect(await endpoint()).toStrictEqual({ ...NONE, url: ENDPOINT });
    expect(await endpoint(live.key)).toMatchObject({ url: ENDPOINT, disabledAt: aTime });
  });
});

describe("PUT /v1/webhook", () => {
  it.each([
    [{}, "url"],
    [{ url: null }, "url"],
    [{ url: "hooks.shop.example" }, "url"],
    [{ url: ENDPOINT, secret: "x" }, "secret"],
  ])("returns 400 and keeps the endpoint for the body %j", async (body, path) => {
    await put({ url: RECEIVER_URL });
    await expectInvalid(await put(body), path);
    expect(await endpoint()).toStrictEqual({ ...NONE, url: RECEIVER_URL });
  });

  it.each(["http://hooks.shop.example/", "https://127.0.0.1/", `https://hooks.shop.example/${"a".repeat(2_048)}`])(
    "returns 403 and keeps the endpoint for a URL that is not allowed: %s",
    async (url) => {
      await put({ url: RECEIVER_URL });
      await expectProblem(await put({ url }), "webhook_url_not_allowed");
      expect(await endpoint()).toStrictEqual({ ...NONE, url: RECEIVER_URL });
    },
  );
});

describe("POST /v1/webhook/test", () => {
  beforeEach(async () => {
    freezeTime();
    ({ tenantId, key, webhookSecret } = await makeCaller({}, { scopes: ALL_SCOPES }));
    await put({ url: ENDPOINT });
  });

  const responded = { latencyMs: 84, redirected: false, error: null };

  it.each<[string, Answer, object]>([
    ["204", ok, { ...responded, status: 204 }],
    ["500", plain(500), { ...responded, status: 500 }],
    ["a redirect", plain(302, null, { location: RECEIVER_URL }), { ...responded, status: 302, redirected: true }],
    ["no response", lost, { ...responded, status: null, error: expect.stringMatching(/^[a-z_]+$/) }],
  ])("returns the outcome of the request: %s", async (_what, answer, expected) => {
    const received = scriptReceivers({ [ENDPOINT]: [delayed(84, answer)] });
    const response = await test();
    expect({ status: response.status, body: await response.json() }).toStrictEqual({ status: 200, body: expected });
    expect(received).toHaveLength(1);
  });

  it("sends a signed webhook.test with a new id each time, and follows no redirect", async () => {
    const received = scriptReceivers({ [ENDPOINT]: [ok] });
    await test();
    await test();
    for (const webhook of received) {
      const { method, redirect, event, headers } = webhook;
      expect({ method, redirect }).toEqual({ method: "POST", redirect: "manual" });
      expect(event).toMatchObject({ type: "webhook.test", timestamp: new Date(START).toISOString() });
      expect(headers.get("webhook-timestamp")).toBe(String(START / 1_000));
      expect(verifies(webhook, webhookSecret)).toBe(true);
    }
    expect(new Set(received.map(({ headers }) => headers.get("webhook-id"))).size).toBe(2);
  });

  it("returns 404 when no endpoint is set", async () => {
    await call("DELETE", "/v1/webhook", { key });
    await expectProblem(await test(), "not_found");
  });
});

describe("the limit of endpoint tests", () => {
  it("is 10 in 60 s for each tenant and mode, then 429 with Retry-After and RateLimit-Policy", async () => {
    const received = scriptReceivers({ [ENDPOINT]: [ok] });
    const live = await makeKey(tenantId, { mode: "live", scopes: ALL_SCOPES });
    // Tests without an endpoint send nothing and are not counted.
    for (let n = 0; n < 11; n += 1) await expectProblem(await test(), "not_found");
    for (const by of [key, live.key]) await call("PUT", "/v1/webhook", { key: by, body: { url: ENDPOINT } });
    for (let n = 0; n < 10; n += 1) expect((await test()).status).toBe(200);
    const response = await test();
    await expectProblem(response, "rate_limited");
    expect(response.headers.get("retry-after")).toBe("60");
    expect(response.headers.get("ratelimit-policy")).toBe('"webhook-tests";q=10;w=60');
    expect(received).toHaveLength(10);
    expect((await call("POST", "/v1/webhook/test", { key: live.key })).status).toBe(200);
  });

  it("applies to concurrent tests", async () => {
    const received = scriptReceivers({ [ENDPOINT]: [ok] });
    await put({ url: ENDPOINT });
    const statuses = (await Promise.all(Array.from({ length: 15 }, test))).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(10);
    expect(received).toHaveLength(10);
  });
});
