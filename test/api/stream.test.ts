import { evictDurableObject, reset, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Webhook } from "standardwebhooks";
import { afterEach, describe, expect, it, vi } from "vitest";
import { expectEventually, expectInvalid, expectProblem } from "../support/answers.ts";
import { admin, call, makeCaller, makeKey, scenario, solve, submit } from "../support/gateway.ts";
import type { StreamClient } from "../support/stream-client.ts";
import { clientOf, eventOf } from "../support/stream-client.ts";

afterEach(() => {
  vi.useRealTimers();
  return reset();
});

const INSTANT = scenario("sandbox-instant");

const upgrade = (path: string, key: string | undefined, headers: Record<string, string> = {}): Promise<Response> =>
  call("GET", path, { key, headers: { upgrade: "websocket", ...headers } });

async function connect(key: string, query = ""): Promise<StreamClient> {
  const response = await upgrade(`/v1/stream${query}`, key);
  expect(response.status).toBe(101);
  return clientOf(response);
}

describe("GET /v1/stream", () => {
  it("sends the event of a task without a webhook, signed like the webhook that it would be", async () => {
    const { key, webhookSecret } = await makeCaller();
    const client = await connect(key);
    const { id } = await submit(key, INSTANT);
    await expectEventually(() => client.frames.length).toBe(1);
    const [frame] = client.frames;
    if (frame === undefined) throw new Error("no frame");
    const event = new Webhook(webhookSecret).verify(frame.body, frame.headers);
    expect(event).toMatchObject({ type: "task.ready", data: { id, status: "ready", solutionState: "available" } });
    expect(frame.id).toBe(frame.headers["webhook-id"]);
  });

  it("sends only the events of the key's mode and tenant", async () => {
    const { tenantId, key } = await makeCaller();
    const live = await makeKey(tenantId, { mode: "live" });
    const other = await makeCaller();
    const clients = [await connect(live.key), await connect(other.key)];
    const mine = await connect(key);
    await submit(key, INSTANT);
    await expectEventually(() => mine.frames.length).toBe(1);
    expect(clients.map(({ frames }) => frames)).toEqual([[], []]);
  });

  it("sends only the events that the query names", async () => {
    const { key } = await makeCaller();
    const client = await connect(key, "?events=task.failed,task.canceled");
    await solve(key);
    const { id } = await submit(key, scenario("sandbox-never"));
    await call("POST", `/v1/tasks/${id}/cancel`, { key });
    await expectEventually(() => client.frames.length).toBe(1);
    expect(client.frames.map((frame) => eventOf(frame).type)).toEqual(["task.canceled"]);
  });

  it("takes the key from the subprotocol, and selects the stream's", async () => {
    const { key } = await makeCaller();
    const response = await upgrade("/v1/stream", undefined, {
      "sec-websocket-protocol": `solvegate.v1, bearer.${key}`,
    });
    expect(response.status).toBe(101);
    expect(response.headers.get("sec-websocket-protocol")).toBe("solvegate.v1");
    clientOf(response).socket.close();
  });

  it("goes on after the tenant's object hibernated", async () => {
    const { tenantId, key } = await makeCaller();
    const client = await connect(key);
    await evictDurableObject(env.TENANTS.get(env.TENANTS.idFromName(tenantId)), { webSockets: "hibernate" });
    await submit(key, INSTANT);
    await expectEventually(() => client.frames.length).toBe(1);
    await evictDurableObject(env.TENANTS.get(env.TENANTS.idFromName(tenantId)), { webSockets: "hibernate" });
    await submit(key, INSTANT);
    await expectEventually(() => client.frames.length).toBe(2);
  });

  it("answers a ping with a pong, without waking the object", async () => {
    const { key } = await makeCaller();
    const client = await connect(key);
    client.socket.send("ping");
    await expectEventually(() => client.texts).toEqual(["pong"]);
  });

  it("sends the events since a time again under the same ids, without a solution that is gone", async () => {
    const { key } = await makeCaller();
    const first = await connect(key);
    const before = await solve(key);
    const claimed = await solve(key);
    await call("POST", `/v1/tasks/${claimed.id}/claim`, { key });
    await expectEventually(() => first.frames.length).toBe(2);
    first.socket.close();
    const again = await connect(key, `?since=${before.finishedAt}`);
    await expectEventually(() => again.frames.length).toBe(2);
    expect(new Set(again.frames.map(({ id }) => id))).toEqual(new Set(first.frames.map(({ id }) => id)));
    const solutions = again.frames.map((frame) => eventOf(frame).data.solutionState);
    expect(solutions.sort()).toEqual(["available", "claimed"]);
  });

  it("ignores a client's messages, and closes the connection of one that floods", async () => {
    const { key } = await makeCaller();
    const client = await connect(key);
    client.socket.send("hello");
    client.socket.send(new Uint8Array([1, 2, 3]));
    await solve(key);
    await expectEventually(() => client.frames.length).toBe(1);
    for (let n = 0; n < 100; n += 1) client.socket.send(`message ${n}`);
    await expectEventually(() => client.closed).toEqual([{ code: 4008 }]);
  });
});

describe("a connection ends", () => {
  it("when its key is revoked", async () => {
    const { tenantId, key } = await makeCaller();
    const { id, key: second } = await makeKey(tenantId);
    const revoked = await connect(second);
    const kept = await connect(key);
    await admin("DELETE", `/admin/tenants/${tenantId}/keys/${id}`);
    await expectEventually(() => revoked.closed).toEqual([{ code: 4001 }]);
    expect(kept.closed).toEqual([]);
    await expectProblem(await upgrade("/v1/stream", second), "unauthenticated");
  });

  it("when its key expires, without an event", async () => {
    const { tenantId } = await makeCaller();
    const expiresAt = Date.now() + 60_000;
    const { key } = await makeKey(tenantId, { expiresAt: new Date(expiresAt).toISOString() });
    const client = await connect(key);
    vi.useFakeTimers({ toFake: ["Date"] });
    vi.setSystemTime(expiresAt);
    await runDurableObjectAlarm(env.TENANTS.get(env.TENANTS.idFromName(tenantId)));
    await expectEventually(() => client.closed).toEqual([{ code: 4001 }]);
  });

  it("when its tenant is deleted", async () => {
    const { tenantId, key } = await makeCaller();
    const client = await connect(key);
    await admin("DELETE", `/admin/tenants/${tenantId}`);
    await expectEventually(() => client.closed).toEqual([{ code: 4004 }]);
  });
});

describe("a client that does not read", () => {
  const bigEvent = { id: "msg_big", type: "task.ready", body: "x".repeat(1024 * 1024) } as const;

  it("is closed once 4 MiB are unread", async () => {
    const { tenantId, key } = await makeCaller();
    const client = await connect(key);
    const tenant = env.TENANTS.get(env.TENANTS.idFromName(tenantId));
    for (let n = 0; n < 5; n += 1) await tenant.publishEvent({ createdAt: Date.now() }, "test", bigEvent);
    await expectEventually(() => client.closed).toEqual([{ code: 4009 }]);
    expect(client.texts).toHaveLength(3);
  });

  it("is not closed while it pings", async () => {
    const { tenantId, key } = await makeCaller();
    const client = await connect(key);
    const tenant = env.TENANTS.get(env.TENANTS.idFromName(tenantId));
    for (let n = 0; n < 5; n += 1) {
      await tenant.publishEvent({ createdAt: Date.now() }, "test", bigEvent);
      client.socket.send("ping");
      await expectEventually(() => client.texts.filter((text) => text === "pong").length).toBe(n + 1);
    }
    expect(client.closed).toEqual([]);
  });
});

describe("GET /v1/stream rejects", () => {
  it("a request that is no upgrade, with 426", async () => {
    const { key } = await makeCaller();
    const response = await call("GET", "/v1/stream", { key });
    await expectProblem(response, "upgrade_required");
    expect(response.headers.get("upgrade")).toBe("websocket");
  });

  it("a bad events or since, and an unknown parameter, with 400", async () => {
    const { key } = await makeCaller();
    await expectInvalid(await upgrade("/v1/stream?events=task.ready,nothing", key), "events.1");
    await expectInvalid(await upgrade("/v1/stream?events=", key), "events.0");
    await expectInvalid(await upgrade("/v1/stream?since=yesterday", key), "since");
    await expectInvalid(await upgrade("/v1/stream?mode=live", key), "mode");
  });

  it("a key without tasks:read, and no valid key", async () => {
    const { tenantId } = await makeCaller();
    const { key } = await makeKey(tenantId, { scopes: ["tasks:write"] });
    await expectProblem(await upgrade("/v1/stream", key), "insufficient_scope");
    await expectProblem(await upgrade("/v1/stream", undefined), "unauthenticated");
    const wrong = await upgrade("/v1/stream", undefined, { "sec-websocket-protocol": "solvegate.v1, bearer.nonsense" });
    await expectProblem(wrong, "unauthenticated");
  });

  it("the 101st connection of a mode with 429, and not the other mode's first", async () => {
    const { tenantId, key } = await makeCaller();
    const clients = await Promise.all(Array.from({ length: 100 }, () => connect(key)));
    const response = await upgrade("/v1/stream", key);
    await expectProblem(response, "rate_limited");
    expect(response.headers.get("retry-after")).toBe("60");
    const live = await makeKey(tenantId, { mode: "live" });
    clients.push(await connect(live.key));
    clients[0]?.socket.close();
    await expectEventually(async () => (await upgrade("/v1/stream", key)).status).toBe(101);
  });
});
