// What the client makes of refusals, and of answers that are none of a gateway's: errors that say what to do, and never a key.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SolvegateError } from "../../src/client/index.ts";
import type { Scene } from "../support/client-script.ts";
import { answer, failure, lost, problem, RUNNING, scripted } from "../support/client-script.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const INPUT = { websiteURL: "https://antcpt.com/", websiteKey: "key", pageAction: "homepage" };

describe("an answer that is none of a gateway's", () => {
  const html = "<!doctype html>\n  <title>Sign in</title>";
  it.each<[string, Scene, Partial<SolvegateError>, RegExp]>([
    ["a page", new Response(html), { status: 200 }, /"<!doctype html> <title>Sign in<\/title>".*baseUrl/],
    ["an empty body", new Response(""), { status: 200 }, /an empty body/],
    ["other JSON", answer({ hello: "world" }), { status: 200 }, /other JSON/],
    ["a task without an id", answer({ ...RUNNING, id: undefined }), { status: 200 }, /other JSON/],
    ["a page that forbids", new Response(html, { status: 403 }), { status: 403 }, /answered 403/],
    [
      "a redirect",
      new Response(null, { status: 308, headers: { location: "https://b.test/" } }),
      { status: 308 },
      /https:\/\/b\.test/,
    ],
  ])("fails the call at once: %s", async (_what, scene, details, words) => {
    const { client, asked } = scripted([scene]);
    const error = await failure(client.tasks.get("tsk_1"));
    expect(error).toMatchObject({ code: "unexpected_answer", ...details });
    expect(error.message).toMatch(words);
    expect(asked).toHaveLength(1);
  });

  it("is no success of a call that is answered without a body", async () => {
    expect(await failure(scripted([new Response(html)]).client.webhook.delete())).toMatchObject({ status: 200 });
    await expect(scripted([new Response(null, { status: 204 })]).client.webhook.delete()).resolves.toBeUndefined();
  });
});

describe("a refusal", () => {
  it("is told by its code, its status, its request, in words and by field", async () => {
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

  it("never quotes the key", async () => {
    for (const scene of [lost, problem(401, "unauthenticated"), new Response("x")]) {
      const { client } = scripted([scene]);
      const error = await failure(client.tasks.get("tsk_1"));
      expect(JSON.stringify({ ...error, message: error.message, stack: error.stack })).not.toContain(
        "key-of-the-tests",
      );
    }
  });
});
