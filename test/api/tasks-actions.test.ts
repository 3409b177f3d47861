// What a caller can do with a task: cancel, claim, read its events, redeliver its webhook.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import type { TimelineEvent } from "../../src/tasks/present.ts";
import { aTime, expectEventually, expectProblem } from "../support/answers.ts";
import { call, finished, makeCaller, read, scenario, solve, submit } from "../support/gateway.ts";
import { freezeTime, releaseTime } from "../support/time.ts";
import { plain, RECEIVER_URL, scriptOutside } from "../support/upstream.ts";

afterEach(async () => {
  releaseTime();
  await reset();
});

const ENDLESS = scenario("sandbox-never");
const REJECTED = scenario("sandbox-reject-ERROR_RECAPTCHA_INVALID_SITEKEY");

const act = (key: string, id: string, action: string): Promise<Response> =>
  call("POST", `/v1/tasks/${id}/${action}`, { key });

async function fail(key: string, extra: object = {}): Promise<string> {
  const { id } = await submit(key, REJECTED, extra);
  await finished(key, id);
  return id;
}

async function eventsOf(key: string, id: string): Promise<TimelineEvent[]> {
  const response = await call("GET", `/v1/tasks/${id}/events`, { key });
  const body = await response.json<{ events: TimelineEvent[] }>();
  expect(response.status).toBe(200);
  expect(Object.keys(body)).toEqual(["events"]);
  return body.events;
}

describe("POST /v1/tasks/{id}/cancel", () => {
  it("cancels an unfinished task, and returns the same task when it is repeated", async () => {
    const { key } = await makeCaller();
    const { id } = await submit(key, ENDLESS);
    const first = await act(key, id, "cancel");
    const task = await first.json();
    expect(first.status).toBe(200);
    expect(task).toMatchObject({ id, status: "canceled", finishedAt: aTime, solution: null, error: null });
    const second = await act(key, id, "cancel");
    expect(second.status).toBe(200);
    expect(await second.json()).toStrictEqual(task);
  });

  it("cancels a task that the upstream is processing", async () => {
    const { key } = await makeCaller();
    const { id } = await submit(key, ENDLESS);
    await expectEventually(() => read(key, id)).toMatchObject({ status: "processing" });
    expect(await (await act(key, id, "cancel")).json()).toMatchObject({ status: "canceled", submissions: 1 });
    expect(await read(key, id)).toMatchObject({ status: "canceled" });
  });

  it("returns 409 for a ready task and keeps its solution", async () => {
    const { key } = await makeCaller();
    const { id } = await solve(key);
    await expectProblem(await act(key, id, "cancel"), "task_finished");
    expect(await read(key, id)).toMatchObject({ status: "ready", solutionState: "available" });
  });

  it("returns 409 for a failed task", async () => {
    const { key } = await makeCaller();
    await expectProblem(await act(key, await fail(key), "cancel"), "task_finished");
  });
});

describe("POST /v1/tasks/{id}/claim", () => {
  it("returns the solution once and deletes it", async () => {
    const { key } = await makeCaller();
    const { id, solution } = await solve(key);
    const claimed = await act(key, id, "claim");
    expect(claimed.status).toBe(200);
    expect(claimed.headers.get("content-type")).toBe("application/json");
    expect(await claimed.json()).toStrictEqual(solution);
    await expectProblem(await act(key, id, "claim"), "already_claimed");
    expect(await read(key, id)).toMatchObject({ status: "ready", solution: null, solutionState: "claimed" });
  });

  it("returns the solution to one of twenty concurrent requests", async () => {
    const { key } = await makeCaller();
    const { id } = await solve(key);
    const answers = await Promise.all(Array.from({ length: 20 }, () => act(key, id, "claim")));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(19).fill(410)]);
  });

  it("returns already_claimed also after the solution would have expired", async () => {
    const { key } = await makeCaller();
    const { id } = await solve(key);
    await act(key, id, "claim");
    freezeTime(Date.now() + 121_000);
    await expectProblem(await act(key, id, "claim"), "already_claimed");
  });

  it("returns 410 when the solution has expired", async () => {
    const { key } = await makeCaller();
    const { id } = await solve(key);
    freezeTime(Date.now() + 121_000);
    await expectProblem(await act(key, id, "claim"), "solution_expired");
    expect(await read(key, id)).toMatchObject({ status: "ready", solution: null, solutionState: "expired" });
  });

  it("returns 409 for a running, failed or canceled task", async () => {
    const { key } = await makeCaller();
    const { id } = await submit(key, ENDLESS);
    await expectProblem(await act(key, id, "claim"), "task_not_ready");
    await act(key, id, "cancel");
    await expectProblem(await act(key, id, "claim"), "task_not_ready");
    await expectProblem(await act(key, await fail(key), "claim"), "task_not_ready");
  });
});

describe("GET /v1/tasks/{id}/events", () => {
  it("returns the timeline of a task in the order of time", async () => {
    const { key } = await makeCaller();
    const { id } = await solve(key);
    await act(key, id, "claim");
    const events = await eventsOf(key, id);
    expect(events.map(({ type }) => type)).toEqual(["accepted", "admitted", "submitted", "ready", "claimed"]);
    for (const event of events) expect(event.at).toEqual(aTime);
    expect(events.map(({ at }) => at)).toEqual(events.map(({ at }) => at).sort());
    const durations = events.filter(({ durationMs }) => durationMs !== undefined);
    for (const { durationMs } of durations) expect(durationMs).toBeGreaterThanOrEqual(0);
  });

  it("returns the acceptance first, and each poll and webhook attempt", async () => {
    scriptOutside({ receive: [plain(500), plain(204, null)] });
    const { key } = await makeCaller();
    const { id } = await submit(key, scenario("sandbox-delay-0"), { webhookUrl: RECEIVER_URL });
    expect((await eventsOf(key, id))[0]).toStrictEqual({ at: aTime, type: "accepted" });
    await finished(key, id);
    await expectEventually(async () => (await eventsOf(key, id)).map(({ type }) => type)).toEqual([
      "accepted",
      "admitted",
      "submitted",
      "poll",
      "ready",
      "webhook",
    ]);
    const attempt = (await eventsOf(key, id)).at(-1);
    expect(attempt).toStrictEqual({
      at: aTime,
      type: "webhook",
      durationMs: expect.any(Number),
      status: 500,
      error: null,
      responseBody: "no JSON",
    });
  });

  it("contains no token", async () => {
    const { key } = await makeCaller();
    const { id } = await solve(key);
    expect(JSON.stringify(await eventsOf(key, id))).not.toContain("sandbox.");
  });
});

describe("POST /v1/tasks/{id}/redeliver", () => {
  it("returns 409 for an unfinished task, with and without a webhook URL", async () => {
    const { key } = await makeCaller();
    for (const extra of [{}, { webhookUrl: RECEIVER_URL }]) {
      const { id } = await submit(key, ENDLESS, extra);
      await expectProblem(await act(key, id, "redeliver"), "not_redeliverable");
    }
  });

  it("returns 409 for a final task without a webhook URL and an endpoint", async () => {
    const { key } = await makeCaller();
    const { id } = await solve(key);
    await expectProblem(await act(key, id, "redeliver"), "not_redeliverable");
  });

  it.each(["ready", "failed", "canceled"] as const)(
    "starts a new delivery cycle with the same webhook-id for a %s task",
    async (status) => {
      const outside = scriptOutside({ receive: [plain(204, null)] });
      const { key } = await makeCaller();
      const extra = { webhookUrl: RECEIVER_URL };
      const id = await endAs(status, key, extra);
      await expectEventually(() => read(key, id)).toMatchObject({ webhook: { state: "delivered", attempts: 1 } });
      const again = await act(key, id, "redeliver");
      expect(again.status).toBe(202);
      expect(await again.json()).toMatchObject({
        id,
        status,
        webhook: { url: RECEIVER_URL, state: "pending", attempts: 1 },
      });
      await expectEventually(() => read(key, id)).toMatchObject({
        webhook: { state: "delivered", attempts: 2, lastStatus: 204 },
      });
      expect(outside.webhooks.map(({ body }) => body)).toMatchObject(
        Array(2).fill({ type: `task.${status}`, data: { id } }),
      );
      expect(new Set(outside.webhooks.map(({ headers }) => headers.get("webhook-id"))).size).toBe(1);
    },
  );

  async function endAs(status: "ready" | "failed" | "canceled", key: string, extra: object): Promise<string> {
    if (status === "ready") return (await solve(key, extra)).id;
    if (status === "failed") return fail(key, extra);
    const { id } = await submit(key, ENDLESS, extra);
    await act(key, id, "cancel");
    return id;
  }
});
