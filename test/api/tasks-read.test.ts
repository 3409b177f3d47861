import { reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import type { Task } from "../../src/tasks/present.ts";
import { RECORD_KEY } from "../../src/tasks/record.ts";
import { aTime, expectEventually, expectProblem } from "../support/answers.ts";
import {
  call,
  EXAMPLE_TASK,
  finished,
  makeCaller,
  makeKey,
  read,
  scenario,
  solve,
  submit,
} from "../support/gateway.ts";
import { evict } from "../support/time.ts";
import { created, processing, scriptOutside } from "../support/upstream.ts";

afterEach(reset);

const ENDLESS = scenario("sandbox-never");

/** Every call that names one task. */
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
  it("has a Retry-After header while it is processing", async () => {
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

  it("when it is ready has the solution, its life and the browser to send it with", async () => {
    const { key } = await makeCaller();
    const task = await solve(key, { metadata: { order: "1042" } });
    expect(task).toStrictEqual({
      id: task.id,
      status: "ready",
      mode: "test",
      task: { ...EXAMPLE_TASK, websiteKey: "sandbox-instant", isInvisible: true },
      reference: null,
      metadata: { order: "1042" },
      createdAt: aTime,
      submittedAt: aTime,
      finishedAt: aTime,
      deadlineAt: aTime,
      waitingFor: null,
      nextStepAt: null,
      compatTaskId: null,
      solution: {
        gRecaptchaResponse: expect.stringMatching(/^sandbox\./),
        cookies: { _GRECAPTCHA: expect.stringMatching(/^sandbox\./) },
        userAgent:
          "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36",
        secChUa: '"Google Chrome";v="137", "Not-A.Brand";v="24", "Chromium";v="137"',
      },
      solutionState: "available",
      solutionExpiresAt: aTime,
      solutionBestBefore: aTime,
      error: null,
      polls: 0,
      submissions: 1,
      webhook: null,
    });
  });

  it("never shows an expiry later than 120 s after the last answer without a solution", async () => {
    const { key } = await makeCaller();
    const task = await solve(key);
    const at = (time: string | null): number => Date.parse(time ?? "");
    expect(at(task.solutionExpiresAt) - at(task.finishedAt)).toBeLessThanOrEqual(120_000);
    expect(at(task.solutionExpiresAt) - at(task.createdAt)).toBeGreaterThanOrEqual(120_000);
    expect(at(task.solutionExpiresAt) - at(task.solutionBestBefore)).toBe(60_000);
  });

  it("has no Retry-After header once it is finished", async () => {
    const { key } = await makeCaller();
    const { id } = await solve(key);
    const response = await call("GET", `/v1/tasks/${id}`, { key });
    expect(response.status).toBe(200);
    expect(response.headers.has("retry-after")).toBe(false);
  });

  it.each([
    ["sandbox-reject-ERROR_RECAPTCHA_INVALID_SITEKEY", "upstream_rejected", "ERROR_RECAPTCHA_INVALID_SITEKEY"],
    ["sandbox-reject-ERROR_NOBODY_KNOWS", "upstream_rejected", "ERROR_NOBODY_KNOWS"],
    ["sandbox-reject-ERROR_CAPTCHA_UNSOLVABLE", "unsolvable", "ERROR_CAPTCHA_UNSOLVABLE"],
  ])("%s failed: %s", async (websiteKey, code, upstreamCode) => {
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
  it("is 500 internal, and says nothing of the record", async () => {
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

describe("an id that names no task of the caller is not found, by any call", () => {
  it.each([
    ["a word", "latest"],
    ["the prefix alone", "tsk_"],
    ["hex without the prefix", "5f".repeat(32)],
    ["too short", `tsk_${"5f".repeat(31)}`],
    ["too long", `tsk_${"5f".repeat(33)}`],
    ["63 digits", `tsk_${"5".repeat(63)}`],
    ["no hex", `tsk_${"zz".repeat(32)}`],
    ["well-formed, and never made by this gateway", `tsk_${"5f".repeat(32)}`],
    ["zeros", `tsk_${"0".repeat(64)}`],
    ["another prefix", `TSK_${"5f".repeat(32)}`],
    ["a NUL", "%00"],
    ["a broken escape", "%zz"],
    ["a path", "..%2f..%2fadmin"],
    ["blanks", "%20"],
    ["very long", "t".repeat(5_000)],
  ])("%s", async (_what, id) => {
    const { key } = await makeCaller();
    await expectNoSuchTask(key, id);
  });

  it("one that the gateway could have made, and has not", async () => {
    const { key } = await makeCaller();
    await expectNoSuchTask(key, `tsk_${env.TASKS.newUniqueId()}`);
    await expectNoSuchTask(key, `tsk_${env.TASKS.idFromName("never used")}`);
  });

  it("the caller's own id in capitals, in decimal, without its prefix or with more", async () => {
    const { key } = await makeCaller();
    const { id } = await submit(key, ENDLESS);
    const hex = id.slice("tsk_".length);
    const spellings = [`tsk_${hex.toUpperCase()}`, id.toUpperCase(), hex, `tsk_${hex}0`, `tsk_0x${hex}`, `${id}%20`];
    for (const other of [...spellings, BigInt(`0x${hex}`).toString(), `tsk_${BigInt(`0x${hex}`)}`]) {
      await expectNoSuchTask(key, other);
    }
    expect(await read(key, id)).toMatchObject({ id, finishedAt: null });
  });

  it("another tenant's", async () => {
    const [owner, other] = [await makeCaller(), await makeCaller()];
    const { id } = await submit(owner.key, ENDLESS);
    await expectNoSuchTask(other.key, id);
    expect(await read(owner.key, id)).toMatchObject({ id, finishedAt: null });
  });

  it("another tenant's, finished", async () => {
    const [owner, other] = [await makeCaller(), await makeCaller()];
    const { id } = await solve(owner.key);
    await expectNoSuchTask(other.key, id);
    expect(await read(owner.key, id)).toMatchObject({ solutionState: "available" });
  });

  it("the other mode's, in both directions", async () => {
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

  it("a task of the tenant and mode is shared by its keys", async () => {
    const { tenantId, key } = await makeCaller();
    const other = await makeKey(tenantId);
    const { id } = await submit(key, ENDLESS);
    expect((await read(other.key, id)).id).toBe(id);
  });
});
