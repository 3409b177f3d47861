// The client inside workerd, against the real gateway: every call of it, and what the gateway refuses.

import { reset } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Solvegate, SolvegateError } from "../../src/client/index.ts";
import { makeCaller, SEED_TASK, scenario } from "../support/gateway.ts";

const SCOPES = ["tasks:write", "tasks:read", "account:read", "account:write"];
const INSTANT = scenario("sandbox-instant");

/** A client of the gateway under test: as a Worker would have it by a service binding. */
const clientOf = (apiKey: string) =>
  new Solvegate({ baseUrl: "https://gateway.test", apiKey, fetch: (url, init) => exports.default.fetch(url, init) });

let client: Solvegate;

beforeEach(async () => {
  client = clientOf((await makeCaller({}, { scopes: SCOPES })).key);
});
afterEach(reset);

/** The error that a call ends with. */
async function failure(call: Promise<unknown>): Promise<SolvegateError> {
  const error = await call.catch((reason: unknown) => reason);
  if (!(error instanceof SolvegateError)) throw new Error(`no SolvegateError: ${String(error)}`);
  return error;
}

describe("tasks", () => {
  it("are solved by one call", async () => {
    const { websiteURL, websiteKey, pageAction } = INSTANT;
    const task = await client.solve(
      { websiteURL, websiteKey, pageAction },
      { metadata: { order: "7" }, timeoutSeconds: 30 },
    );
    expect(task.solution.gRecaptchaResponse).toMatch(/^sandbox\./);
    expect(task).toMatchObject({ status: "ready", metadata: { order: "7" }, task: { isInvisible: true } });
  });

  it("that fail are errors with upstream's code and the task", async () => {
    const error = await failure(client.solve(scenario("sandbox-reject-ERROR_SITEKEY")));
    expect(error).toMatchObject({ code: "upstream_rejected", status: null, task: { status: "failed" } });
    expect(error.requestId).toMatch(/^[\w-]+$/);
    expect(error.task?.error?.upstreamCode).toBe("ERROR_SITEKEY");
  });

  it("are created, read, waited for, listed, told and claimed once", async () => {
    const created = await client.tasks.create({ task: INSTANT }, { idempotencyKey: "order-7" });
    await expect(client.tasks.create({ task: INSTANT }, { idempotencyKey: "order-7" })).resolves.toMatchObject({
      id: created.id,
    });
    await expect(client.tasks.wait(created.id)).resolves.toMatchObject({ status: "ready", solutionState: "available" });
    await expect(client.tasks.get(created.id)).resolves.toMatchObject({ id: created.id });
    const [first] = await client.tasks.events(created.id);
    expect(first?.type).toBe("accepted");
    await expect.poll(() => Array.fromAsync(client.tasks.list())).toMatchObject([{ id: created.id, status: "ready" }]);

    const solution = await client.tasks.claim(created.id);
    expect(solution.gRecaptchaResponse).toMatch(/^sandbox\./);
    expect(await failure(client.tasks.claim(created.id))).toMatchObject({ code: "already_claimed", status: 410 });
  });

  it("are canceled, twice alike, and not once they are ready", async () => {
    const { id } = await client.tasks.create({ task: scenario("sandbox-never") });
    for (let time = 0; time < 2; time += 1) {
      await expect(client.tasks.cancel(id)).resolves.toMatchObject({ id, status: "canceled" });
    }
    const ready = await client.solve(INSTANT);
    expect(await failure(client.tasks.cancel(ready.id))).toMatchObject({ code: "task_finished", status: 409 });
    expect(await failure(client.tasks.redeliver(ready.id))).toMatchObject({ code: "not_redeliverable", status: 409 });
  });

  it("are listed page by page, by status", async () => {
    const ids = [];
    for (let count = 0; count < 3; count += 1) ids.unshift((await client.solve(INSTANT)).id);
    const listed = async (status: "ready" | "failed") =>
      (await Array.fromAsync(client.tasks.list({ limit: 1, status }))).map(({ id }) => id);
    await expect.poll(() => listed("ready")).toEqual(ids);
    await expect(listed("failed")).resolves.toEqual([]);
  });

  it("under a key of another body are refused", async () => {
    await client.tasks.create({ task: INSTANT }, { idempotencyKey: "order-7" });
    const error = await failure(client.tasks.create({ task: SEED_TASK }, { idempotencyKey: "order-7" }));
    expect(error).toMatchObject({ code: "idempotency_mismatch", status: 422 });
  });
});

describe("a refusal has the gateway's code and status:", () => {
  it.each([
    ["another site", { websiteURL: "https://other.example/" }, {}, "website_not_allowed", 403],
    ["no site", { websiteURL: "nowhere" }, {}, "invalid_request", 400],
    ["a time too short", {}, { timeoutSeconds: 5 }, "invalid_request", 400],
    ["a private webhook", {}, { webhookUrl: "https://10.0.0.1/" }, "webhook_url_not_allowed", 403],
  ])("%s", async (_what, task, options, code, status) => {
    const error = await failure(client.solve({ ...INSTANT, ...task }, options));
    expect(error).toMatchObject({ code, status, task: null });
    expect(error.requestId).not.toBeNull();
    if (code === "invalid_request") expect(error.errors).toHaveLength(1);
  });

  it("a wrong key", async () => {
    expect(await failure(clientOf("sg_test_acme_wrong").solve(INSTANT))).toMatchObject({
      code: "unauthenticated",
      status: 401,
    });
  });

  it("a key without the scope", async () => {
    const narrow = clientOf((await makeCaller({}, { scopes: ["tasks:read"] })).key);
    expect(await failure(narrow.solve(INSTANT))).toMatchObject({ code: "insufficient_scope", status: 403 });
    expect(await failure(narrow.keys.list())).toMatchObject({ code: "insufficient_scope", status: 403 });
  });
});

describe("the account", () => {
  it("has an endpoint that is set, replaced and deleted", async () => {
    await expect(client.webhook.get()).resolves.toEqual({ url: null, disabledAt: null, disabledReason: null });
    await expect(client.webhook.set("https://hooks.shop.example/a")).resolves.toMatchObject({
      url: "https://hooks.shop.example/a",
    });
    await client.webhook.delete();
    expect(await failure(client.webhook.test())).toMatchObject({ code: "not_found", status: 404 });
    await expect(client.webhook.rotate()).resolves.toEqual({ secret: expect.stringMatching(/^whsec_/) });
    await expect(client.webhook.rotate({ overlapSeconds: 0 })).resolves.toEqual({
      secret: expect.stringMatching(/^whsec_/),
    });
  });

  it("has keys that are made, replaced and revoked", async () => {
    const made = await client.keys.create({ name: "CI", mode: "test" });
    expect(made).toMatchObject({
      name: "CI",
      scopes: ["tasks:write", "tasks:read"],
      key: expect.stringMatching(/^sg_test_/),
    });
    const next = await client.keys.rotate(made.id, { overlapSeconds: 0 });
    await expect(clientOf(next.key).solve(INSTANT)).resolves.toMatchObject({ status: "ready" });
    await client.keys.revoke(next.id);
    expect((await client.keys.list()).map(({ id }) => id)).not.toContain(next.id);
    expect(await failure(client.keys.revoke(next.id))).toMatchObject({ code: "not_found" });
  });

  it("has its usage by day", async () => {
    await client.solve(INSTANT);
    const today = new Date().toISOString().slice(0, 10);
    await expect
      .poll(() => client.usage({ from: today, to: today }))
      .toMatchObject([{ day: today, submitted: 1, ready: 1 }]);
    await expect(client.usage()).resolves.toHaveLength(30);
  });
});
