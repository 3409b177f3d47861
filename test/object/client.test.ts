// The upstream client over real HTTP, from workerd to a server that misbehaves. Each behavior maps to one tagged outcome.

import { describe, expect, inject, it } from "vitest";
import type { RequestOptions, Upstream } from "../../src/upstream/client.ts";
import { createTask, getTaskResult } from "../../src/upstream/client.ts";
import type { CreateOutcome, PollOutcome, UpstreamTask } from "../../src/upstream/protocol.ts";
import { redactorOf } from "../../src/upstream/redact.ts";
import type { Seen } from "../support/faults.ts";

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

const { url, rejectingUrl } = inject("faultyUpstream");
let serial = 0;

/** An upstream with one failure, and the requests it received. Each has a case of its own. */
function upstreamWith(fault: string) {
  serial += 1;
  const name = `${serial}-${crypto.randomUUID()}`;
  const base = `/${encodeURIComponent(fault)}/${name}`;
  const upstream: Upstream = {
    url: url + base,
    clientKey: CLIENT_KEY,
    redactor: REDACTOR,
    fetch: (request) => fetch(request),
  };
  const ask = async (what: "seen" | "closed"): Promise<Seen> => (await fetch(`${url}/${what}/${name}`)).json();
  return { upstream, base, seen: () => ask("seen"), closed: () => ask("closed") };
}

/** The outcome of each call for an answer. */
interface Outcomes {
  readonly create: CreateOutcome;
  readonly poll: PollOutcome;
}

const WELL: Outcomes = { create: { tag: "created", taskId: TASK_ID }, poll: { tag: "processing" } };

/** No readable response: createTask may have had its effect. */
const hidden = (reason: string): Outcomes => ({
  create: { tag: "unknown", reason },
  poll: { tag: "request_failed", reason, retryAfterMs: null },
});

/** Upstream, or a proxy in front of it, rejected the request. */
const rejected = (status: number, retryAfterMs: number | null = null): Outcomes => ({
  create: { tag: "transient", reason: `http_${status}`, retryAfterMs },
  poll: { tag: "request_failed", reason: `http_${status}`, retryAfterMs },
});

const same = (outcome: CreateOutcome & PollOutcome): Outcomes => ({ create: outcome, poll: outcome });

type Row = readonly [fault: string, expected: Outcomes, options: RequestOptions];

/** A row whose response arrives in time, and one that only the timeout ends. */
const row = (fault: string, expected: Outcomes): Row => [fault, expected, PATIENT];
const hung = (fault: string): Row => [fault, hidden("timeout"), HASTY];

const REFUSING_STATUSES = [400, 401, 402, 403, 404, 429, 500, 502, 503];
const HIDING_STATUSES = [504, 520, 524];
const UNREADABLE_BODIES = ["empty", "html", "json"];

const TABLE: readonly Row[] = [
  // Success is recognized by the body alone.
  row("fine", WELL),
  row("wrong-type", WELL),
  row("no-type", WELL),
  row("byte-order-mark", WELL),
  row("gzip", WELL),
  row("status-400-good", WELL),
  row("status-503-good", WELL),

  // The connection.
  row("reset-before-answer", hidden("network")),
  row("closed-before-answer", hidden("network")),
  row("reset-mid-answer", hidden("network")),
  row("reset-after-whole-json", hidden("network")),
  row("cut-off", hidden("network")),
  row("not-http", hidden("network")),

  // The clock.
  hung("hang"),
  hung("hang-after-headers"),
  hung("hang-mid-answer"),
  hung("drip"),

  // A redirect is not followed, and the outcome is unknown.
  row("redirect-301", hidden("http_301")),
  row("redirect-302", hidden("http_302")),
  row("redirect-307", hidden("http_307")),
  row("redirect-308", hidden("http_308")),

  // The body.
  row("no-content", hidden("http_204")),
  row("empty", hidden("malformed")),
  row("html", hidden("malformed")),
  row("truncated", hidden("malformed")),
  row("not-utf8", hidden("malformed")),
  row("at-the-limit", WELL),
  row("over-the-limit", hidden("malformed")),
  row("two-mebibytes", hidden("malformed")),
  row("gzip-bomb", hidden("malformed")),
  row("endless", hidden("malformed")),
  row("status-402-long", rejected(402)),

  // The status decides if the body has no information.
  ...REFUSING_STATUSES.flatMap((status) =>
    UNREADABLE_BODIES.map((body) => row(`status-${status}-${body}`, rejected(status))),
  ),
  ...HIDING_STATUSES.flatMap((status) =>
    UNREADABLE_BODIES.map((body) => row(`status-${status}-${body}`, hidden(`http_${status}`))),
  ),

  // The body takes precedence over the status.
  row("status-401-ERROR_KEY_DOES_NOT_EXIST", same({ tag: "account", code: "ERROR_KEY_DOES_NOT_EXIST" })),
  row("status-402-ERROR_ZERO_BALANCE", same({ tag: "account", code: "ERROR_ZERO_BALANCE" })),
  row("status-504-ERROR_ZERO_BALANCE", same({ tag: "account", code: "ERROR_ZERO_BALANCE" })),
  row(
    "status-429-ERROR_NO_SLOT_AVAILABLE",
    same({ tag: "transient", reason: "ERROR_NO_SLOT_AVAILABLE", retryAfterMs: null }),
  ),
  ...[200, 400, 500].map((status) =>
    row(
      `status-${status}-ERROR_TASK_ABSENT`,
      same({ tag: "failed", kind: "rejected", code: "ERROR_TASK_ABSENT", description: "As the path asked" }),
    ),
  ),

  // Retry-After: seconds or a date, a minute at most, and only where it is one.
  row("retry-after-429-7", rejected(429, 7_000)),
  row("retry-after-503-0", rejected(503, 0)),
  row("retry-after-429-86400", rejected(429, 60_000)),
  row("retry-after-429-Fri, 31 Dec 9999 23:59:59 GMT", rejected(429, 60_000)),
  row("retry-after-503-Sun, 06 Nov 1994 08:49:37 GMT", rejected(503, 0)),
  row("retry-after-429-soon", rejected(429, null)),
];

describe("each upstream failure has its outcome after one request", TEST_TIMEOUT, () => {
  it.each(TABLE)("createTask: %s", async (fault, expected, options) => {
    const { upstream, seen } = upstreamWith(fault);
    expect(await createTask(upstream, TASK, options)).toEqual(expected.create);
    expect((await seen()).requests).toHaveLength(1);
  });

  it.each(TABLE)("getTaskResult: %s", async (fault, expected, options) => {
    const { upstream, seen } = upstreamWith(fault);
    expect(await getTaskResult(upstream, TASK_ID, options)).toEqual(expected.poll);
    expect((await seen()).requests).toHaveLength(1);
  });

  it("reports a closed port as a lost connection", async () => {
    const upstream: Upstream = {
      url: rejectingUrl,
      clientKey: CLIENT_KEY,
      redactor: REDACTOR,
      fetch: (request) => fetch(request),
    };
    expect(await createTask(upstream, TASK, PATIENT)).toEqual(hidden("network").create);
    expect(await getTaskResult(upstream, TASK_ID, PATIENT)).toEqual(hidden("network").poll);
  });
});

describe("an abandoned request", TEST_TIMEOUT, () => {
  it.each([
    ["endless", PATIENT],
    ["two-mebibytes", PATIENT],
    ["hang", HASTY],
    ["hang-mid-answer", HASTY],
    ["drip", HASTY],
  ])("closes its connection: %s", async (fault, options) => {
    const { upstream, closed } = upstreamWith(fault);
    await createTask(upstream, TASK, options);
    expect((await closed()).requests).toHaveLength(1);
  });

  it("ends at the timeout when an in-process upstream never finishes its response", async () => {
    const upstream: Upstream = {
      url,
      clientKey: CLIENT_KEY,
      redactor: REDACTOR,
      fetch: () => new Promise(() => undefined),
    };
    expect(await createTask(upstream, TASK, HASTY)).toEqual(hidden("timeout").create);
    expect(await getTaskResult(upstream, TASK_ID, HASTY)).toEqual(hidden("timeout").poll);
  });
});

/** What the runtime adds by itself, here and on the edge. */
const RUNTIME_HEADERS = ["cf-worker", "content-length", "host"];

describe("a request", TEST_TIMEOUT, () => {
  it("of createTask has every field of the task unchanged and the operator's key", async () => {
    const { upstream, base, seen } = upstreamWith("fine");
    await createTask(upstream, TASK, PATIENT);
    const [request] = (await seen()).requests;
    expect(request).toMatchObject({ method: "POST", path: `${base}/createTask` });
    expect(request?.body).toBe(JSON.stringify({ clientKey: CLIENT_KEY, task: TASK }));
  });

  it("of createTask has no field that the task lacks", async () => {
    const { upstream, seen } = upstreamWith("fine");
    const { type, websiteURL, websiteKey, pageAction, isInvisible } = TASK;
    const least = { type, websiteURL, websiteKey, pageAction, isInvisible };
    await createTask(upstream, { ...least, checkField: undefined }, PATIENT);
    const [request] = (await seen()).requests;
    expect(JSON.parse(request?.body ?? "")).toStrictEqual({ clientKey: CLIENT_KEY, task: least });
  });

  it.each([true, false])("createTask sends isInvisible as given: %s", async (isInvisible) => {
    const { upstream, seen } = upstreamWith("fine");
    await createTask(upstream, { ...TASK, isInvisible }, PATIENT);
    expect(JSON.parse((await seen()).requests[0]?.body ?? "")).toMatchObject({ task: { isInvisible } });
  });

  it.each([TASK_ID, "7654321", "123456789012345678901234567890", '"7654321"', '"例え \\"1\\""'])(
    "getTaskResult sends the task id %s as it came",
    async (taskId) => {
      const { upstream, base, seen } = upstreamWith("fine");
      await getTaskResult(upstream, taskId, PATIENT);
      const [request] = (await seen()).requests;
      expect(request).toMatchObject({ method: "POST", path: `${base}/getTaskResult` });
      expect(request?.body).toBe(`{"clientKey":${JSON.stringify(CLIENT_KEY)},"taskId":${taskId}}`);
    },
  );

  it.each([
    ["createTask", (upstream: Upstream, options: RequestOptions) => createTask(upstream, TASK, options)],
    ["getTaskResult", (upstream: Upstream, options: RequestOptions) => getTaskResult(upstream, TASK_ID, options)],
  ] as const)("%s sends JSON's headers, the trace where there is one, and no other", async (_, send) => {
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
