// `onProgress`: when it is called, and that an exception or a rejection in it counts. A promise that it returns delays neither an abort
// nor the deadline.

import { describe, expect, it } from "vitest";
import type { Task } from "../../src/client/index.ts";
import {
  answer,
  CANCELED,
  CREATED,
  INPUT,
  inTime,
  longPoll,
  READY,
  RUNNING,
  scripted,
  taskAnswer,
  useFakeTimers,
} from "../support/client-script.ts";
import { processing } from "../support/records.ts";

useFakeTimers();

const never = () => new Promise<void>(() => undefined);
const reason = new Error("the caller's own");

const lastParts = (paths: readonly { path: string }[]) => paths.map(({ path }) => path.split("/").at(-1));

describe("onProgress", () => {
  it("is called once with the accepted task, and once for each change", async () => {
    const script = scripted([CREATED, longPoll, longPoll, taskAnswer(processing({ polls: 2 })), READY]);
    const seen: Task[] = [];
    await inTime(script.client.solve(INPUT, { onProgress: (task) => seen.push(task) }));
    expect(seen.map(({ status, polls }) => [status, polls])).toEqual([
      ["queued", 0],
      ["processing", 0],
      ["processing", 2],
      ["ready", 3],
    ]);
    const waits = script.requests.map(({ headers }) => headers.get("prefer"));
    expect(waits).toEqual([null, "wait=1", "wait=3", "wait=3", "wait=3"]);
  });

  it("ends the solve with its exception, and cancels the task", async () => {
    const { client, requests } = scripted([CREATED, CANCELED]);
    const onProgress = () => {
      throw reason;
    };
    await expect(inTime(client.solve(INPUT, { onProgress }))).rejects.toBe(reason);
    expect(lastParts(requests)).toEqual(["tasks", "cancel"]);
  });
});

describe("an asynchronous onProgress", () => {
  it("ends the solve with its rejection, and cancels the task", async () => {
    const { client, requests } = scripted([CREATED, CANCELED]);
    const onProgress = async () => {
      throw reason;
    };
    await expect(inTime(client.solve(INPUT, { onProgress }))).rejects.toBe(reason);
    expect(lastParts(requests)).toEqual(["tasks", "cancel"]);
  });

  it("ends the wait with its rejection", async () => {
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

  it("does not cost the solution if it never resolves", async () => {
    const { client } = scripted([READY]);
    const startedAt = Date.now();
    await expect(inTime(client.solve(INPUT, { timeoutSeconds: 30, onProgress: never }))).resolves.toMatchObject({
      status: "ready",
    });
    expect(Date.now() - startedAt).toBe(35_000);
  });

  it("does not delay an abort if it never resolves or rejects late", async () => {
    for (const onProgress of [never, () => Promise.reject(new Error("too late"))]) {
      const { client, requests } = scripted([CREATED, CANCELED]);
      const abort = new AbortController();
      const abortAndReport = () => {
        abort.abort(reason);
        return onProgress();
      };
      await expect(inTime(client.solve(INPUT, { onProgress: abortAndReport, signal: abort.signal }))).rejects.toBe(
        reason,
      );
      expect(requests).toHaveLength(2);
    }
  });
});
