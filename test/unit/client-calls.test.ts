// Single calls of the client: what they send, when they retry, and when they give up.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Key, Solvegate } from "../../src/client/index.ts";
import { presentTask } from "../../src/tasks/present.ts";
import type { Scene } from "../support/client-script.ts";
import { answer, failure, inTime, lost, problem, RUNNING, scripted, taskAnswer } from "../support/client-script.ts";
import { readyRecord, SOLUTION } from "../support/records.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const INPUT = { websiteURL: "https://antcpt.com/", websiteKey: "key", pageAction: "homepage" };
const SOLUTION_ANSWER = answer({ ...SOLUTION, userAgent: "Solver/1", secChUa: "" });

describe("a request", () => {
  it("carries the key, accepts JSON, follows no redirect, and calls fetch without a this", async () => {
    const seen: [unknown, string, RequestInit][] = [];
    async function fetch(this: unknown, url: string, init: RequestInit) {
      seen.push([this, url, init]);
      return taskAnswer();
    }
    const client = new Solvegate({ baseUrl: "https://gateway.test/below//", apiKey: " sg_test_x\n", fetch });
    await client.tasks.get("tsk_1/2");
    const [[self, url, init] = []] = seen;
    expect(self).toBeUndefined();
    expect(url).toBe("https://gateway.test/below/v1/tasks/tsk_1%2F2");
    expect(init).toMatchObject({ method: "GET", redirect: "manual" });
    expect(init?.headers).toEqual({ authorization: "Bearer sg_test_x", accept: "application/json" });
  });

  it("uses the platform's fetch by default", async () => {
    const fetch = vi.spyOn(globalThis, "fetch").mockResolvedValue(taskAnswer());
    const client = new Solvegate({ baseUrl: "https://gateway.test", apiKey: "sg_test_x" });
    await expect(client.tasks.get("tsk_1")).resolves.toMatchObject({ id: RUNNING.id });
    expect(fetch).toHaveBeenCalledOnce();
  });

  it.each([
    ["a base URL that is not a URL", { baseUrl: "gateway" }],
    ["another protocol", { baseUrl: "ftp://gateway.test" }],
    ["credentials in the base URL", { baseUrl: "https://a:b@gateway.test" }],
    ["no key", { apiKey: "" }],
    ["an undefined key", { apiKey: undefined as unknown as string }],
    ["a key of two lines", { apiKey: "sg_test\r\nx: y" }],
  ])("is never built with %s: the constructor throws a TypeError", (_what, options) => {
    expect(() => new Solvegate({ baseUrl: "https://gateway.test", apiKey: "sg_test_x", ...options })).toThrow(
      TypeError,
    );
  });
});

describe("a creation", () => {
  it("has the task's type by default, and one idempotency key and body in all of its attempts", async () => {
    const { client, asked } = scripted([lost, answer({}, 502), taskAnswer(undefined, 202)]);
    await inTime(client.tasks.create({ task: { ...INPUT, type: undefined }, metadata: { order: "7" } }));
    await client.tasks.create({ task: INPUT });
    const [first, second, third, other] = asked.map(({ headers }) => headers.get("idempotency-key"));
    expect(first).toMatch(/^[\da-f-]{36}$/);
    expect([second, third]).toEqual([first, first]);
    expect(other).not.toBe(first);
    expect(new Set(asked.slice(0, 3).map(({ body }) => body)).size).toBe(1);
    const task = { type: "RecaptchaV3TaskProxyless", ...INPUT };
    expect(JSON.parse(asked[0]?.body ?? "")).toEqual({ task, metadata: { order: "7" } });
    expect(asked[0]?.headers.get("content-type")).toBe("application/json");
  });

  it("sends the caller's idempotency key", async () => {
    const { client, asked } = scripted([taskAnswer()]);
    await client.tasks.create({ task: INPUT }, { idempotencyKey: "order-7" });
    expect(asked[0]?.headers.get("idempotency-key")).toBe("order-7");
  });
});

describe("an idempotent call is retried after", () => {
  it.each<[string, Scene]>([
    ["a lost connection", lost],
    ["silence", "silence"],
    ["an internal error", problem(500, "internal")],
    ["a proxy's page", new Response("<h1>Bad gateway</h1>", { status: 502 })],
    ["a rate limit", problem(429, "rate_limited", { "retry-after": "10" })],
  ])("%s", async (_what, scene) => {
    const { client, asked } = scripted([scene, taskAnswer()]);
    await expect(inTime(client.tasks.cancel("tsk_1"))).resolves.toMatchObject({ id: RUNNING.id });
    expect(asked).toHaveLength(2);
  });
});

describe("a claim", () => {
  it.each<[string, Scene]>([
    ["a lost connection", lost],
    ["silence", "silence"],
    ["an internal error", problem(500, "internal")],
    ["a proxy's 503 with Retry-After", new Response("", { status: 503, headers: { "retry-after": "1" } })],
  ])("is not retried after %s, because it may have been executed", async (_what, scene) => {
    const { client, asked } = scripted([scene, SOLUTION_ANSWER]);
    await failure(client.tasks.claim("tsk_1"));
    expect(asked).toHaveLength(1);
  });

  it("is retried after a rate limit, because it was not executed", async () => {
    const { client, asked } = scripted([problem(429, "rate_limited", { "retry-after": "10" }), SOLUTION_ANSWER]);
    await expect(inTime(client.tasks.claim("tsk_1"))).resolves.toMatchObject(SOLUTION);
    expect(asked).toHaveLength(2);
  });

  it("fails with an error that says it may have been executed", async () => {
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
])("%s is not retried after a lost response", async (_what, call) => {
  const { client, asked } = scripted([lost]);
  await failure(call(client));
  expect(asked).toHaveLength(1);
});

describe("Retry-After", () => {
  it("is waited for, and at most 10 % longer", async () => {
    const { client, asked } = scripted([problem(503, "internal", { "retry-after": "7" }), taskAnswer()]);
    await inTime(client.tasks.get("tsk_1"));
    const [first, second] = asked;
    const waited = (second?.at ?? 0) - (first?.at ?? 0);
    expect(waited).toBeGreaterThanOrEqual(7_000);
    expect(waited).toBeLessThanOrEqual(7_750);
  });

  it("beyond the deadline ends the call at once, and is in the error", async () => {
    const { client, asked } = scripted([problem(429, "quota_exceeded", { "retry-after": "604800" })]);
    const startedAt = Date.now();
    const error = await failure(client.tasks.create({ task: INPUT }));
    expect(error).toMatchObject({ code: "quota_exceeded", status: 429, retryAfterMs: 604_800_000 });
    expect(asked).toHaveLength(1);
    expect(Date.now() - startedAt).toBeLessThan(1_000);
  });
});

describe("when the deadline is near", () => {
  it.each([
    ["429", 429, "rate_limited", "29"],
    ["503", 503, "internal", "29"],
  ])("a call fails with the %s that it got, without another attempt", async (_what, status, code, seconds) => {
    const { client, asked } = scripted([problem(status, code, { "retry-after": seconds }), "silence"]);
    const error = await failure(client.tasks.get("tsk_1"));
    expect(error).toMatchObject({ code, status, retryAfterMs: 29_000 });
    expect(asked).toHaveLength(1);
  });

  it("a claim is not sent, because its response would be lost", async () => {
    const { client, asked } = scripted([problem(429, "rate_limited", { "retry-after": "29" }), SOLUTION_ANSWER]);
    expect(await failure(client.tasks.claim("tsk_1"))).toMatchObject({ code: "rate_limited", status: 429 });
    expect(asked).toHaveLength(1);
  });

  it("a claim is not sent after a pause that ended late, as on a machine that slept", async () => {
    const { client, asked } = scripted([problem(429, "rate_limited", { "retry-after": "10" }), SOLUTION_ANSWER]);
    const claim = failure(client.tasks.claim("tsk_1"));
    await vi.advanceTimersByTimeAsync(0);
    vi.setSystemTime(Date.now() + 29_500);
    expect(await claim).toMatchObject({ code: "rate_limited", status: 429 });
    expect(asked).toHaveLength(1);
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
    const { client, asked } = scripted([problem(429, "rate_limited", { "retry-after": "0" })]);
    await failure(client.tasks.get("tsk_1"));
    expect(asked.length).toBeGreaterThan(5);
    expect(asked.length).toBeLessThan(20);
  });

  it("long polls that end at once with a Retry-After of 0 do not lead to a tight loop", async () => {
    const { client, asked } = scripted([answer(RUNNING, 200, { "retry-after": "0" })]);
    await failure(client.tasks.wait(RUNNING.id, { timeoutSeconds: 30 }));
    expect(asked.length).toBeLessThan(32);
  });
});

describe("a gateway that does not come back", () => {
  it("fails the call after retrySeconds, and several attempts", async () => {
    const { client, asked } = scripted([lost], { retrySeconds: 20 });
    const startedAt = Date.now();
    const error = await failure(client.tasks.get("tsk_1"));
    expect(error).toMatchObject({ code: "network_error", status: null });
    expect(asked.length).toBeGreaterThan(5);
    expect(Date.now() - startedAt).toBeLessThanOrEqual(20_050);
  });

  it("ends an attempt after attemptSeconds, even if fetch ignores its signal", async () => {
    const { client, asked } = scripted(["silence"], { retrySeconds: 20, attemptSeconds: 8 });
    await failure(client.tasks.get("tsk_1"));
    const [first, second] = asked;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(8_000);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeLessThan(8_500);
  });
});

describe("an abort", () => {
  it.each(["get", "claim"] as const)("ends tasks.%s in flight with the signal's reason", async (method) => {
    const { client, asked } = scripted(["silence"]);
    const reason = new Error("enough");
    const abort = new AbortController();
    const call = client.tasks[method]("tsk_1", { signal: abort.signal });
    abort.abort(reason);
    await expect(call).rejects.toBe(reason);
    await expect(client.tasks.get("tsk_1", { signal: abort.signal })).rejects.toBe(reason);
    expect(asked).toHaveLength(1);
  });

  it("ends a pause between two attempts", async () => {
    const { client, asked } = scripted([problem(429, "rate_limited", { "retry-after": "10" })]);
    const abort = new AbortController();
    const call = client.tasks.get("tsk_1", { signal: abort.signal });
    const ended = expect(call).rejects.toThrow("aborted");
    await vi.advanceTimersByTimeAsync(1_000);
    abort.abort();
    await ended;
    expect(asked).toHaveLength(1);
  });
});

describe("tasks.list", () => {
  const row = (id: string) => ({ id, status: "ready", website: "antcpt.com" });

  it("requests a page when the one before it is used up", async () => {
    const { client, asked } = scripted([
      answer({ tasks: [row("a"), row("b")], nextCursor: "c+1/=" }),
      answer({ tasks: [], nextCursor: "c2" }),
      answer({ tasks: [row("c")], nextCursor: null }),
    ]);
    const list = client.tasks.list({ status: "ready", limit: 2 });
    expect(asked).toHaveLength(0);
    await list.next();
    await list.next();
    expect(asked).toHaveLength(1);
    await expect(list.next()).resolves.toMatchObject({ value: { id: "c" } });
    await expect(list.next()).resolves.toMatchObject({ done: true });
    expect(asked.map(({ path }) => path)).toEqual([
      "/v1/tasks?status=ready&limit=2",
      "/v1/tasks?status=ready&limit=2&cursor=c%2B1%2F%3D",
      "/v1/tasks?status=ready&limit=2&cursor=c2",
    ]);
  });

  /** The error of a list that never ends. */
  const listed = (script: ReturnType<typeof scripted>) =>
    failure(Array.fromAsync(script.client.tasks.list()).then(() => undefined));

  it.each([
    ["the same one", ["c"]],
    ["the one before it", ["c", "d"]],
    ["after 500 pages", Array.from({ length: 500 }, (_, index) => `c${index}`)],
  ])("throws unexpected_answer where a cursor comes back: %s", async (_where, cursors) => {
    let page = 0;
    const next = () => answer({ tasks: [row("a")], nextCursor: cursors[page++ % cursors.length] });
    const script = scripted([next]);
    expect(await listed(script)).toMatchObject({ code: "unexpected_answer" });
    expect(script.asked).toHaveLength(cursors.length + 1);
  });

  it("goes on over empty pages until nextCursor is null", async () => {
    let page = 0;
    const script = scripted([
      () => {
        page += 1;
        return page <= 200
          ? answer({ tasks: [], nextCursor: `c${page}` })
          : answer({ tasks: [row("a")], nextCursor: null });
      },
    ]);
    await expect(Array.fromAsync(script.client.tasks.list({ status: "processing" }))).resolves.toMatchObject([
      { id: "a" },
    ]);
    expect(script.asked).toHaveLength(201);
  });
});

it("the account's calls use their methods and paths", async () => {
  const key = { id: "key_1" } as Key;
  const { client, asked } = scripted([
    answer({ keys: [key] }),
    answer({ days: [] }),
    answer({ url: null, disabledAt: null, disabledReason: null }),
    answer({ url: "https://a.example/", disabledAt: null, disabledReason: null }),
    answer(presentTask(readyRecord()), 202),
    answer({ events: [] }),
  ]);
  await expect(client.keys.list()).resolves.toEqual([key]);
  await expect(client.usage({ from: "2026-11-01" })).resolves.toEqual([]);
  await expect(client.webhook.get()).resolves.toMatchObject({ url: null });
  await client.webhook.set("https://a.example/");
  await client.tasks.redeliver("tsk_1");
  await expect(client.tasks.events("tsk_1")).resolves.toEqual([]);
  expect(asked.map(({ method, path, body }) => `${method} ${path} ${body}`.trim())).toEqual([
    "GET /v1/keys",
    "GET /v1/usage?from=2026-11-01",
    "GET /v1/webhook",
    'PUT /v1/webhook {"url":"https://a.example/"}',
    "POST /v1/tasks/tsk_1/redeliver",
    "GET /v1/tasks/tsk_1/events",
  ]);
});
