import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { StreamConnections } from "../../src/stream/connections.ts";
import { expectEventually, expectInvalid, expectProblem } from "../support/answers.ts";
import { call, callWith, makeCaller, makeKey, solve } from "../support/gateway.ts";
import { clientOf, connect, eventOf, upgrade } from "../support/stream-client.ts";

afterEach(() => {
  vi.useRealTimers();
  return reset();
});

const protocols = (...values: string[]) => ({ "sec-websocket-protocol": values.join(", ") });

describe("GET /v1/stream", () => {
  it("has X-Request-Id on the response that opens the connection", async () => {
    const { key } = await makeCaller();
    const response = await upgrade("/v1/stream", key);
    expect(response.headers.get("x-request-id")).toMatch(/^[\w-]{8,}$/);
    clientOf(response).socket.close();
  });

  it.each([
    ["solvegate.v1 and the key", (bearer: string) => ["solvegate.v1", bearer], "solvegate.v1"],
    ["the key first, among others", (bearer: string) => ["other", bearer, "more", "solvegate.v1"], "solvegate.v1"],
    ["the key alone", (bearer: string) => [bearer], null],
  ])(
    "takes the key from the subprotocols and selects solvegate.v1 if it is offered: %s",
    async (_case, of, selected) => {
      const { key } = await makeCaller();
      const response = await upgrade("/v1/stream", undefined, protocols(...of(`bearer.${key}`)));
      expect(response.status).toBe(101);
      expect(response.headers.get("sec-websocket-protocol")).toBe(selected);
      clientOf(response).socket.close();
    },
  );

  it("takes an event that is named twice as named once", async () => {
    const { key } = await makeCaller();
    const client = await connect(key, "?events=task.ready,task.ready");
    await solve(key);
    const other = await solve(key);
    await expectEventually(() => client.frames.map((frame) => eventOf(frame).data.id).includes(other.id)).toBe(true);
    expect(client.frames).toHaveLength(2);
  });

  it("prefers the key of the Authorization header to the one of the subprotocol", async () => {
    const { tenantId, key } = await makeCaller();
    const { key: writing } = await makeKey(tenantId, { scopes: ["tasks:write"] });
    const offered = (one: string) => protocols("solvegate.v1", `bearer.${one}`);
    await expectProblem(await upgrade("/v1/stream", writing, offered(key)), "insufficient_scope");
    const response = await upgrade("/v1/stream", key, offered(writing));
    expect(response.status).toBe(101);
    clientOf(response).socket.close();
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
    await expectInvalid(await upgrade("/v1/stream?since=2026-02-30T00:00:00Z", key), "since");
    await expectInvalid(await upgrade("/v1/stream?since=2026-11-27T22:00:00%2002:00", key), "since");
    await expectInvalid(await upgrade("/v1/stream?mode=live", key), "mode");
  });

  it("a parameter that is given twice, with 400", async () => {
    const { key } = await makeCaller();
    await expectInvalid(await upgrade("/v1/stream?events=task.ready&events=task.failed", key), "events");
    const time = "since=2026-11-27T22:00:00Z";
    await expectInvalid(await upgrade(`/v1/stream?${time}&${time}`, key), "since");
  });

  it("an upgrade by HEAD with 426, and by any other method with 405 and Allow", async () => {
    const { key } = await makeCaller();
    const headers = { upgrade: "websocket" };
    // The runtime sends every upgrade as a GET, so the app is called directly.
    expect((await callWith({}, "HEAD", "/v1/stream", { key, headers })).status).toBe(426);
    for (const method of ["POST", "PUT", "DELETE"]) {
      const response = await callWith({}, method, "/v1/stream", { key, headers });
      await expectProblem(response, "method_not_allowed");
      expect(response.headers.get("allow")).toBe("GET, HEAD");
    }
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

  it("no connection at the limit if another one has been silent for 5 minutes, which is closed", async () => {
    const { key } = await makeCaller();
    const [silent, ...others] = await Promise.all(Array.from({ length: 100 }, () => connect(key)));
    vi.useFakeTimers({ toFake: ["Date"] });
    vi.setSystemTime(Date.now() + 299_000);
    await expectProblem(await upgrade("/v1/stream", key), "rate_limited");
    const received = vi.spyOn(StreamConnections.prototype, "received");
    for (const { socket } of others) socket.send("still here");
    await expectEventually(() => received.mock.calls.length).toBe(99);
    vi.setSystemTime(Date.now() + 2_000);
    await expectEventually(async () => (await upgrade("/v1/stream", key)).status).toBe(101);
    await expectEventually(() => silent?.closed).toEqual([{ code: 4009 }]);
    expect(others.flatMap(({ closed }) => closed)).toEqual([]);
  });
});
