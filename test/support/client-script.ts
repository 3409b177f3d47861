// A scripted gateway for the tests of the client: each request gets the next response, by the test's clock. It records the requests
// and their times.

import { afterEach, beforeEach, vi } from "vitest";
import { Solvegate, SolvegateError, type SolvegateOptions } from "../../src/client/index.ts";
import { presentTask } from "../../src/tasks/present.ts";
import type { TaskRecord } from "../../src/tasks/record.ts";
import { aRecord, processing, readyRecord } from "./records.ts";

/** Registers the hooks of a file whose tests set the clock and the timers. `now`: where the clock starts (ms since the epoch). */
export function useFakeTimers(now?: number): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"], ...(now === undefined ? {} : { now }) });
  });
  afterEach(() => {
    // The spies first: they restore the fake timers that they replaced.
    vi.restoreAllMocks();
    vi.useRealTimers();
  });
}

/** The least that a task needs. */
export const INPUT = { websiteURL: "https://antcpt.com/", websiteKey: "key", pageAction: "homepage" };

/** What a request gets: a response, a network error, no response, or what a function returns. */
export type Scene = Response | Error | "silence" | ((request: Request) => Response | Promise<Response>);

export interface SentRequest {
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}

export interface Script {
  readonly client: Solvegate;
  readonly requests: SentRequest[];
}

/** A client whose requests get `scenes`, one after another, and then always the last one. */
export function scripted(scenes: readonly Scene[], options: Partial<SolvegateOptions> = {}): Script {
  const requests: SentRequest[] = [];
  const client = new Solvegate({
    baseUrl: "https://gateway.test",
    apiKey: "sg_test_acme_key-of-the-tests",
    fetch: async (url, init) => {
      const request = new Request(url, init);
      const { pathname, search } = new URL(url);
      const scene = scenes[Math.min(requests.length, scenes.length - 1)];
      const { method, headers } = request;
      requests.push({ at: Date.now(), method, path: pathname + search, headers, body: init.body ?? "" });
      if (scene === undefined) throw new Error("the script is empty");
      if (scene === "silence") return new Promise(() => undefined);
      if (scene instanceof Error) throw scene;
      return typeof scene === "function" ? scene(request) : scene.clone();
    },
    ...options,
  });
  return { client, requests };
}

/** A JSON response. */
export const answer = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  Response.json(body, { status, headers: { "x-request-id": "request-of-the-tests", ...headers } });

/** Problem details as the gateway sends them. */
export const problem = (status: number, code: string, headers: Record<string, string> = {}): Response =>
  answer({ type: "", title: "A title", status, detail: "In words.", code, requestId: "request-7" }, status, headers);

/** A response with a task. */
export const taskAnswer = (record: TaskRecord = processing(), status = 200): Response =>
  answer(presentTask(record), status, { "retry-after": "3" });

/** Holds the response as a gateway does, for the time that the request asks for. */
export const longPoll: Scene = async (request) => {
  const seconds = Number(/wait=(\d+)/.exec(request.headers.get("prefer") ?? "")?.[1] ?? 0);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  return taskAnswer(processing());
};

/** A network error. */
export const lost = new TypeError("the connection was lost");

/** Responses with the task of the builders when it is accepted, solved and canceled. */
export const CREATED = taskAnswer(aRecord(), 202);
export const READY = taskAnswer(readyRecord());
export const CANCELED = taskAnswer(processing({ status: "canceled" }));

/** A running task as the client gets it. */
export const RUNNING = presentTask(processing());

/** More timers than any call in these tests needs: a promise that is not settled by then hangs. */
const MAX_TIMERS = 2_000;

/** Advances the clock of the tests from timer to timer until the promise is settled. */
export async function inTime<T>(promise: Promise<T>): Promise<T> {
  let settled = false;
  const settle = () => {
    settled = true;
  };
  promise.then(settle, settle);
  for (let timers = 0; timers < MAX_TIMERS; timers += 1) {
    // Pending microtasks come first: responses are read in several steps.
    await vi.advanceTimersByTimeAsync(0);
    if (settled) return promise;
    await vi.advanceTimersToNextTimerAsync();
  }
  throw new Error("the promise was not settled by any timer");
}

/** The SolvegateError of a call. */
export async function failure(call: Promise<unknown>): Promise<SolvegateError> {
  const error = await inTime(call).catch((reason: unknown) => reason);
  if (!(error instanceof SolvegateError)) throw new Error(`no SolvegateError: ${String(error)}`);
  return error;
}
