// Reading one task: GET /v1/tasks/{id}, and the ids that no call finds.

import { reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import type { Task } from "../../src/tasks/present.ts";
import { RECORD_KEY } from "../../src/tasks/record.ts";
import { aTime, expectEventually, expectProblem } from "../support/answers.ts";
import { call, finished, makeCaller, makeKey, read, scenario, solve, submit } from "../support/gateway.ts";
import { evict } from "../support/time.ts";
import { created, processing, scriptOutside } from "../support/upstream.ts";

afterEach(reset);

const ENDLESS = scenario("sandbox-never");

/** Every call for one task. */
const CALLS: [method: string, suffix: string][] = [
  ["GET", ""],
  ["GET", "/events"],
  ["POST", "/cancel"],
  ["POST", "/claim"],
  ["POST", "/redeliver"],
];

async function expectNoSuchTask(key: string, id: string): Promise<void> {
  for (const [method, suffix] of CALLS) {
    await expectProblem(await call(method, `/v1/tasks/${id}${suffix}`, { key }), "not_found");
  }
}

describe("a task that is read", () => {
  it("returns Retry-After while it is processing", async () => {
    const { key } = await makeCaller();
    const { id } = await submit(key, ENDLESS);
    await expectEventually(() => read(key, id)).toMatchObject({
      status: "processing",
      submittedAt: aTime,
      submissions: 1,
    });
    const response = await call("GET", `/v1/tasks/${id}`, { key });
    expect(response.status).toBe(200);
    expect(response.headers.get("retry-after")).toBe("3");
    expect(response.headers.get("content-type")).toBe("application/json");
  });

  it("returns the solution, its expiry and the browser to use it with when it is ready", async () => {
    const { key } = await makeCaller();
    const task = await solve(key, { metadata: { order: "1042" } });
    expect(task).toMatchObject({
      status: "ready",
      metadata: { order: "1042" },
      finishedAt: aTime,
      waitingFor: null,
      nextStepAt: null,
      solutionState: "available",
      solutionExpiresAt: aTime,
      solutionBestBefore: aTime,
      submissions: 1,
    });
    expect(task.solution).toStrictEqual({
      gRecaptchaResponse: expect.stringMatching(/^sandbox\./),
      cookies: { _GRECAPTCHA: expect.stringMatching(/^sandbox\./) },
      userAgent:
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36",
      secChUa: '"Google Chrome";v="137", "Not-A.Brand";v="24", "Chromium";v="137"',
    });
  });

  it("expires at most 120 s after the last time without a solution", async () => {
    const { key } = await makeCaller();
    const task = await solve(key);
    const at = (time: string | null): number => Date.parse(time ?? "");
    expect(at(task.solutionExpiresAt) - at(task.finishedAt)).toBeLessThanOrEqual(120_000);
    expect(at(task.solutionExpiresAt) - at(task.createdAt)).toBeGreaterThanOrEqual(120_000);
    expect(at(task.solutionExpiresAt) - at(task.solutionBestBefore)).toBe(60_000);
  });

  it.each([
    ["sandbox-reject-ERROR_RECAPTCHA_INVALID_SITEKEY", "upstream_rejected", "ERROR_RECAPTCHA_INVALID_SITEKEY"],
    ["sandbox-reject-ERROR_NOBODY_KNOWS", "upstream_rejected", "ERROR_NOBODY_KNOWS"],
    ["sandbox-reject-ERROR_CAPTCHA_UNSOLVABLE", "unsolvable", "ERROR_CAPTCHA_UNSOLVABLE"],
  ])("returns the error when it failed: %s is %s", async (websiteKey, code, upstreamCode) => {
    const { key } = await makeCaller();
    const { id } = await submit(key, scenario(websiteKey));
    const task = await finished(key, id);
    expect(task).toMatchObject({ status: "failed", finishedAt: aTime, solution: null, solutionState: "none" });
    expect(task.error).toStrictEqual({
      code,
      message: expect.stringMatching(/: The sandbox returns ERROR_/),
      upstreamCode,
    });
  });
});

describe("a task whose record cannot be read", () => {
  it("returns 500 without details of the record", async () => {
    const { key } = await makeCaller();
    const { id } = await submit(key, scenario("sandbox-never"));
    const stub = env.TASKS.get(env.TASKS.idFromString(id.slice("tsk_".length)));
    await evict(stub);
    await runInDurableObject(stub, (_object, { storage }) => storage.kv.put(RECORD_KEY, { version: 2 }));
    const response = await call("GET", `/v1/tasks/${id}`, { key });
    const problem = await expectProblem(response, "internal");
    expect(JSON.stringify(problem)).not.toMatch(/version|zod/i);
  });
});

describe("every call for one task returns 404", () => {
  it.each([
    ["a word", "latest"],
    ["the prefix alone", "tsk_"],
    ["an id that is too long", `tsk_${"5f".repeat(33)}`],
    ["a well-formed id that this gateway did not create", `tsk_${"5f".repeat(32)}`],
    ["a NUL", "%00"],
    ["an invalid escape", "%zz"],
    ["a path", "..%2f..%2fadmin"],
    ["a very long text", "t".repeat(5_000)],
  ])("for %s", async (_what, id) => {
    const { key } = await makeCaller();
    await expectNoSuchTask(key, id);
  });

  it("for an id that the gateway could have created but did not", async () => {
    const { key } = await makeCaller();
    await expectNoSuchTask(key, `tsk_${env.TASKS.newUniqueId()}`);
    await expectNoSuchTask(key, `tsk_${env.TASKS.idFromName("never used")}`);
  });

  it("for the caller's own id in other spellings", async () => {
    const { key } = await makeCaller();
    const { id } = await submit(key, ENDLESS);
    const hex = id.slice("tsk_".length);
    const spellings = [`tsk_${hex.toUpperCase()}`, id.toUpperCase(), hex, `tsk_${hex}0`, `tsk_0x${hex}`, `${id}%20`];
    for (const other of [...spellings, BigInt(`0x${hex}`).toString(), `tsk_${BigInt(`0x${hex}`)}`]) {
      await expectNoSuchTask(key, other);
    }
    expect(await read(key, id)).toMatchObject({ id, finishedAt: null });
  });

  it("for another tenant's task, running or finished", async () => {
    const [owner, other] = [await makeCaller(), await makeCaller()];
    const running = await submit(owner.key, ENDLESS);
    const ready = await solve(owner.key);
    for (const { id } of [running, ready]) await expectNoSuchTask(other.key, id);
    expect(await read(owner.key, running.id)).toMatchObject({ finishedAt: null });
    expect(await read(owner.key, ready.id)).toMatchObject({ solutionState: "available" });
  });

  it("for a task of the other mode", async () => {
    scriptOutside({ create: [created()], poll: [processing] });
    const { tenantId, key: test } = await makeCaller();
    const { key: live } = await makeKey(tenantId, { mode: "live" });
    const tasks: [string, string, Task][] = [
      [test, live, await submit(test, ENDLESS)],
      [live, test, await submit(live, ENDLESS)],
    ];
    for (const [owner, other, { id }] of tasks) {
      await expectNoSuchTask(other, id);
      expect(await read(owner, id)).toMatchObject({ id, finishedAt: null });
    }
  });
});

it("every key of a tenant and mode can read the task that another one created", async () => {
  const { tenantId, key } = await makeCaller();
  const other = await makeKey(tenantId);
  const { id } = await submit(key, ENDLESS);
  expect((await read(other.key, id)).id).toBe(id);
});
