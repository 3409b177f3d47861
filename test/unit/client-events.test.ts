// `solvegate.events()` against prepared connections, at the clock of the tests.

import { describe, expect, it, vi } from "vitest";
import { type EventsOptions, Solvegate, type StreamEvent, verifyWebhook } from "../../src/client/index.ts";
import { presentTask } from "../../src/tasks/present.ts";
import { newWebhookSecret, signWebhook, WEBHOOK_SECRET_BYTES } from "../../src/webhooks/sign.ts";
import type { Scene } from "../support/client-script.ts";
import { failure, inTime, lost, problem, scripted, useFakeTimers } from "../support/client-script.ts";
import { fakeWebSockets, type ServerSide } from "../support/fake-websocket.ts";
import { AT, failedRecord, readyRecord } from "../support/records.ts";

useFakeTimers(AT);

const SECRET = newWebhookSecret(new Uint8Array(WEBHOOK_SECRET_BYTES).fill(7));
const KEY = "sg_test_acme_key-of-the-tests";
const isoOf = (ms: number) => new Date(ms).toISOString();

/** A frame as the gateway sends it. */
function frame(id: string, { at = Date.now(), type = "task.ready" } = {}): string {
  const data = presentTask(type === "task.failed" ? failedRecord() : readyRecord());
  const body = JSON.stringify({ type, timestamp: isoOf(at), data });
  const { headers } = signWebhook(id, body, [SECRET], at);
  return JSON.stringify({ id, headers, body });
}

/** A connection that opens and sends `frames`. */
const sends =
  (...frames: (() => string)[]) =>
  (server: ServerSide) => {
    server.open();
    for (const one of frames) server.send(one());
  };
/** The same, and then it is lost. */
const sendsAndDrops =
  (...frames: (() => string)[]) =>
  (server: ServerSide) => {
    sends(...frames)(server);
    server.drop();
  };
const rejects = (server: ServerSide) => server.drop();

type Connections = Parameters<typeof fakeWebSockets>[0];

/** Reads `count` events of a stream whose connections play `connections`; `http` answers the client's other calls. */
async function read(count: number, connections: Connections, options: EventsOptions = {}, http: Scene[] = [lost]) {
  const fake = fakeWebSockets(connections);
  const { client, requests } = scripted(http, { WebSocket: fake.WebSocket, apiKey: KEY });
  const events: StreamEvent[] = [];
  const reading = (async () => {
    if (count === 0) return;
    for await (const event of client.events(options)) if (events.push(event) === count) return;
  })();
  return { ...fake, requests, events, reading };
}

describe("events()", () => {
  it("yields the parsed event with its id, headers and exact body, which verify", async () => {
    const { events, reading, connections } = await read(2, [
      sends(
        () => frame("msg_1"),
        () => frame("msg_2", { type: "task.failed" }),
      ),
    ]);
    await inTime(reading);
    const [ready, failed] = events;
    if (ready?.type !== "task.ready") throw new Error(`it is ${ready?.type}`);
    expect(ready.id).toBe("msg_1");
    expect(ready.data.solution?.gRecaptchaResponse).toBe(readyRecord().solution?.gRecaptchaResponse);
    expect(JSON.parse(ready.body)).toEqual({ type: ready.type, timestamp: ready.timestamp, data: ready.data });
    await expect(verifyWebhook({ ...ready, secret: SECRET })).resolves.toMatchObject({ type: "task.ready" });
    expect(failed).toMatchObject({ type: "task.failed", data: { status: "failed" } });
    expect(connections[0]?.closed).toBe(true);
  });

  it("sends the key as a subprotocol and the filter in the query, and no key in the URL", async () => {
    const { reading, connections } = await read(1, [sends(() => frame("msg_1"))], {
      events: ["task.ready", "task.failed"],
      since: new Date(AT),
    });
    await inTime(reading);
    const [{ url, protocols } = { url: new URL("http://none") }] = connections;
    expect(protocols).toEqual(["solvegate.v1", `bearer.${KEY}`]);
    expect(url.protocol).toBe("wss:");
    expect(url.pathname).toBe("/v1/stream");
    expect(Object.fromEntries(url.searchParams)).toEqual({ events: "task.ready,task.failed", since: isoOf(AT) });
    expect(url.href).not.toContain(KEY);
  });

  it("skips frames that are not events of tasks", async () => {
    const noise = ["pong", "", "[]", "{}", JSON.stringify({ id: "msg_0", headers: {}, body: "{}" })];
    const { events, reading } = await read(1, [sends(...noise.map((text) => () => text), () => frame("msg_1"))]);
    await inTime(reading);
    expect(events.map(({ id }) => id)).toEqual(["msg_1"]);
  });

  it("returns when the signal aborts, and closes the connection", async () => {
    const stop = new AbortController();
    const { events, reading, connections } = await read(9, [sends(() => frame("msg_1"))], { signal: stop.signal });
    await vi.advanceTimersByTimeAsync(1_000);
    stop.abort();
    await expect(inTime(reading)).resolves.toBeUndefined();
    expect(events).toHaveLength(1);
    expect(connections.map(({ closed }) => closed)).toEqual([true]);
  });

  it("returns at once when the signal has aborted before", async () => {
    const { reading, connections } = await read(9, [sends()], { signal: AbortSignal.abort() });
    await inTime(reading);
    expect(connections).toEqual([]);
  });

  it("returns when the signal aborts during a pause between two connections", async () => {
    const stop = new AbortController();
    const { reading, connections } = await read(9, [rejects], { signal: stop.signal });
    await vi.advanceTimersByTimeAsync(100);
    stop.abort();
    await inTime(reading);
    expect(connections).toHaveLength(1);
  });

  it.each(["yesterday", new Date(Number.NaN)])(
    "throws a TypeError for a since that is not a time: %s",
    async (since) => {
      const { reading } = await read(1, [sends()], { since });
      await expect(inTime(reading)).rejects.toThrow(TypeError);
    },
  );

  it("throws a TypeError without the key for a key that is not a token", async () => {
    const client = new Solvegate({ baseUrl: "https://gateway.test", apiKey: 'sg_test_"' });
    const error = await client.events().next().catch(String);
    expect(error).toMatch(/^TypeError: apiKey must be/);
  });
});

describe("a lost connection", () => {
  it("is opened again, a little before the last event, and repeated events are dropped", async () => {
    const { events, reading, connections } = await read(3, [
      sendsAndDrops(
        () => frame("msg_1", { at: AT + 20_000 }),
        () => frame("msg_2", { at: AT + 60_000 }),
      ),
      sends(
        () => frame("msg_2", { at: AT + 60_000 }),
        () => frame("msg_3", { at: AT + 59_000 }),
      ),
    ]);
    await inTime(reading);
    expect(events.map(({ id }) => id)).toEqual(["msg_1", "msg_2", "msg_3"]);
    expect(connections[0]?.url.searchParams.has("since")).toBe(false);
    expect(connections[1]?.url.searchParams.get("since")).toBe(isoOf(AT + 50_000));
  });

  it("is opened again from the time of the call if there was no event yet", async () => {
    const { reading, connections } = await read(1, [sendsAndDrops(), sends(() => frame("msg_1"))]);
    await inTime(reading);
    expect(connections[1]?.url.searchParams.get("since")).toBe(isoOf(AT));
  });

  it("is opened again from the time of the call, however early the overlap begins", async () => {
    const { reading, connections } = await read(2, [
      sendsAndDrops(() => frame("msg_1", { at: AT + 1_000 })),
      sends(() => frame("msg_2", { at: AT + 2_000 })),
    ]);
    await inTime(reading);
    expect(connections[1]?.url.searchParams.get("since")).toBe(isoOf(AT));
  });

  it("is opened again from the first event if the gateway's clock is behind", async () => {
    const { reading, connections } = await read(2, [
      sendsAndDrops(() => frame("msg_1", { at: AT - 60_000 })),
      sends(() => frame("msg_2", { at: AT - 50_000 })),
    ]);
    await inTime(reading);
    expect(connections[1]?.url.searchParams.get("since")).toBe(isoOf(AT - 60_000));
  });

  it("is never opened again from before the caller's since", async () => {
    const since = isoOf(AT + 15_000);
    const { reading, connections } = await read(
      2,
      [sendsAndDrops(() => frame("msg_1", { at: AT + 20_000 })), sends(() => frame("msg_2"))],
      { since },
    );
    await inTime(reading);
    expect(connections.map(({ url }) => url.searchParams.get("since"))).toEqual([since, since]);
  });

  it("is opened again after growing pauses while the gateway is away, and at once after it worked", async () => {
    const away = Array.from({ length: 8 }, () => rejects);
    const { reading, connections } = await read(1, [...away, sends(() => frame("msg_1"))]);
    await inTime(reading);
    const gaps = connections.slice(1).map(({ at }, index) => at - (connections[index]?.at ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(30_000);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(250);
    expect(gaps.at(-1)).toBeGreaterThanOrEqual(15_000);
    expect(connections).toHaveLength(9);
  });

  it("is reported with its reason, and so is the new one", async () => {
    const states: string[] = [];
    const { reading } = await read(1, [sendsAndDrops(), sends(() => frame("msg_1"))], {
      onConnection: (state, reason) => states.push(`${state}: ${reason}`),
    });
    await inTime(reading);
    expect(states).toEqual(["connected: null", "reconnecting: the connection was closed", "connected: null"]);
  });

  it("is detected by a ping without a pong", async () => {
    const { reading, connections } = await read(1, [sends(), sends(() => frame("msg_1"))]);
    await inTime(reading);
    const [dead, alive] = connections;
    expect(dead?.sent).toEqual(["ping"]);
    const tookMs = (alive?.at ?? 0) - (dead?.at ?? 0);
    expect(tookMs).toBeGreaterThanOrEqual(30_000);
    expect(tookMs).toBeLessThan(41_000);
  });

  it("is not assumed while every ping has its pong, every 30 s", async () => {
    const stop = new AbortController();
    const pings: number[] = [];
    const alive = (server: ServerSide, { sent }: { sent: string[] }) => {
      server.open();
      sent.push = (...texts) => {
        pings.push(Date.now() - AT);
        server.send("pong");
        return texts.length;
      };
    };
    const { reading, connections } = await read(1, [alive], { signal: stop.signal });
    await vi.advanceTimersByTimeAsync(125_000);
    stop.abort();
    await inTime(reading);
    expect(connections).toHaveLength(1);
    expect(pings).toEqual([30_000, 60_000, 90_000, 120_000]);
  });

  it("is prevented by a ping after each half megabyte of data", async () => {
    const large = () => JSON.stringify({ padding: "x".repeat(600 * 1024) });
    const { reading, connections } = await read(1, [sends(large, large, () => frame("msg_1"))]);
    await inTime(reading);
    expect(connections[0]?.sent).toEqual(["ping", "ping"]);
  });

  it("is opened again after 15 s if it never opens", async () => {
    const silence = () => undefined;
    const { reading, connections } = await read(1, [silence, sends(() => frame("msg_1"))]);
    await inTime(reading);
    expect((connections[1]?.at ?? 0) - (connections[0]?.at ?? 0)).toBeGreaterThanOrEqual(15_000);
  });
});

it("a consumer that is too slow has its connection closed, and no event is lost", async () => {
  const ids = Array.from({ length: 1_200 }, (_, index) => `msg_${index}`);
  const [unsigned, data] = [JSON.parse(frame("msg")), presentTask(readyRecord())];
  const body = JSON.stringify({ type: "task.ready", timestamp: isoOf(AT), data });
  const all = sends(...ids.map((id) => () => JSON.stringify({ ...unsigned, id, body })));
  const { events, reading, connections } = await read(ids.length, [all, all]);
  await inTime(reading);
  expect(new Set(events.map(({ id }) => id)).size).toBe(ids.length);
  expect(connections).toHaveLength(2);
});

describe("a rejected connection whose response the platform hides", () => {
  it.each([
    ["a wrong key", problem(401, "unauthenticated"), "unauthenticated"],
    ["a key without tasks:read", problem(403, "insufficient_scope"), "insufficient_scope"],
    ["too many calls", problem(429, "rate_limited", { "retry-after": "10" }), "rate_limited"],
  ])("ends the iteration with the code that a plain request gets: %s", async (_what, response, code) => {
    const { reading, requests, connections } = await read(1, [rejects], {}, [response]);
    expect(await failure(reading)).toMatchObject({ code });
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual(["GET /v1/stream"]);
    expect(connections).toHaveLength(1);
  });

  it("ends the iteration after three attempts when the gateway responds to other calls", async () => {
    const { reading, connections } = await read(1, [rejects], {}, [problem(426, "upgrade_required")]);
    const error = await failure(reading);
    expect(error).toMatchObject({ code: "network_error", status: null });
    expect(error.message).toContain("although the gateway responds");
    expect(connections).toHaveLength(3);
  });

  it("ends the iteration of an open stream for a revoked key, and not for a rate limit", async () => {
    const limited = problem(429, "rate_limited", { "retry-after": "20" });
    const { reading, connections } = await read(9, [sendsAndDrops(), rejects], {}, [
      limited,
      problem(401, "unauthenticated"),
    ]);
    expect(await failure(reading)).toMatchObject({ code: "unauthenticated", status: 401 });
    expect(connections).toHaveLength(3);
    expect((connections[2]?.at ?? 0) - (connections[1]?.at ?? 0)).toBeGreaterThanOrEqual(20_000);
  });
});
