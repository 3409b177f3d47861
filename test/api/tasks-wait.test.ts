// Long polls with `Prefer: wait`. These tests wait for the sandbox in real time: it is ready at once, or at the first poll after 3 s.

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
  it("returns 200 with the task as soon as it is finished", async () => {
    const response = await create("sandbox-instant", "wait=20");
    const task: Task = await response.json();
    expect(response.status).toBe(200);
    expect(response.headers.get("preference-applied")).toBe("wait=20");
    expect(response.headers.get("location")).toBe(`/v1/tasks/${task.id}`);
    expect(response.headers.has("retry-after")).toBe(false);
    expect(task).toMatchObject({ status: "ready", polls: 0, submissions: 1, solutionState: "available", error: null });
  });

  it("lasts until the task is finished, and 60 s at most", async () => {
    const response = await create("sandbox-delay-1000", "wait=10000000000");
    expect(response.status).toBe(200);
    expect(response.headers.get("preference-applied")).toBe("wait=60");
    expect(await response.json()).toMatchObject({ status: "ready", polls: 1 });
  });

  it("returns 200 with a failed task too", async () => {
    const response = await create("sandbox-reject-ERROR_RECAPTCHA_INVALID_SITEKEY", "wait=20");
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      status: "failed",
      error: { code: "upstream_rejected", upstreamCode: "ERROR_RECAPTCHA_INVALID_SITEKEY" },
    });
  });

  it("returns 202 with the unfinished task when the time is over", async () => {
    const response = await create("sandbox-never", "wait=1");
    expect(response.status).toBe(202);
    expect(response.headers.get("preference-applied")).toBe("wait=1");
    expect(response.headers.get("retry-after")).toBe("3");
    expect(await response.json()).toMatchObject({ status: "processing", finishedAt: null });
  });

  it.each(["wait", "wait=-1", "wait=1.5", "wait=1s", "await=5", "respond-async"])(
    "is not a long poll with the header %j",
    async (prefer) => {
      const response = await create("sandbox-never", prefer);
      expect(response.status).toBe(202);
      expect(response.headers.has("preference-applied")).toBe(false);
    },
  );

  it.each(['wait="1"', "Wait=1", "respond-async, wait=1", "respond-async,wait=1, handling=lenient"])(
    "is a long poll with the header %s",
    async (prefer) => {
      const response = await create("sandbox-instant", prefer);
      expect(response.headers.get("preference-applied")).toBe("wait=1");
    },
  );
});

describe("a read with Prefer: wait", () => {
  it("lasts until the task is finished, for several readers at once", async () => {
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

  it("ends when the task is canceled", async () => {
    const { key } = await makeCaller();
    const { id } = await submit(key, ENDLESS);
    const poll = call("GET", `/v1/tasks/${id}`, { key, headers: { prefer: "wait=60" } });
    const canceled = call("POST", `/v1/tasks/${id}/cancel`, { key });
    expect(await (await poll).json()).toMatchObject({ status: "canceled" });
    expect((await canceled).status).toBe(200);
  });

  it("returns at once when the task is finished", async () => {
    const { key } = await makeCaller();
    const { id } = await solve(key);
    const response = await call("GET", `/v1/tasks/${id}`, { key, headers: { prefer: "wait=60" } });
    expect(response.headers.get("preference-applied")).toBe("wait=60");
    expect(await response.json()).toMatchObject({ status: "ready" });
  });

  it("returns the unfinished task when the time is over", async () => {
    const { key } = await makeCaller();
    const { id } = await submit(key, ENDLESS);
    const response = await call("GET", `/v1/tasks/${id}`, { key, headers: { prefer: "wait=1" } });
    expect(response.status).toBe(200);
    expect(response.headers.get("retry-after")).toBe("3");
    expect(await response.json()).toMatchObject({ status: "processing" });
  });
});
