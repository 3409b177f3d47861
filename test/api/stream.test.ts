// GET /v1/stream: the events that it sends, and how connections end.

import { evictDurableObject, reset, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Webhook } from "standardwebhooks";
import { afterEach, describe, expect, it, vi } from "vitest";
import { expectEventually, expectProblem } from "../support/answers.ts";
import { admin, call, makeCaller, makeKey, scenario, solve, submit } from "../support/gateway.ts";
import { connect, eventOf, upgrade } from "../support/stream-client.ts";

afterEach(() => {
  vi.useRealTimers();
  return reset();
});

const INSTANT = scenario("sandbox-instant");

describe("GET /v1/stream", () => {
  it("sends the event of a task without a webhook, signed like a webhook", async () => {
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

  it("keeps sending events after the tenant's object hibernated", async () => {
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

  it("sends the events since a time again with the same webhook-ids, without deleted solutions", async () => {
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

  it("ignores a client's messages, and closes the connection of a client that sends too many", async () => {
    const { key } = await makeCaller();
    const client = await connect(key);
    client.socket.send("hello");
    client.socket.send(new Uint8Array([1, 2, 3]));
    await solve(key);
    await expectEventually(() => client.frames.length).toBe(1);
    for (let n = 0; n < 100; n += 1) client.socket.send(`message ${n}`);
    await expectEventually(() => client.closed).toEqual([{ code: 4008 }]);
  });

  it("closes the connection of a client that sends a message of more than 64 Ki characters or bytes", async () => {
    const { key } = await makeCaller();
    const clients = [await connect(key), await connect(key), await connect(key)] as const;
    clients[0].socket.send("x".repeat(65_537));
    clients[1].socket.send(new Uint8Array(65_537));
    clients[2].socket.send("x".repeat(65_536));
    await expectEventually(() => clients[0].closed).toEqual([{ code: 4008 }]);
    await expectEventually(() => clients[1].closed).toEqual([{ code: 4008 }]);
    await solve(key);
    await expectEventually(() => clients[2].frames.length).toBe(1);
  });

  it("signs with both secrets during the overlap of a rotation", async () => {
    const { key, webhookSecret } = await makeCaller({}, { scopes: ["tasks:write", "tasks:read", "account:write"] });
    const client = await connect(key);
    const rotated = await call("POST", "/v1/webhook/rotate", { key, body: {} });
    const { secret } = (await rotated.json()) as { secret: string };
    await submit(key, INSTANT);
    await expectEventually(() => client.frames.length).toBe(1);
    const [frame] = client.frames;
    if (frame === undefined) throw new Error("no frame");
    for (const one of [secret, webhookSecret])
      expect(() => new Webhook(one).verify(frame.body, frame.headers)).not.toThrow();
  });

  it("stays open and can be opened while the tenant is suspended", async () => {
    const { tenantId, key } = await makeCaller();
    const before = await connect(key);
    const { id } = await submit(key, scenario("sandbox-never"));
    await admin("PATCH", `/admin/tenants/${tenantId}`, { suspended: true });
    const during = await connect(key);
    await call("POST", `/v1/tasks/${id}/cancel`, { key });
    await expectEventually(() => [before.frames.length, during.frames.length]).toEqual([1, 1]);
    expect([before.closed, during.closed]).toEqual([[], []]);
  });

  it("sends no earlier event for a since in the future, and accepts a since with an offset", async () => {
    const { key } = await makeCaller();
    const { finishedAt } = await solve(key);
    const future = await connect(key, "?since=2199-01-01T00:00:00Z");
    const offset = `${new Date(Date.parse(finishedAt ?? "") + 7_200_000).toISOString().slice(0, -1)}+02:00`;
    const again = await connect(key, `?since=${encodeURIComponent(offset)}`);
    await expectEventually(() => again.frames.length).toBe(1);
    await solve(key);
    await expectEventually(() => future.frames.length).toBe(1);
    expect(again.frames.map(({ id }) => id)).not.toEqual(future.frames.map(({ id }) => id));
  });
});

describe("a connection of GET /v1/stream ends", () => {
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

  it("when its key expires, even if there is no event", async () => {
    const { tenantId } = await makeCaller();
    const expiresAt = Date.now() + 60_000;
    const { key } = await makeKey(tenantId, { expiresAt: new Date(expiresAt).toISOString() });
    const client = await connect(key);
    vi.useFakeTimers({ toFake: ["Date"] });
    vi.setSystemTime(expiresAt);
    await runDurableObjectAlarm(env.TENANTS.get(env.TENANTS.idFromName(tenantId)));
    await expectEventually(() => client.closed).toEqual([{ code: 4001 }]);
  });

  it("when its key was rotated and the overlap is over", async () => {
    const { tenantId, key } = await makeCaller();
    const rotated = await makeKey(tenantId);
    const client = await connect(rotated.key);
    const kept = await connect(key);
    vi.useFakeTimers({ toFake: ["Date"] });
    const path = `/admin/tenants/${tenantId}/keys/${rotated.id}/rotate`;
    expect((await admin("POST", path, { overlapSeconds: 60 })).status).toBe(201);
    vi.setSystemTime(Date.now() + 60_000);
    await runDurableObjectAlarm(env.TENANTS.get(env.TENANTS.idFromName(tenantId)));
    await expectEventually(() => client.closed).toEqual([{ code: 4001 }]);
    expect(kept.closed).toEqual([]);
  });

  it("with the client's own code when the client closes it", async () => {
    const { key } = await makeCaller();
    const [coded, plain] = [await connect(key), await connect(key)];
    coded.socket.close(3000, "enough");
    plain.socket.close();
    await expectEventually(() => coded.closed).toEqual([{ code: 3000 }]);
    await expectEventually(() => plain.closed).toEqual([{ code: 1005 }]);
  });

  it("when its tenant is deleted", async () => {
    const { tenantId, key } = await makeCaller();
    const client = await connect(key);
    await admin("DELETE", `/admin/tenants/${tenantId}`);
    await expectEventually(() => client.closed).toEqual([{ code: 4004 }]);
  });
});

describe("a client of GET /v1/stream that does not read", () => {
  const bigEvent = { id: "msg_big", type: "task.ready", body: "x".repeat(1024 * 1024) } as const;

  it("is disconnected when it has not read 4 MiB", async () => {
    const { tenantId, key } = await makeCaller();
    const client = await connect(key);
    const tenant = env.TENANTS.get(env.TENANTS.idFromName(tenantId));
    for (let n = 0; n < 5; n += 1) await tenant.publishEvent({ createdAt: Date.now() }, "test", bigEvent);
    await expectEventually(() => client.closed).toEqual([{ code: 4009 }]);
    expect(client.texts).toHaveLength(3);
  });

  it("stays connected while it sends pings", async () => {
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
