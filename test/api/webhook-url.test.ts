// The URL of a task's webhook: its own, set through either API, or else the tenant's current endpoint.

import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ALL_SCOPES, call, EXAMPLE_TASK, makeCaller, read, scenario, solve, submit } from "../support/gateway.ts";
import { scriptReceivers } from "../support/receivers.ts";
import { tenantObject } from "../support/tenants.ts";
import { eventually } from "../support/time.ts";
import { plain, RECEIVER_URL } from "../support/upstream.ts";

const ENDPOINT = "https://hooks.shop.example/solvegate";

const ok = plain(204, null);

let tenantId: string;
let key: string;

beforeEach(async () => {
  ({ tenantId, key } = await makeCaller({}, { scopes: ALL_SCOPES }));
  await call("PUT", "/v1/webhook", { key, body: { url: ENDPOINT } });
});
afterEach(reset);

describe("the URL of a task's webhook", () => {
  /** Scripts both receivers. `deliveries` waits until a task's webhook is delivered, and returns all webhooks. */
  function listen() {
    const received = scriptReceivers({ [ENDPOINT]: [ok], [RECEIVER_URL]: [ok] });
    const deliveries = async (id: string) => {
      await eventually(async () => (await read(key, id)).webhook?.state === "delivered");
      return received.map(({ url, event }) => ({ url, type: event.type, id: event.data.id }));
    };
    return { received, deliveries };
  }

  it("is the task's webhookUrl, even when there is an endpoint", async () => {
    const { deliveries } = listen();
    const { id } = await solve(key, { webhookUrl: RECEIVER_URL });
    expect(await deliveries(id)).toEqual([{ url: RECEIVER_URL, type: "task.ready", id }]);
  });

  it("is the endpoint when the task has no webhookUrl", async () => {
    const { deliveries } = listen();
    const { id } = await solve(key);
    expect(await deliveries(id)).toEqual([{ url: ENDPOINT, type: "task.ready", id }]);
  });

  it("is in the Task from the start for a webhookUrl, and after the task is final for the endpoint", async () => {
    const { deliveries } = listen();
    const own = await submit(key, EXAMPLE_TASK, { webhookUrl: RECEIVER_URL });
    expect(own.webhook).toStrictEqual({
      url: RECEIVER_URL,
      state: "pending",
      attempts: 0,
      lastStatus: null,
      nextAttemptAt: null,
    });
    const unnamed = await submit(key, scenario("sandbox-instant"));
    expect(unnamed.webhook).toBeNull();
    expect(await deliveries(unnamed.id)).toEqual([{ url: ENDPOINT, type: "task.ready", id: unnamed.id }]);
    await call("POST", `/v1/tasks/${own.id}/cancel`, { key });
    await eventually(async () => (await read(key, own.id)).webhook?.state === "delivered");
  });

  it.each<[string, () => unknown]>([
    ["is removed", () => call("DELETE", "/v1/webhook", { key })],
    ["is disabled", () => tenantObject(tenantId).disableEndpoint(ENDPOINT, { createdAt: Date.now() }, "test")],
  ])("is null when the endpoint %s and the task has no webhookUrl", async (_what, change) => {
    const { received } = listen();
    await change();
    const { id } = await solve(key);
    await eventually(async () => (await call("POST", `/v1/tasks/${id}/redeliver`, { key })).status === 409);
    expect((await read(key, id)).webhook).toBeNull();
    expect(received).toEqual([]);
  });
});
