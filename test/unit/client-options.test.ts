// Invalid options of the client: each is reported before anything is sent.

import { afterEach, describe, expect, it, vi } from "vitest";
import { Solvegate, type SolvegateOptions } from "../../src/client/index.ts";
import { answer, INPUT, inTime, lost, RUNNING, scripted, taskAnswer, useFakeTimers } from "../support/client-script.ts";
import { readyRecord } from "../support/records.ts";

useFakeTimers();

const NOT_FINITE: readonly unknown[] = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  "abc",
  "9",
  null,
];

describe("a time that is not a finite number", () => {
  const calls: [string, (client: Solvegate, timeoutSeconds: number) => Promise<unknown>][] = [
    ["tasks.wait", (client, timeoutSeconds) => client.tasks.wait("tsk_1", { timeoutSeconds })],
    ["solve", (client, timeoutSeconds) => client.solve(INPUT, { timeoutSeconds })],
    [
      "solve with a signal",
      (client, timeoutSeconds) => client.solve(INPUT, { timeoutSeconds, signal: new AbortController().signal }),
    ],
    ["tasks.create", (client, timeoutSeconds) => client.tasks.create({ task: INPUT, timeoutSeconds })],
  ];
  it.each(calls)("throws a RangeError and sends nothing: %s", async (_what, call) => {
    for (const seconds of NOT_FINITE) {
      const { client, requests } = scripted([taskAnswer()]);
      await expect(inTime(call(client, seconds as number))).rejects.toThrow(RangeError);
      expect(requests).toHaveLength(0);
    }
  });

  it.each(["waitSeconds", "attemptSeconds", "retrySeconds"])("throws a RangeError in the option %s", (name) => {
    // No retries are an option; no time for an attempt is not.
    for (const seconds of [...NOT_FINITE, -1, ...(name === "retrySeconds" ? [] : [0])]) {
      expect(() => scripted([], { [name]: seconds })).toThrow(RangeError);
    }
  });
});

describe("a time that is longer than platform timers support", () => {
  // 2^31 ms are 24.9 days: with a longer delay timers fire at once.
  it.each([3e6, 1e12])("does not end the call early: %d s", async (timeoutSeconds) => {
    const ready = taskAnswer(readyRecord());
    const slowly = async () => {
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      return ready.clone();
    };
    const endless = { retrySeconds: timeoutSeconds, attemptSeconds: timeoutSeconds };
    const { client, requests } = scripted([slowly], endless);
    const { signal } = new AbortController();
    await expect(inTime(client.solve(INPUT, { timeoutSeconds, signal }))).resolves.toMatchObject({ status: "ready" });
    await expect(inTime(client.tasks.get("tsk_1"))).resolves.toMatchObject({ status: "ready" });
    expect(requests).toHaveLength(2);
  });

  it("is shortened to what they support", async () => {
    const timers = vi.spyOn(globalThis, "setTimeout");
    const { client } = scripted([taskAnswer(readyRecord())], { retrySeconds: 1e12, attemptSeconds: 1e12 });
    await inTime(client.solve(INPUT, { timeoutSeconds: 1e12, signal: new AbortController().signal }));
    const longest = Math.max(...timers.mock.calls.map(([, ms]) => Number(ms)));
    timers.mockRestore();
    expect(longest).toBe(2 ** 31 - 1);
  });
});

it("tasks.wait with no time left throws deadline_exceeded, and sends nothing", async () => {
  const { client, requests } = scripted([taskAnswer()]);
  await expect(client.tasks.wait("tsk_1", { timeoutSeconds: 0 })).rejects.toMatchObject({ code: "deadline_exceeded" });
  expect(requests).toHaveLength(0);
});

it("solve does not wait longer than the longest deadline of a gateway, whatever deadlineAt says", async () => {
  const never = { ...RUNNING, deadlineAt: "9999-01-01T00:00:00.000Z" };
  const { client } = scripted([answer(never, 202)]);
  const startedAt = Date.now();
  await expect(inTime(client.solve(INPUT))).rejects.toMatchObject({ code: "deadline_exceeded" });
  expect(Date.now() - startedAt).toBeLessThan(306_000);
});

describe("an idempotency key", () => {
  it.each<[string, unknown]>([
    ["an empty one", ""],
    ["256 characters", "k".repeat(256)],
    ["a character that no header can carry", "order №7"],
    ["a character that the gateway rejects", "größe"],
    ["two lines", "order\n7"],
    ["null", null],
    ["a number", 7],
  ])("throws a TypeError and sends nothing: %s", async (_what, idempotencyKey) => {
    const { client, requests } = scripted([taskAnswer(readyRecord())]);
    const options = { idempotencyKey: idempotencyKey as string };
    await expect(inTime(client.tasks.create({ task: INPUT }, options))).rejects.toThrow(TypeError);
    await expect(inTime(client.solve(INPUT, options))).rejects.toThrow(TypeError);
    expect(requests).toHaveLength(0);
  });

  it("is accepted with 255 characters, and with printable punctuation", async () => {
    for (const idempotencyKey of ["k".repeat(255), "order 7~!"]) {
      const { client, requests } = scripted([taskAnswer()]);
      await client.tasks.create({ task: INPUT }, { idempotencyKey });
      expect(requests[0]?.headers.get("idempotency-key")).toBe(idempotencyKey);
    }
  });
});

it.each<[string, Partial<Record<keyof SolvegateOptions, unknown>>]>([
  ["a fetch that is a number", { fetch: 5 }],
  ["a fetch that is null", { fetch: null }],
  ["no base URL", { baseUrl: undefined }],
  ["a base URL that is not a URL", { baseUrl: "gateway" }],
  ["another protocol", { baseUrl: "ftp://gateway.test" }],
  ["credentials in the base URL", { baseUrl: "https://a:b@gateway.test" }],
  ["an empty key", { apiKey: "" }],
  ["no key", { apiKey: undefined }],
  ["a key of two lines", { apiKey: "sg_test\r\nx: y" }],
  ["a base URL without a host", { baseUrl: "https://" }],
])("the constructor throws a TypeError for %s", (_what, options) => {
  const whole = { baseUrl: "https://gateway.test", apiKey: "sg_test_x", ...options };
  expect(() => new Solvegate(whole as SolvegateOptions)).toThrow(TypeError);
});

describe("a request that cannot be sent", () => {
  it("is not retried if the platform cannot build it", async () => {
    const { client, requests } = scripted([lost]);
    vi.stubGlobal(
      "Request",
      class {
        constructor() {
          throw new TypeError("no such request");
        }
      },
    );
    try {
      await expect(inTime(client.tasks.get("tsk_1"))).rejects.toThrow(TypeError);
      expect(requests).toHaveLength(0);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it("is not retried if the platform's fetch blocks its port", async () => {
    const blocked = new TypeError("fetch failed", { cause: new Error("bad port") });
    const { client, requests } = scripted([blocked]);
    await expect(inTime(client.tasks.get("tsk_1"))).rejects.toMatchObject({
      code: "network_error",
      message: expect.stringContaining("fetch failed: bad port"),
      cause: blocked,
    });
    expect(requests).toHaveLength(1);
  });
});

describe("an empty baseUrl", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("means the origin of the page that runs the client", async () => {
    vi.stubGlobal("location", { origin: "https://gateway.test" });
    const { client, requests } = scripted([taskAnswer()], { baseUrl: "" });
    await client.tasks.get("tsk_1");
    expect(requests.map(({ path }) => path)).toEqual(["/v1/tasks/tsk_1"]);
  });

  it("throws a TypeError where there is no page", () => {
    vi.stubGlobal("location", undefined);
    expect(() => scripted([], { baseUrl: "" })).toThrow(TypeError);
  });
});

it("retrySeconds 0 sends every call once, and gives it its whole time", async () => {
  const { client, requests } = scripted(["silence"], { retrySeconds: 0, attemptSeconds: 8 });
  const startedAt = Date.now();
  await expect(inTime(client.tasks.get("tsk_1"))).rejects.toMatchObject({ code: "network_error" });
  expect(requests).toHaveLength(1);
  expect(Date.now() - startedAt).toBe(8_000);
});
