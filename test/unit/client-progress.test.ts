// `onProgress` that returns a promise: it is awaited, a rejection counts, and it delays neither an abort nor the deadline.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { answer, inTime, RUNNING, scripted, taskAnswer } from "../support/client-script.ts";
import { aRecord, processing, readyRecord } from "../support/records.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const INPUT = { websiteURL: "https://antcpt.com/", websiteKey: "key", pageAction: "homepage" };
const CREATED = taskAnswer(aRecord(), 202);
const READY = taskAnswer(readyRecord());
const CANCELED = taskAnswer(processing({ status: "canceled" }));
const never = () => new Promise<void>(() => undefined);
const reason = new Error("the caller's own");

describe("an asynchronous onProgress", () => {
  it("that rejects ends the solve, and cancels the task", async () => {
    const { client, asked } = scripted([CREATED, CANCELED]);
    const onProgress = async () => {
      throw reason;
    };
    await expect(inTime(client.solve(INPUT, { onProgress }))).rejects.toBe(reason);
    expect(asked.map(({ path }) => path.split("/").at(-1))).toEqual(["tasks", "cancel"]);
  });

  it("that rejects ends the wait", async () => {
    const { client } = scripted([answer(RUNNING)]);
    await expect(inTime(client.tasks.wait(RUNNING.id, { onProgress: () => Promise.reject(reason) }))).rejects.toBe(
      reason,
    );
  });

  it("is called with one change after another", async () => {
    const { client } = scripted([CREATED, READY]);
    const seen: string[] = [];
    const onProgress = async ({ status }: { status: string }) => {
      seen.push(`${status} begun`);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      seen.push(`${status} done`);
    };
    await inTime(client.solve(INPUT, { onProgress }));
    expect(seen).toEqual(["queued begun", "queued done", "ready begun", "ready done"]);
  });

  it("that never resolves does not cost the solution", async () => {
    const { client } = scripted([READY]);
    const startedAt = Date.now();
    await expect(inTime(client.solve(INPUT, { timeoutSeconds: 30, onProgress: never }))).resolves.toMatchObject({
      status: "ready",
    });
    expect(Date.now() - startedAt).toBe(35_000);
  });

  it("that never resolves, or rejects late, does not delay an abort", async () => {
    for (const onProgress of [never, () => Promise.reject(new Error("too late"))]) {
      const { client, asked } = scripted([CREATED, CANCELED]);
      const abort = new AbortController();
      const abortAndReport = () => {
        abort.abort(reason);
        return onProgress();
      };
      await expect(inTime(client.solve(INPUT, { onProgress: abortAndReport, signal: abort.signal }))).rejects.toBe(
        reason,
      );
      expect(asked).toHaveLength(2);
    }
  });
});
