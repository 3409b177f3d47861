// Progress that is told to an asynchronous listener: what it comes to is heard, and it can hold up neither an abort nor the time.

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

describe("progress told to a listener that is asynchronous", () => {
  it("ends the solve where it rejects, and cancels the task", async () => {
    const { client, asked } = scripted([CREATED, CANCELED]);
    const onProgress = async () => {
      throw reason;
    };
    await expect(inTime(client.solve(INPUT, { onProgress }))).rejects.toBe(reason);
    expect(asked.map(({ path }) => path.split("/").at(-1))).toEqual(["tasks", "cancel"]);
  });

  it("ends a wait where it rejects", async () => {
    const { client } = scripted([answer(RUNNING)]);
    await expect(inTime(client.tasks.wait(RUNNING.id, { onProgress: () => Promise.reject(reason) }))).rejects.toBe(
      reason,
    );
  });

  it("is told one thing after another", async () => {
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

  it("loses no solution where it never ends", async () => {
    const { client } = scripted([READY]);
    const startedAt = Date.now();
    await expect(inTime(client.solve(INPUT, { timeoutSeconds: 30, onProgress: never }))).resolves.toMatchObject({
      status: "ready",
    });
    expect(Date.now() - startedAt).toBe(35_000);
  });

  it("ends by an abort, though it never ends itself or rejects later", async () => {
    for (const onProgress of [never, () => Promise.reject(new Error("too late"))]) {
      const { client, asked } = scripted([CREATED, CANCELED]);
      const abort = new AbortController();
      const told = () => {
        abort.abort(reason);
        return onProgress();
      };
      await expect(inTime(client.solve(INPUT, { onProgress: told, signal: abort.signal }))).rejects.toBe(reason);
      expect(asked).toHaveLength(2);
    }
  });
});
