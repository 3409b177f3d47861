// The attempts of a client call: what is retried and when, and what ends the call.

import { describe, expect, it, vi } from "vitest";
import type { Solvegate } from "../../src/client/index.ts";
import type { Scene } from "../support/client-script.ts";
import {
  answer,
  failure,
  INPUT,
  inTime,
  lost,
  problem,
  RUNNING,
  scripted,
  taskAnswer,
  useFakeTimers,
} from "../support/client-script.ts";
import { SOLUTION } from "../support/records.ts";

useFakeTimers();

const SOLUTION_ANSWER = answer({ ...SOLUTION, userAgent: "Solver/1", secChUa: "" });

describe("an idempotent call", () => {
  it.each<[string, Scene]>([
    ["a lost connection", lost],
    ["silence", "silence"],
    ["an internal error", problem(500, "internal")],
    ["a proxy's page", new Response("<h1>Bad gateway</h1>", { status: 502 })],
    ["a rate limit", problem(429, "rate_limited", { "retry-after": "10" })],
  ])("is retried after %s", async (_what, scene) => {
    const { client, requests } = scripted([scene, taskAnswer()]);
    await expect(inTime(client.tasks.cancel("tsk_1"))).resolves.toMatchObject({ id: RUNNING.id });
    expect(requests).toHaveLength(2);
  });
});

describe("a claim", () => {
  it.each<[string, Scene]>([
    ["a lost connection", lost],
    ["a proxy's 503 with Retry-After", new Response("", { status: 503, headers: { "retry-after": "1" } })],
  ])("is not retried after %s, because it may have been executed", async (_what, scene) => {
    const { client, requests } = scripted([scene, SOLUTION_ANSWER]);
    await failure(client.tasks.claim("tsk_1"));
    expect(requests).toHaveLength(1);
  });

  it("is retried after a rate limit, because it was not executed", async () => {
    const { client, requests } = scripted([problem(429, "rate_limited", { "retry-after": "10" }), SOLUTION_ANSWER]);
    await expect(inTime(client.tasks.claim("tsk_1"))).resolves.toMatchObject(SOLUTION);
    expect(requests).toHaveLength(2);
  });

  it("fails with the message that it may have been executed", async () => {
    const error = await failure(scripted([lost]).client.tasks.claim("tsk_1"));
    expect(error).toMatchObject({ code: "network_error", status: null, requestId: null, task: null, cause: lost });
    expect(error.message).toContain("may have been executed");
  });
});

it.each([
  ["keys.create", (client: Solvegate) => client.keys.create({ name: "CI", mode: "test" })],
  ["keys.rotate", (client: Solvegate) => client.keys.rotate("key_1")],
  ["keys.revoke", (client: Solvegate) => client.keys.revoke("key_1")],
  ["webhook.rotate", (client: Solvegate) => client.webhook.rotate({ overlapSeconds: 60 })],
  ["webhook.test", (client: Solvegate) => client.webhook.test()],
])("%s() is not retried after a lost response", async (_what, call) => {
  const { client, requests } = scripted([lost]);
  await failure(call(client));
  expect(requests).toHaveLength(1);
});

describe("Retry-After", () => {
  it("beyond the deadline ends the call at once, and is in the error", async () => {
    const { client, requests } = scripted([problem(429, "quota_exceeded", { "retry-after": "604800" })]);
    const startedAt = Date.now();
    const error = await failure(client.tasks.create({ task: INPUT }));
    expect(error).toMatchObject({ code: "quota_exceeded", status: 429, retryAfterMs: 604_800_000 });
    expect(requests).toHaveLength(1);
    expect(Date.now() - startedAt).toBeLessThan(1_000);
  });
});

describe("when the deadline is near", () => {
  it.each([
    ["429", 429, "rate_limited", "29"],
    ["503", 503, "internal", "29"],
  ])("a call fails with the %s that it got, without another attempt", async (_what, status, code, seconds) => {
    const { client, requests } = scripted([problem(status, code, { "retry-after": seconds }), "silence"]);
    const error = await failure(client.tasks.get("tsk_1"));
    expect(error).toMatchObject({ code, status, retryAfterMs: 29_000 });
    expect(requests).toHaveLength(1);
  });

  it("a claim is not sent, because its response would be lost", async () => {
    const { client, requests } = scripted([problem(429, "rate_limited", { "retry-after": "29" }), SOLUTION_ANSWER]);
    expect(await failure(client.tasks.claim("tsk_1"))).toMatchObject({ code: "rate_limited", status: 429 });
    expect(requests).toHaveLength(1);
  });

  it("a claim is not sent after a pause that ended late, as on a machine that slept", async () => {
    const { client, requests } = scripted([problem(429, "rate_limited", { "retry-after": "10" }), SOLUTION_ANSWER]);
    const claim = failure(client.tasks.claim("tsk_1"));
    await vi.advanceTimersByTimeAsync(0);
    vi.setSystemTime(Date.now() + 29_500);
    expect(await claim).toMatchObject({ code: "rate_limited", status: 429 });
    expect(requests).toHaveLength(1);
  });

  it("the first attempt still has its whole time", async () => {
    const slowly = async () => {
      await new Promise((resolve) => setTimeout(resolve, 900));
      return SOLUTION_ANSWER.clone();
    };
    await expect(inTime(scripted([slowly], { retrySeconds: 0.1 }).client.tasks.claim("tsk_1"))).resolves.toBeDefined();
  });

  it("a rejection is reported, and not a later attempt that was cut off", async () => {
    const slowly = async () => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      return problem(503, "internal", { "retry-after": "Mon, 23 Nov 2020 09:29:00 GMT" });
    };
    const { client } = scripted([slowly]);
    expect(await failure(client.tasks.get("tsk_1"))).toMatchObject({ code: "internal", status: 503 });
  });

  it("a Retry-After of 0 does not lead to a tight loop", async () => {
    const { client, requests } = scripted([problem(429, "rate_limited", { "retry-after": "0" })]);
    await failure(client.tasks.get("tsk_1"));
    expect(requests.length).toBeGreaterThan(5);
    expect(requests.length).toBeLessThan(20);
  });

  it("long polls that end at once with a Retry-After of 0 do not lead to a tight loop", async () => {
    const { client, requests } = scripted([answer(RUNNING, 200, { "retry-after": "0" })]);
    await failure(client.tasks.wait(RUNNING.id, { timeoutSeconds: 30 }));
    expect(requests.length).toBeLessThan(32);
  });
});

describe("a gateway that does not respond", () => {
  it("fails the call after retrySeconds, and several attempts", async () => {
    const { client, requests } = scripted([lost], { retrySeconds: 20 });
    const startedAt = Date.now();
    const error = await failure(client.tasks.get("tsk_1"));
    expect(error).toMatchObject({ code: "network_error", status: null });
    expect(requests.length).toBeGreaterThan(5);
    expect(Date.now() - startedAt).toBeLessThanOrEqual(20_050);
  });

  it("fails an attempt after attemptSeconds, even if fetch ignores its signal", async () => {
    const { client, requests } = scripted(["silence"], { retrySeconds: 20, attemptSeconds: 8 });
    await failure(client.tasks.get("tsk_1"));
    const [first, second] = requests;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(8_000);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeLessThan(8_500);
  });
});

describe("an abort", () => {
  it.each(["get", "claim"] as const)("ends tasks.%s in flight with the signal's reason", async (method) => {
    const { client, requests } = scripted(["silence"]);
    const reason = new Error("enough");
    const abort = new AbortController();
    const call = client.tasks[method]("tsk_1", { signal: abort.signal });
    abort.abort(reason);
    await expect(call).rejects.toBe(reason);
    await expect(client.tasks.get("tsk_1", { signal: abort.signal })).rejects.toBe(reason);
    expect(requests).toHaveLength(1);
  });

  it("ends a pause between two attempts", async () => {
    const { client, requests } = scripted([problem(429, "rate_limited", { "retry-after": "10" })]);
    const abort = new AbortController();
    const call = client.tasks.get("tsk_1", { signal: abort.signal });
    const ended = expect(call).rejects.toThrow("aborted");
    await vi.advanceTimersByTimeAsync(1_000);
    abort.abort();
    await ended;
    expect(requests).toHaveLength(1);
  });
});
