// `solve` and `tasks.wait` against prepared responses, at the clock of the tests: what they send when, and how they end.

import { describe, expect, it, vi } from "vitest";
import type { SolveOptions } from "../../src/client/index.ts";
import { SolvegateError } from "../../src/client/index.ts";
import type { Scene, Script, SentRequest } from "../support/client-script.ts";
import {
  CANCELED,
  CREATED,
  INPUT,
  inTime,
  longPoll,
  lost,
  problem,
  READY,
  RUNNING,
  scripted,
  taskAnswer,
  useFakeTimers,
} from "../support/client-script.ts";
import { aRecord, failedRecord, processing, readyRecord, SOLUTION } from "../support/records.ts";

useFakeTimers();

/** The id of the task in the responses. */
const { id: ID } = RUNNING;

/** A response after `ms`. */
const after =
  (ms: number, response: Response): Scene =>
  async () => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return response.clone();
  };

const calls = ({ requests }: Script) =>
  requests.map(({ method, path }) => `${method} ${path.replace(/tsk_\w+/, "ID")}`);
const CREATE = "POST /v1/tasks";
const READ = "GET /v1/tasks/ID";
const CANCEL = "POST /v1/tasks/ID/cancel";
const waits = ({ requests }: Script) => requests.map(({ headers }) => headers.get("prefer"));

/** How a solve ends, and how long (ms) it took. */
async function outcome(script: Script, options: SolveOptions = {}): Promise<{ error: unknown; tookMs: number }> {
  const startedAt = Date.now();
  const error = await inTime(script.client.solve(INPUT, options)).then(
    () => null,
    (reason: unknown) => reason,
  );
  return { error, tookMs: Date.now() - startedAt };
}

describe("solve", () => {
  it("creates the task, waits by long polls, and resolves with the ready task", async () => {
    const script = scripted([CREATED, longPoll, longPoll, READY]);
    const task = await inTime(script.client.solve(INPUT, { timeoutSeconds: 90, metadata: { a: "b" } }));
    expect(task.solution.gRecaptchaResponse).toBe(SOLUTION.gRecaptchaResponse);
    expect(calls(script)).toEqual([CREATE, READ, READ, READ]);
    expect(waits(script)).toEqual([null, "wait=25", "wait=25", "wait=25"]);
    const body = JSON.parse(script.requests[0]?.body ?? "");
    expect(body).toMatchObject({ task: INPUT, timeoutSeconds: 90, metadata: { a: "b" } });
    expect(Object.keys(body)).not.toContain("webhookUrl");
  });

  it("sends no read if the response to the creation has the solution", async () => {
    const script = scripted([READY]);
    await script.client.solve(INPUT, { idempotencyKey: "order-7" });
    expect(calls(script)).toEqual([CREATE]);
    expect(script.requests[0]?.headers.get("idempotency-key")).toBe("order-7");
  });

  it("ends its long polls before its own deadline", async () => {
    const script = scripted([CREATED, longPoll]);
    const { error, tookMs } = await outcome(script, { timeoutSeconds: 10 });
    expect(error).toMatchObject({ code: "deadline_exceeded", status: null, task: { status: "processing" } });
    expect(waits(script).slice(0, 2)).toEqual([null, "wait=14"]);
    expect(tookMs).toBeLessThanOrEqual(15_100);
    expect(calls(script).at(-1)).toBe(CANCEL);
  });

  it("waits until the task's deadline at the gateway by default", async () => {
    const script = scripted([taskAnswer(aRecord({ deadlineAt: aRecord().createdAt + 300_000 }), 202), longPoll]);
    const { tookMs } = await outcome(script);
    expect(tookMs).toBeGreaterThan(300_000);
    expect(tookMs).toBeLessThan(306_000);
  });

  it("survives a restart of the gateway while it waits", async () => {
    const failures = [
      lost,
      new Response("", { status: 502 }),
      problem(500, "internal"),
      new Response("", { status: 503 }),
    ];
    const script = scripted([CREATED, ...failures, READY]);
    expect((await outcome(script)).error).toBeNull();
    expect(calls(script)).toEqual([CREATE, ...failures.map(() => READ), READ]);
  });

  it("waits 3 s after a long poll that ended at once", async () => {
    const script = scripted([CREATED, taskAnswer(), taskAnswer(), taskAnswer(), READY]);
    expect((await outcome(script)).error).toBeNull();
    const [, ...reads] = script.requests.map(({ at }) => at);
    for (const [index, at] of reads.slice(1).entries()) expect(at - (reads[index] ?? 0)).toBeGreaterThanOrEqual(3_000);
  });

  it("fails at once if a retry would not help", async () => {
    const script = scripted([problem(403, "website_not_allowed")]);
    const { error } = await outcome(script);
    expect(error).toMatchObject({ code: "website_not_allowed", status: 403, requestId: "request-7", task: null });
    expect(calls(script)).toEqual([CREATE]);
  });

  it("cancels the task when reads are rejected, and has it in the error as last seen", async () => {
    const script = scripted([CREATED, problem(401, "unauthenticated"), CANCELED]);
    const { error } = await outcome(script);
    expect(error).toMatchObject({ code: "unauthenticated", status: 401, task: { status: "queued" } });
    expect(calls(script)).toEqual([CREATE, READ, CANCEL]);
  });
});

describe("the error of a finished task without a solution", () => {
  const error = {
    code: "upstream_rejected" as const,
    message: "The upstream rejected the task",
    upstreamCode: "ERROR_X",
  };
  it.each([
    ["failed", failedRecord({ error }), "upstream_rejected"],
    ["canceled", processing({ status: "canceled" }), "task_canceled"],
    ["claimed", readyRecord({ solution: null, solutionState: "claimed" }), "already_claimed"],
    ["expired", readyRecord({ solution: null, solutionState: "expired" }), "solution_expired"],
  ])("has the code and the task: %s", async (_end, record, code) => {
    const script = scripted([CREATED, taskAnswer(record)]);
    const { error: thrown } = await outcome(script);
    expect(thrown).toBeInstanceOf(SolvegateError);
    expect(thrown).toMatchObject({
      code,
      status: null,
      requestId: "request-of-the-tests",
      task: { status: record.status },
    });
    expect(calls(script)).toEqual([CREATE, READ]);
  });

  it("has the upstream's own code in its message", async () => {
    const { error: thrown } = await outcome(scripted([taskAnswer(failedRecord({ error }))]));
    expect(String(thrown)).toContain("upstream_rejected: The upstream rejected the task (ERROR_X)");
  });
});

describe("an abort", () => {
  const reason = new Error("the caller has left");

  /** A solve that is aborted after `ms`. */
  async function abortedAfter(ms: number, scenes: Scene[]): Promise<Script & { tookMs: number; sent: SentRequest[] }> {
    const script = scripted(scenes);
    const abort = new AbortController();
    setTimeout(() => abort.abort(reason), ms);
    const { error, tookMs } = await outcome(script, { signal: abort.signal });
    expect(error).toBe(reason);
    const sent = script.requests.filter(({ at }) => at > (script.requests[0]?.at ?? 0));
    await vi.advanceTimersByTimeAsync(60_000);
    return { ...script, tookMs: tookMs - ms, sent };
  }

  it("sends nothing if it comes before the creation", async () => {
    const script = scripted([CREATED]);
    expect((await outcome(script, { signal: AbortSignal.abort(reason) })).error).toBe(reason);
    expect(script.requests).toHaveLength(0);
  });

  it("waits for the response to the creation that is in flight, and cancels the task", async () => {
    const script = await abortedAfter(100, [after(400, CREATED), CANCELED]);
    expect(calls(script)).toEqual([CREATE, CANCEL]);
    expect(script.tookMs).toBeLessThan(500);
  });

  it("sends the creation again with the same idempotency key if it gets no response, and cancels the task", async () => {
    const script = await abortedAfter(100, ["silence", CREATED, CANCELED]);
    expect(calls(script)).toEqual([CREATE, CREATE, CANCEL]);
    const [first, again] = script.requests;
    expect(again?.headers.get("idempotency-key")).toBe(first?.headers.get("idempotency-key"));
    expect(again?.body).toBe(first?.body);
    expect(script.tookMs).toBeLessThan(1_500);
  });

  it("finds the task by its idempotency key if the response to the creation was lost, and cancels it", async () => {
    const script = await abortedAfter(100, [lost, CREATED, CANCELED]);
    expect(calls(script)).toEqual([CREATE, CREATE, CANCEL]);
    expect(script.tookMs).toBeLessThan(200);
  });

  it("sends nothing more if the creation was rejected", async () => {
    const script = await abortedAfter(100, [problem(429, "rate_limited", { "retry-after": "10" }), CREATED]);
    expect(calls(script)).toEqual([CREATE]);
    expect(script.tookMs).toBeLessThan(100);
  });

  it("cancels the task during the wait", async () => {
    const script = await abortedAfter(10_000, [CREATED, "silence", CANCELED]);
    expect(calls(script)).toEqual([CREATE, READ, CANCEL]);
    expect(script.tookMs).toBeLessThan(100);
  });

  it.each<[string, Scene[]]>([
    ["is sent again after a lost response", [lost, CANCELED]],
    ["is sent again after a rate limit", [problem(429, "rate_limited", { "retry-after": "2" }), CANCELED]],
    ["is ignored when the task has finished", [problem(409, "task_finished")]],
  ])("cancels the task, and the cancel %s", async (_what, cancels) => {
    const script = await abortedAfter(10_000, [CREATED, "silence", ...cancels]);
    expect(calls(script)).toEqual([CREATE, READ, ...cancels.map(() => CANCEL)]);
  });

  it("takes at most 5 s when the gateway is away", async () => {
    for (const first of [CREATED, lost]) {
      const { tookMs } = await abortedAfter(100, [first, "silence"]);
      expect(tookMs).toBeLessThanOrEqual(5_100);
    }
  });
});

describe("tasks.wait", () => {
  it("resolves with the finished task, whatever its status", async () => {
    const script = scripted([longPoll, taskAnswer(failedRecord())]);
    await expect(inTime(script.client.tasks.wait(ID))).resolves.toMatchObject({ status: "failed" });
    expect(waits(script)).toEqual(["wait=25", "wait=25"]);
  });

  it("does not cancel the task when its time is up", async () => {
    const script = scripted([longPoll]);
    const error = await inTime(script.client.tasks.wait(ID, { timeoutSeconds: 3 })).catch((reason) => reason);
    expect(error).toMatchObject({ code: "deadline_exceeded", task: { status: "processing" } });
    expect(new Set(calls(script))).toEqual(new Set([READ]));
  });

  it("limits its long polls to waitSeconds", async () => {
    const script = scripted([longPoll, READY], { waitSeconds: 7.9 });
    await inTime(script.client.tasks.wait(ID));
    expect(waits(script)).toEqual(["wait=7", "wait=7"]);
  });

  it("throws not_found for an unknown task", async () => {
    const { client } = scripted([problem(404, "not_found")]);
    await expect(client.tasks.wait(ID)).rejects.toMatchObject({ code: "not_found", status: 404, task: null });
  });
});

describe("a 2xx response of a proxy that is not a task", () => {
  const EMPTY = () => new Response("", { status: 200 });

  it("fails the solve if every creation gets it, and a task that is found later is canceled", async () => {
    let sent = 0;
    const creations: Scene = () => {
      sent += 1;
      return Date.now() - startedAt < 30_000 ? EMPTY() : CREATED.clone();
    };
    const startedAt = Date.now();
    const script = scripted([
      (request) =>
        request.url.endsWith("/cancel") ? CANCELED.clone() : (creations as (r: Request) => Response)(request),
    ]);
    const { error } = await outcome(script);
    expect(error).toMatchObject({ code: "unexpected_answer", status: 200 });
    expect(sent).toBeGreaterThan(5);
    expect(calls(script).slice(-2)).toEqual([CREATE, CANCEL]);
  });

  it("fails the solve with the task if every read gets it, and cancels the task", async () => {
    const script = scripted([CREATED, (request) => (request.url.endsWith("/cancel") ? CANCELED.clone() : EMPTY())]);
    const { error } = await outcome(script);
    expect(error).toMatchObject({ code: "unexpected_answer", task: { id: ID, status: "queued" } });
    expect(calls(script).at(-1)).toBe(CANCEL);
  });
});
