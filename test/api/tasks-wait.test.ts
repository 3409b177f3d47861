// The only tests that wait for the sandbox in real time: it is ready at once, or at the first poll after 3 s.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import type { Task } from "../../src/tasks/present.ts";
import { call, makeCaller, scenario, solve, submit } from "../support/gateway.ts";

afterEach(reset);

const ENDLESS = scenario("sandbox-never");

async function create(websiteKey: string, prefer: string): Promise<Response> {
  const { key } = await makeCaller();
  return call("POST", "/v1/tasks", { key, body: { task: scenario(websiteKey) }, headers: { prefer } });
}

describe("a creation with Prefer: wait", () => {
  it("answers 200 and the finished task as soon as it is finished", async () => {
    const response = await create("sandbox-instant", "wait=20");
    const task: Task = await response.json();
    expect(response.status).toBe(200);
    expect(response.headers.get("preference-applied")).toBe("wait=20");
    expect(response.headers.get("location")).toBe(`/v1/tasks/${task.id}`);
    expect(response.headers.has("retry-after")).toBe(false);
    expect(task).toMatchObject({ status: "ready", polls: 0, submissions: 1, solutionState: "available", error: null });
  });

  it("is held through the polls, a wish for more than 60 s being taken as 60", async () => {
    const response = await create("sandbox-delay-1000", "wait=3600");
    expect(response.status).toBe(200);
    expect(response.headers.get("preference-applied")).toBe("wait=60");
    expect(await response.json()).toMatchObject({ status: "ready", polls: 1 });
  });

  it("answers 200 for a failure too", async () => {
    const response = await create("sandbox-reject-ERROR_RECAPTCHA_INVALID_SITEKEY", "wait=20");
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      status: "failed",
      error: { code: "upstream_rejected", upstreamCode: "ERROR_RECAPTCHA_INVALID_SITEKEY" },
    });
  });

  it("answers 202 and the task as it is when the time is up", async () => {
    const response = await create("sandbox-never", "wait=1");
    expect(response.status).toBe(202);
    expect(response.headers.get("preference-applied")).toBe("wait=1");
    expect(response.headers.get("retry-after")).toBe("3");
    expect(await response.json()).toMatchObject({ status: "processing", finishedAt: null });
  });

  it.each(["wait", "wait=", "wait=soon", "wait=-1", "wait=1.5", "wait=1s", "wait 5", "await=5", "respond-async", ""])(
    "ignores %j",
    async (prefer) => {
      const response = await create("sandbox-never", prefer);
      expect(response.status).toBe(202);
      expect(response.headers.has("preference-applied")).toBe(false);
    },
  );

  it.each(['wait="1"', "Wait=1", "respond-async, wait=1", "respond-async,wait=1, handling=lenient"])(
    "understands %s",
    async (prefer) => {
      const response = await create("sandbox-instant", prefer);
      expect(response.headers.get("preference-applied")).toBe("wait=1");
    },
  );
});

describe("a read with Prefer: wait", () => {
  it("is held until the task is finished, however many hold it", async () => {
    const { key } = await makeCaller();
    const { id } = await submit(key, scenario("sandbox-delay-0"));
    const reads = Array.from({ length: 5 }, () =>
      call("GET", `/v1/tasks/${id}`, { key, headers: { prefer: "wait=61" } }),
    );
    for (const response of await Promise.all(reads)) {
      expect(response.status).toBe(200);
      expect(response.headers.get("preference-applied")).toBe("wait=60");
      expect(response.headers.has("retry-after")).toBe(false);
      expect(await response.json()).toMatchObject({ id, status: "ready" });
    }
  });

  it("is let go by a cancel", async () => {
    const { key } = await makeCaller();
    const { id } = await submit(key, ENDLESS);
    const held = call("GET", `/v1/tasks/${id}`, { key, headers: { prefer: "wait=60" } });
    const canceled = call("POST", `/v1/tasks/${id}/cancel`, { key });
    expect(await (await held).json()).toMatchObject({ status: "canceled" });
    expect((await canceled).status).toBe(200);
  });

  it("answers at once where the task is finished", async () => {
    const { key } = await makeCaller();
    const { id } = await solve(key);
    const response = await call("GET", `/v1/tasks/${id}`, { key, headers: { prefer: "wait=60" } });
    expect(response.headers.get("preference-applied")).toBe("wait=60");
    expect(await response.json()).toMatchObject({ status: "ready" });
  });

  it("answers with the task as it is when the time is up", async () => {
    const { key } = await makeCaller();
    const { id } = await submit(key, ENDLESS);
    const response = await call("GET", `/v1/tasks/${id}`, { key, headers: { prefer: "wait=1" } });
    expect(response.status).toBe(200);
    expect(response.headers.get("retry-after")).toBe("3");
    expect(await response.json()).toMatchObject({ status: "processing" });
  });

  it.each(["wait=soon", "wait", "respond-async"])("ignores %s", async (prefer) => {
    const { key } = await makeCaller();
    const { id } = await submit(key, ENDLESS);
    const response = await call("GET", `/v1/tasks/${id}`, { key, headers: { prefer } });
    expect(response.status).toBe(200);
    expect(response.headers.has("preference-applied")).toBe(false);
  });
});
