// The client's errors: for rejections, and for responses that are not a gateway's. They never contain the key.

import { describe, expect, it } from "vitest";
import type { SolvegateError } from "../../src/client/index.ts";
import { presentTask } from "../../src/tasks/present.ts";
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
import { failedRecord, readyRecord } from "../support/records.ts";

useFakeTimers();

describe("a response that is not a gateway's", () => {
  const html = "<!doctype html>\n  <title>Sign in</title>";
  const redirect = new Response(null, { status: 308, headers: { location: "https://b.test/" } });

  it.each<[string, Scene, RegExp]>([
    ["a page", new Response(html), /200 with "<!doctype html> <title>Sign in<\/title>".*baseUrl/],
    ["an empty body", new Response(""), /an empty body/],
    ["no content", new Response(null, { status: 204 }), /204 with an empty body/],
    ["other JSON", answer({ hello: "world" }), /other JSON/],
    ["a task without an id", answer({ ...RUNNING, id: undefined }), /other JSON/],
  ])("is retried for 30 s where its status is 2xx, and then fails the call: %s", async (_what, scene, text) => {
    const { client, requests } = scripted([scene], { retrySeconds: 300 });
    const startedAt = Date.now();
    const error = await failure(client.tasks.get("tsk_1"));
    expect(error.code).toBe("unexpected_answer");
    expect(error.message).toMatch(text);
    expect(Date.now() - startedAt).toBeGreaterThan(20_000);
    expect(Date.now() - startedAt).toBeLessThanOrEqual(30_000);
    expect(requests.length).toBeGreaterThan(5);
  });

  it.each<[string, Scene, Partial<SolvegateError>, RegExp]>([
    ["a page that forbids", new Response(html, { status: 403 }), { status: 403 }, /returned 403/],
    ["a redirect", redirect, { status: 308 }, /https:\/\/b\.test/],
  ])("fails the call at once where its status is not 2xx: %s", async (_what, scene, details, text) => {
    const { client, requests } = scripted([scene]);
    const error = await failure(client.tasks.get("tsk_1"));
    expect(error).toMatchObject({ code: "unexpected_answer", ...details });
    expect(error.message).toMatch(text);
    expect(requests).toHaveLength(1);
  });

  it("does not stop a call that gets the gateway's own response later", async () => {
    const { client } = scripted([new Response(null, { status: 204 }), new Response(""), taskAnswer()]);
    await expect(inTime(client.tasks.get("tsk_1"))).resolves.toMatchObject({ id: RUNNING.id });
  });

  it("does not count as the success of a call that returns nothing", async () => {
    const script = scripted([new Response(html)], { retrySeconds: 0 });
    expect(await failure(script.client.webhook.delete())).toMatchObject({ status: 200 });
    await expect(scripted([new Response(null, { status: 204 })]).client.webhook.delete()).resolves.toBeUndefined();
  });

  it("is not retried for a claim, and the error says that it may have been executed", async () => {
    const { client, requests } = scripted([new Response("")]);
    const error = await failure(client.tasks.claim("tsk_1"));
    expect(error.message).toContain("may have been executed");
    expect(requests).toHaveLength(1);
  });
});

describe("a rejection", () => {
  it("becomes an error with its code, detail, status, request id and invalid fields", async () => {
    const errors = [{ path: "task.websiteURL", message: "must be an http or https URL" }];
    const body = {
      code: "invalid_request",
      detail: "The request is not valid.",
      status: 400,
      requestId: "r-1",
      errors,
    };
    const error = await failure(scripted([answer(body, 400)]).client.tasks.create({ task: INPUT }));
    expect(error).toMatchObject({
      name: "SolvegateError",
      code: "invalid_request",
      status: 400,
      requestId: "r-1",
      errors,
    });
    expect(error.message).toBe(
      "invalid_request: The request is not valid. task.websiteURL must be an http or https URL",
    );
  });

  it("becomes an error without the key", async () => {
    for (const scene of [lost, problem(401, "unauthenticated"), new Response("x")]) {
      const { client } = scripted([scene]);
      const error = await failure(client.tasks.get("tsk_1"));
      expect(JSON.stringify({ ...error, message: error.message, stack: error.stack })).not.toContain(
        "key-of-the-tests",
      );
    }
  });
});

describe("the error of a response that contains the key", () => {
  // The characters of this key are written differently in JSON and in a URL.
  const apiKey = 'sg_test_a/b"c\\d+e_key-of-the-tests';
  const problemDetails = { type: "", title: apiKey, code: `c-${apiKey}`, requestId: `r-${apiKey}` };
  const errors = [{ path: apiKey, message: `no ${apiKey}` }];
  const failed = { ...presentTask(failedRecord()), error: { code: "internal", message: `not ${apiKey}` } };
  const to = { location: `https://b.test/?a=${apiKey}&b=${encodeURIComponent(apiKey)}` };
  it.each<[string, Scene]>([
    ["a page", new Response(`Bearer ${apiKey} is wrong`, { status: 403 })],
    ["a page whose quote ends within the key", new Response(`${"x".repeat(60)}${apiKey}`)],
    ["a problem", answer({ ...problemDetails, detail: `The key ${apiKey}`, status: 401, errors }, 401)],
    ["a problem's title", answer({ ...problemDetails, status: 401 }, 401)],
    ["the request id", new Response("", { headers: { "x-request-id": apiKey } })],
    ["a redirect", new Response(null, { status: 307, headers: to })],
    ["an error of fetch", new TypeError(`cannot send ${apiKey}`)],
    ["a task that failed", answer(failed)],
  ])("has the key redacted: %s", async (_what, scene) => {
    const error = await failure(scripted([scene], { apiKey }).client.solve(INPUT));
    const { message, code, requestId, errors } = error;
    const words = [message, code, requestId, ...errors.flatMap(({ path, message }) => [path, message])].join("\n");
    for (const form of [apiKey, encodeURIComponent(apiKey)]) {
      expect(words).not.toContain(form);
      expect(words).not.toContain(form.slice(0, 16));
    }
    expect(words).toMatch(/./);
  });
});

describe("a response body", () => {
  const MIB = 2 ** 20;
  /** A response in chunks of 64 KiB, and how much of it was read. */
  function long(mib: number, head: string, init: ResponseInit) {
    const taken = { bytes: 0, canceled: false };
    const blanks = new Uint8Array(MIB / 16).fill(0x20);
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode(head)),
      pull(controller) {
        if (taken.bytes >= mib * MIB) return controller.close();
        taken.bytes += blanks.byteLength;
        controller.enqueue(blanks);
      },
      cancel() {
        taken.canceled = true;
      },
    });
    return { taken, scene: () => new Response(body, init) };
  }

  it.each([200, 400])("is not read past 4 MiB under the status %d", async (status) => {
    const { taken, scene } = long(64, JSON.stringify(RUNNING), { status });
    const error = await failure(scripted([scene]).client.tasks.get(RUNNING.id));
    expect(error).toMatchObject({ code: "unexpected_answer", status });
    expect(error.message).toContain("more than 4 MiB");
    expect(taken.bytes).toBeLessThan(6 * MIB);
    expect(taken.canceled).toBe(true);
  });

  it("is read up to 4 MiB, also if characters are split between chunks", async () => {
    const { scene } = long(3, JSON.stringify(RUNNING), {});
    await expect(scripted([scene]).client.tasks.get(RUNNING.id)).resolves.toMatchObject({ id: RUNNING.id });
    const bytes = new TextEncoder().encode(JSON.stringify({ ...RUNNING, metadata: { note: "größe 😀" } }));
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    await expect(scripted([() => new Response(body)]).client.tasks.get(RUNNING.id)).resolves.toMatchObject({
      metadata: { note: "größe 😀" },
    });
  });
});

it("retries a read that returns another task than the one that is waited for", async () => {
  const other = answer({ ...presentTask(readyRecord()), id: `tsk_${"f".repeat(64)}` });
  const waiting = scripted([other, taskAnswer(readyRecord())]);
  await expect(inTime(waiting.client.tasks.wait(RUNNING.id))).resolves.toMatchObject({ id: RUNNING.id });
  const solving = scripted([
    answer(RUNNING, 202),
    ({ url }) => (url.endsWith("/cancel") ? answer(RUNNING) : other.clone()),
  ]);
  expect(await failure(solving.client.solve(INPUT))).toMatchObject({ code: "unexpected_answer", task: RUNNING });
  expect(solving.requests.at(-1)?.path).toContain(`${RUNNING.id}/cancel`);
});
