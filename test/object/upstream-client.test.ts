// The upstream client over real HTTP, from workerd to a server that fails: each failure has one outcome.

import { describe, expect, inject, it } from "vitest";
import type { RequestOptions, Upstream } from "../../src/upstream/client.ts";
import { createTask, getTaskResult } from "../../src/upstream/client.ts";
import type { CreateOutcome, PollOutcome, UpstreamTask } from "../../src/upstream/protocol.ts";
import { redactorOf } from "../../src/upstream/redact.ts";
import { failingCase } from "../support/failing-servers.ts";

/** Longer (ms) than any response takes: a request that lasts this long has hung. */
const PATIENT: RequestOptions = { timeoutMs: 10_000 };
/** For the failures that only the timeout ends (ms). */
const HASTY: RequestOptions = { timeoutMs: 500 };
const TEST_TIMEOUT = { timeout: 20_000 };

const TASK: UpstreamTask = {
  type: "RecaptchaV3TaskProxyless",
  websiteURL: "https://antcpt.com/score_detector?q=ü",
  websiteKey: "6LcR_okUAAAAAPYrPe-HK_0RULO1aZM15ENyM-Mf",
  pageAction: "homepage",
  checkField: "0cAFcWeA5",
  websiteTitle: 'Score "detector" 例え 😀',
  isInvisible: true,
};
const TASK_ID = '"61138bb6-19fb-11ec-a9c8-0242ac110006"';
const REDACTOR = redactorOf([]);
const CLIENT_KEY = 'key "of" the operator \\ ü';

const server = inject("failingUpstream");

const upstreamAt = (url: string, send: Upstream["fetch"] = (request) => fetch(request)): Upstream => ({
  url,
  clientKey: CLIENT_KEY,
  redactor: REDACTOR,
  fetch: send,
});

/** An upstream with one failure, and the requests it received. */
function upstreamWith(failure: string) {
  const { url, ...requests } = failingCase(server, failure);
  return { upstream: upstreamAt(url), ...requests };
}

/** The outcome of each call for an answer. */
interface Outcomes {
  readonly create: CreateOutcome;
  readonly poll: PollOutcome;
}

const WELL: Outcomes = { create: { tag: "created", taskId: TASK_ID }, poll: { tag: "processing" } };

/** No readable response: the outcome of createTask is unknown. */
const unknown = (reason: string): Outcomes => ({
  create: { tag: "unknown", reason },
  poll: { tag: "request_failed", reason, retryAfterMs: null },
});

/** Upstream, or a proxy in front of it, rejected the request. */
const rejected = (status: number, retryAfterMs: number | null = null): Outcomes => ({
  create: { tag: "transient", reason: `http_${status}`, retryAfterMs },
  poll: { tag: "request_failed", reason: `http_${status}`, retryAfterMs },
});

const same = (outcome: CreateOutcome & PollOutcome): Outcomes => ({ create: outcome, poll: outcome });

type Row = readonly [failure: string, expected: Outcomes, options: RequestOptions];

/** A row whose response arrives in time, and one that only the timeout ends. */
const row = (failure: string, expected: Outcomes): Row => [failure, expected, PATIENT];
const hung = (failure: string): Row => [failure, unknown("timeout"), HASTY];

/** What bodies, codes and statuses mean is tested in test/unit/protocol.test.ts. Here are the ways in which they arrive. */
const TABLE: readonly Row[] = [
  // Success is recognized by the body alone.
  row("fine", WELL),
  row("wrong-type", WELL),
  row("byte-order-mark", WELL),
  row("gzip", WELL),
  row("status-503-good", WELL),

  // The connection.
  row("reset-before-answer", unknown("network")),
  row("closed-before-answer", unknown("network")),
  row("reset-mid-answer", unknown("network")),
  row("reset-after-whole-json", unknown("network")),
  row("cut-off", unknown("network")),
  row("not-http", unknown("network")),

  // The clock.
  hung("hang"),
  hung("hang-after-headers"),
  hung("hang-mid-answer"),
  hung("drip"),

  // A redirect is not followed.
  row("redirect-301", unknown("http_301")),
  row("redirect-307", unknown("http_307")),

  // The body.
  row("empty", unknown("malformed")),
  row("not-utf8", unknown("malformed")),
  row("at-the-limit", WELL),
  row("over-the-limit", unknown("malformed")),
  row("gzip-bomb", unknown("malformed")),
  row("endless", unknown("malformed")),
  row("status-402-long", rejected(402)),

  // The status, the code and Retry-After reach the interpretation of the answer. Retry-After is at most a minute.
  row("status-503-html", rejected(503)),
  row("status-504-html", unknown("http_504")),
  row("status-402-ERROR_ZERO_BALANCE", same({ tag: "account", code: "ERROR_ZERO_BALANCE" })),
  row("retry-after-429-7", rejected(429, 7_000)),
  row("retry-after-503-86400", rejected(503, 60_000)),
];

describe("the upstream client", TEST_TIMEOUT, () => {
  it.each(TABLE)("sends createTask once and returns the outcome: %s", async (failure, expected, options) => {
    const { upstream, seen } = upstreamWith(failure);
    expect(await createTask(upstream, TASK, options)).toEqual(expected.create);
    expect((await seen()).requests).toHaveLength(1);
  });

  it.each(TABLE)("sends getTaskResult once and returns the outcome: %s", async (failure, expected, options) => {
    const { upstream, seen } = upstreamWith(failure);
    expect(await getTaskResult(upstream, TASK_ID, options)).toEqual(expected.poll);
    expect((await seen()).requests).toHaveLength(1);
  });

  it("reports a closed port as a network error", async () => {
    const upstream = upstreamAt(server.closedPortUrl);
    expect(await createTask(upstream, TASK, PATIENT)).toEqual(unknown("network").create);
    expect(await getTaskResult(upstream, TASK_ID, PATIENT)).toEqual(unknown("network").poll);
  });

  it.each([
    ["endless", PATIENT],
    ["hang-mid-answer", HASTY],
  ])("closes the connection of a request that it gives up: %s", async (failure, options) => {
    const { upstream, closed } = upstreamWith(failure);
    await createTask(upstream, TASK, options);
    expect((await closed()).requests).toHaveLength(1);
  });

  it("ends a request at its timeout when an in-process upstream never responds", async () => {
    const upstream = upstreamAt(server.url, () => new Promise(() => undefined));
    expect(await createTask(upstream, TASK, HASTY)).toEqual(unknown("timeout").create);
    expect(await getTaskResult(upstream, TASK_ID, HASTY)).toEqual(unknown("timeout").poll);
  });
});

/** What the runtime adds by itself, here and on the edge. */
const RUNTIME_HEADERS = ["cf-worker", "content-length", "host"];

describe("a request to the upstream", TEST_TIMEOUT, () => {
  it("contains every field of the task unchanged and the operator's key", async () => {
    const { upstream, path, seen } = upstreamWith("fine");
    await createTask(upstream, TASK, PATIENT);
    const [request] = (await seen()).requests;
    expect(request).toMatchObject({ method: "POST", path: `${path}/createTask` });
    expect(request?.body).toBe(JSON.stringify({ clientKey: CLIENT_KEY, task: TASK }));
  });

  it("contains no field that the task lacks", async () => {
    const { upstream, seen } = upstreamWith("fine");
    const { type, websiteURL, websiteKey, pageAction } = TASK;
    const least = { type, websiteURL, websiteKey, pageAction, isInvisible: false };
    await createTask(upstream, { ...least, checkField: undefined }, PATIENT);
    const [request] = (await seen()).requests;
    expect(JSON.parse(request?.body ?? "")).toStrictEqual({ clientKey: CLIENT_KEY, task: least });
  });

  it.each(["123456789012345678901234567890", '"7654321"', '"例え \\"1\\""'])(
    "contains the task id %s in the JSON form in which it was received",
    async (taskId) => {
      const { upstream, path, seen } = upstreamWith("fine");
      await getTaskResult(upstream, taskId, PATIENT);
      const [request] = (await seen()).requests;
      expect(request).toMatchObject({ method: "POST", path: `${path}/getTaskResult` });
      expect(request?.body).toBe(`{"clientKey":${JSON.stringify(CLIENT_KEY)},"taskId":${taskId}}`);
    },
  );

  it.each([
    ["createTask", (upstream: Upstream, options: RequestOptions) => createTask(upstream, TASK, options)],
    ["getTaskResult", (upstream: Upstream, options: RequestOptions) => getTaskResult(upstream, TASK_ID, options)],
  ] as const)("has JSON's headers, the trace if there is one, and no other header: %s", async (_, send) => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const { upstream, seen } = upstreamWith("fine");
    await send(upstream, PATIENT);
    await send(upstream, { ...PATIENT, traceparent });
    const own = (await seen()).requests.map(({ headers }) =>
      Object.fromEntries(Object.entries(headers).filter(([name]) => !RUNTIME_HEADERS.includes(name))),
    );
    const json = { accept: "application/json", "content-type": "application/json" };
    expect(own).toStrictEqual([json, { ...json, traceparent }]);
  });
});
