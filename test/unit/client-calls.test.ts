// Single calls of the client: what they send, and how lists are read.

import { describe, expect, it, vi } from "vitest";
import { Solvegate } from "../../src/client/index.ts";
import {
  answer,
  failure,
  INPUT,
  inTime,
  lost,
  RUNNING,
  scripted,
  taskAnswer,
  useFakeTimers,
} from "../support/client-script.ts";

useFakeTimers();

describe("a request", () => {
  it("carries the key, accepts JSON, follows no redirect, and calls fetch without `this`", async () => {
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
});

describe("a creation", () => {
  it("has the task's type by default, and one idempotency key and body in all of its attempts", async () => {
    const { client, requests } = scripted([lost, answer({}, 502), taskAnswer(undefined, 202)]);
    await inTime(client.tasks.create({ task: { ...INPUT, type: undefined }, metadata: { order: "7" } }));
    await client.tasks.create({ task: INPUT });
    const [first, second, third, other] = requests.map(({ headers }) => headers.get("idempotency-key"));
    expect(first).toMatch(/^[\da-f-]{36}$/);
    expect([second, third]).toEqual([first, first]);
    expect(other).not.toBe(first);
    expect(new Set(requests.slice(0, 3).map(({ body }) => body)).size).toBe(1);
    const task = { type: "RecaptchaV3TaskProxyless", ...INPUT };
    expect(JSON.parse(requests[0]?.body ?? "")).toEqual({ task, metadata: { order: "7" } });
    expect(requests[0]?.headers.get("content-type")).toBe("application/json");
  });

  it("sends the caller's idempotency key", async () => {
    const { client, requests } = scripted([taskAnswer()]);
    await client.tasks.create({ task: INPUT }, { idempotencyKey: "order-7" });
    expect(requests[0]?.headers.get("idempotency-key")).toBe("order-7");
  });
});

describe("tasks.list", () => {
  const row = (id: string) => ({ id, status: "ready", website: "antcpt.com" });

  it("requests a page when the one before it is used up", async () => {
    const { client, requests } = scripted([
      answer({ tasks: [row("a"), row("b")], nextCursor: "c+1/=" }),
      answer({ tasks: [], nextCursor: "c2" }),
      answer({ tasks: [row("c")], nextCursor: null }),
    ]);
    const list = client.tasks.list({ status: "ready", limit: 2 });
    expect(requests).toHaveLength(0);
    await list.next();
    await list.next();
    expect(requests).toHaveLength(1);
    await expect(list.next()).resolves.toMatchObject({ value: { id: "c" } });
    await expect(list.next()).resolves.toMatchObject({ done: true });
    expect(requests.map(({ path }) => path)).toEqual([
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
    expect(script.requests).toHaveLength(cursors.length + 1);
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
    expect(script.requests).toHaveLength(201);
  });
});
