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

describe("an upgrade of GET /v1/stream", () => {
  it("returns X-Request-Id in the response that opens the connection", async () => {
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

  it("accepts an event that is named twice, and sends it once", async () => {
    const { key } = await makeCaller();
    const client = await connect(key, "?events=task.ready,task.ready");
    await solve(key);
    const other = await solve(key);
    await expectEventually(() => client.frames.map((frame) => eventOf(frame).data.id).includes(other.id)).toBe(true);
    expect(client.frames).toHaveLength(2);
  });

  it("uses the key of the Authorization header when the subprotocol has another one", async () => {
    const { tenantId, key } = await makeCaller();
    const { key: writing } = await makeKey(tenantId, { scopes: ["tasks:write"] });
    const offered = (one: string) => protocols("solvegate.v1", `bearer.${one}`);
    await expectProblem(await upgrade("/v1/stream", writing, offered(key)), "insufficient_scope");
    const response = await upgrade("/v1/stream", key, offered(writing));
    expect(response.status).toBe(101);
    clientOf(response).socket.close();
  });
});

describe("GET /v1/stream returns", () => {
  it("426 for a request that is not an upgrade", async () => {
    const { key } = await makeCaller();
    const response = await call("GET", "/v1/stream", { key });
    await expectProblem(response, "upgrade_required");
    expect(response.headers.get("upgrade")).toBe("websocket");
  });

  it("400 for an invalid events or since, and for an unknown parameter", async () => {
    const { key } = await makeCaller();
    await expectInvalid(await upgrade("/v1/stream?events=task.ready,nothing", key), "events.1");
    await expectInvalid(await upgrade("/v1/stream?events=", key), "events.0");
    await expectInvalid(await upgrade("/v1/stream?since=yesterday", key), "since");
    await expectInvalid(await upgrade("/v1/stream?since=2026-02-30T00:00:00Z", key), "since");
    await expectInvalid(await upgrade("/v1/stream?since=2026-11-27T22:00:00%2002:00", key), "since");
    await expectInvalid(await upgrade("/v1/stream?mode=live", key), "mode");
  });

  it("400 for a parameter that is given twice", async () => {
    const { key } = await makeCaller();
    await expectInvalid(await upgrade("/v1/stream?events=task.ready&events=task.failed", key), "events");
    const time = "since=2026-11-27T22:00:00Z";
    await expectInvalid(await upgrade(`/v1/stream?${time}&${time}`, key), "since");
  });

  it("426 for an upgrade by HEAD, and 405 with Allow for other methods", async () => {
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

  it("403 for a key without tasks:read, and 401 without a valid key", async () => {
    const { tenantId } = await makeCaller();
    const { key } = await makeKey(tenantId, { scopes: ["tasks:write"] });
    await expectProblem(await upgrade("/v1/stream", key), "insufficient_scope");
    await expectProblem(await upgrade("/v1/stream", undefined), "unauthenticated");
    const wrong = await upgrade("/v1/stream", undefined, { "sec-websocket-protocol": "solvegate.v1, bearer.nonsense" });
    await expectProblem(wrong, "unauthenticated");
  });

  it("429 for the 101st connection of a mode, and accepts the first one of the other mode", async () => {
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

  it("101 at the limit when another connection was silent for 5 minutes, and closes that one", async () => {
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
