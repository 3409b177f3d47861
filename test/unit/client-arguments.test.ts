// What the client is given wrong is told at once, as the caller's own mistake, and nothing is sent: asked again it would be as wrong.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Solvegate, type SolvegateOptions } from "../../src/client/index.ts";
import { answer, inTime, lost, RUNNING, scripted, taskAnswer } from "../support/client-script.ts";
import { readyRecord } from "../support/records.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const INPUT = { websiteURL: "https://antcpt.com/", websiteKey: "key", pageAction: "homepage" };
const NO_NUMBERS: readonly unknown[] = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  "abc",
  "9",
  null,
];

describe("a time that is no finite number is refused, and nothing is sent, as", () => {
  const calls: [string, (client: Solvegate, timeoutSeconds: number) => Promise<unknown>][] = [
    ["the timeout of a wait", (client, timeoutSeconds) => client.tasks.wait("tsk_1", { timeoutSeconds })],
    ["the timeout of a solve", (client, timeoutSeconds) => client.solve(INPUT, { timeoutSeconds })],
    [
      "the timeout of a solve with a signal",
      (client, timeoutSeconds) => client.solve(INPUT, { timeoutSeconds, signal: new AbortController().signal }),
    ],
    ["the timeout of a creation", (client, timeoutSeconds) => client.tasks.create({ task: INPUT, timeoutSeconds })],
  ];
  it.each(calls)("%s", async (_what, call) => {
    for (const seconds of NO_NUMBERS) {
      const { client, asked } = scripted([taskAnswer()]);
      await expect(inTime(call(client, seconds as number))).rejects.toThrow(RangeError);
      expect(asked).toHaveLength(0);
    }
  });

  it.each(["waitSeconds", "attemptSeconds", "retrySeconds"])("the option %s", (name) => {
    // No retries are an option; no time for an attempt is not.
    for (const seconds of [...NO_NUMBERS, -1, ...(name === "retrySeconds" ? [] : [0])]) {
      expect(() => scripted([], { [name]: seconds })).toThrow(RangeError);
    }
  });
});

describe("a time that no timer can count", () => {
  // 2^31 ms are 24.9 days: a platform's timer that is asked for more fires at once.
  it.each([3e6, 1e12])("is waited for all the same: %d s", async (timeoutSeconds) => {
    const ready = taskAnswer(readyRecord());
    const slowly = async () => {
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      return ready.clone();
    };
    const endless = { retrySeconds: timeoutSeconds, attemptSeconds: timeoutSeconds };
    const { client, asked } = scripted([slowly], endless);
    const { signal } = new AbortController();
    await expect(inTime(client.solve(INPUT, { timeoutSeconds, signal }))).resolves.toMatchObject({ status: "ready" });
    await expect(inTime(client.tasks.get("tsk_1"))).resolves.toMatchObject({ status: "ready" });
    expect(asked).toHaveLength(2);
  });

  it("is never asked of one", async () => {
    const timers = vi.spyOn(globalThis, "setTimeout");
    const { client } = scripted([taskAnswer(readyRecord())], { retrySeconds: 1e12, attemptSeconds: 1e12 });
    await inTime(client.solve(INPUT, { timeoutSeconds: 1e12, signal: new AbortController().signal }));
    const longest = Math.max(...timers.mock.calls.map(([, ms]) => Number(ms)));
    timers.mockRestore();
    expect(longest).toBe(2 ** 31 - 1);
  });
});

it("a wait with no time left is over before it begins", async () => {
  const { client, asked } = scripted([taskAnswer()]);
  await expect(client.tasks.wait("tsk_1", { timeoutSeconds: 0 })).rejects.toMatchObject({ code: "deadline_exceeded" });
  expect(asked).toHaveLength(0);
});

it("a task's deadline that no gateway gives is not waited for", async () => {
  const never = { ...RUNNING, deadlineAt: "9999-01-01T00:00:00.000Z" };
  const { client } = scripted([answer(never, 202)]);
  const startedAt = Date.now();
  await expect(inTime(client.solve(INPUT))).rejects.toMatchObject({ code: "deadline_exceeded" });
  expect(Date.now() - startedAt).toBeLessThan(306_000);
});

describe("an idempotency key that is none is refused, and nothing is sent:", () => {
  it.each<[string, unknown]>([
    ["an empty one", ""],
    ["256 characters", "k".repeat(256)],
    ["a letter that no header takes", "order №7"],
    ["a letter that the gateway does not take", "größe"],
    ["two lines", "order\n7"],
    ["null", null],
    ["a number", 7],
  ])("%s", async (_what, idempotencyKey) => {
    const { client, asked } = scripted([taskAnswer(readyRecord())]);
    const options = { idempotencyKey: idempotencyKey as string };
    await expect(inTime(client.tasks.create({ task: INPUT }, options))).rejects.toThrow(TypeError);
    await expect(inTime(client.solve(INPUT, options))).rejects.toThrow(TypeError);
    expect(asked).toHaveLength(0);
  });

  it("but not the longest that there may be, nor each printable character", async () => {
    for (const idempotencyKey of ["k".repeat(255), "order 7~!"]) {
      const { client, asked } = scripted([taskAnswer()]);
      await client.tasks.create({ task: INPUT }, { idempotencyKey });
      expect(asked[0]?.headers.get("idempotency-key")).toBe(idempotencyKey);
    }
  });
});

it.each<[string, Partial<Record<keyof SolvegateOptions, unknown>>]>([
  ["a fetch that is a number", { fetch: 5 }],
  ["a fetch that is null", { fetch: null }],
  ["an address that is missing", { baseUrl: undefined }],
  ["an address with no host", { baseUrl: "https://" }],
])("no client is made with %s", (_what, options) => {
  const whole = { baseUrl: "https://gateway.test", apiKey: "sg_test_x", ...options };
  expect(() => new Solvegate(whole as SolvegateOptions)).toThrow(TypeError);
});

describe("what cannot leave is not asked again:", () => {
  it("a request that cannot be built", async () => {
    const { client, asked } = scripted([lost]);
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
      expect(asked).toHaveLength(0);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it("a port that the platform's fetch blocks", async () => {
    const blocked = new TypeError("fetch failed", { cause: new Error("bad port") });
    const { client, asked } = scripted([blocked]);
    await expect(inTime(client.tasks.get("tsk_1"))).rejects.toMatchObject({
      code: "network_error",
      message: expect.stringContaining("fetch failed: bad port"),
      cause: blocked,
    });
    expect(asked).toHaveLength(1);
  });
});
