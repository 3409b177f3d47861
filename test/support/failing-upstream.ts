// An upstream that fails over real HTTP. vitest starts it once, in Node, before the tests that run inside workerd.

import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import type { TestProject } from "vitest/node";
import type { Failure } from "./failing-server.ts";
import { drip, end, raw, reset, retryAfterFailure, sendBlanks, startFailingServer } from "./failing-server.ts";
import { ANSWER_LIMIT, CREATED, PROCESSING } from "./failing-servers.ts";

const HTML = "<!doctype html><title>Bad gateway</title><h1>nginx</h1>";
const JSON_TYPE = { "content-type": "application/json" };
const NOT_UTF8 = Buffer.from([0xff]);

/** A successful answer to the call in the path. */
const goodAnswer = (path: string) => JSON.stringify(path.endsWith("/createTask") ? CREATED : PROCESSING);

const send =
  (status: number, headers: Record<string, string>, body: (good: string) => string | Buffer): Failure =>
  ({ response, path }) =>
    void response.writeHead(status, headers).end(body(goodAnswer(path)));

/** The start of an answer that promises more than it contains; `then` is called once it is sent. */
const promise =
  (body: (good: string) => string, then: (asked: { response: ServerResponse }) => void): Failure =>
  ({ response, path }) => {
    response.writeHead(200, { ...JSON_TYPE, "content-length": "1000" });
    response.write(body(goodAnswer(path)), () => then({ response }));
  };

const half = (text: string) => text.slice(0, text.length / 2);

/** A redirect to the requested URL, so a client that follows it is recorded twice. */
const redirect =
  (status: number): Failure =>
  ({ response, path }) =>
    void response.writeHead(status, { location: path }).end();

/** A good answer followed by blanks, which JSON allows, up to so many bytes. */
const padded = (bytes: number) => (good: string) => good.padEnd(bytes, " ");

const FAILURES: Readonly<Record<string, Failure>> = {
  fine: send(200, JSON_TYPE, (good) => good),
  "wrong-type": send(200, { "content-type": "text/html" }, (good) => good),
  "byte-order-mark": send(200, JSON_TYPE, (good) => `\ufeff${good}`),
  gzip: send(200, { ...JSON_TYPE, "content-encoding": "gzip" }, (good) => gzipSync(good)),
  "reset-before-answer": reset,
  "closed-before-answer": end,
  "reset-mid-answer": promise(half, reset),
  "reset-after-whole-json": promise((good) => good, reset),
  "cut-off": promise(half, end),
  "not-http": raw("220 mail.example ESMTP\r\n", end),
  hang: () => undefined,
  "hang-after-headers": ({ response }) => response.writeHead(200, JSON_TYPE).flushHeaders(),
  "hang-mid-answer": promise(half, () => undefined),
  // A good answer, one byte at a time, which never ends.
  drip: ({ response, path }) => {
    const good = goodAnswer(path);
    response.writeHead(200, { ...JSON_TYPE, "content-length": String(good.length + 1_000_000) });
    drip(response, (index) => response.write(good[index] ?? " "));
  },
  "redirect-301": redirect(301),
  "redirect-307": redirect(307),
  empty: send(200, JSON_TYPE, () => ""),
  html: send(200, { "content-type": "text/html" }, () => HTML),
  "not-utf8": send(200, JSON_TYPE, (good) => Buffer.concat([Buffer.from(good), NOT_UTF8])),
  "at-the-limit": send(200, JSON_TYPE, padded(ANSWER_LIMIT)),
  "over-the-limit": send(200, JSON_TYPE, padded(ANSWER_LIMIT + 1)),
  "gzip-bomb": send(200, { ...JSON_TYPE, "content-encoding": "gzip" }, (good) =>
    gzipSync(padded(8 * ANSWER_LIMIT)(good)),
  ),
  endless: ({ response }) => {
    response.writeHead(200, JSON_TYPE);
    sendBlanks(response, Number.POSITIVE_INFINITY);
  },
};

const errorBody = (errorCode: string) =>
  JSON.stringify({ errorId: 1, errorCode, errorDescription: "As the path asked" });

const BODIES: Readonly<Record<string, (good: string) => string>> = {
  html: () => HTML,
  good: (good) => good,
  long: () => errorBody("ERROR_ZERO_BALANCE").padEnd(2 * ANSWER_LIMIT, " "),
};

/** `status-<status>-<body>`: that status with a body of the table above, or the error with that code. */
function statusFailure(name: string): Failure | undefined {
  const [, status, body = ""] = /^status-(\d{3})-(\w+)$/.exec(name) ?? [];
  if (status === undefined) return undefined;
  return send(Number(status), JSON_TYPE, BODIES[body] ?? (() => errorBody(body)));
}

/** `json-<text>`: that text as the body of an answer. */
function jsonFailure(name: string): Failure | undefined {
  const [, json] = /^json-(.*)$/.exec(name) ?? [];
  return json === undefined ? undefined : send(200, JSON_TYPE, () => json);
}

const failureOf = (name: string): Failure =>
  jsonFailure(name) ??
  statusFailure(name) ??
  retryAfterFailure(name) ??
  FAILURES[name] ??
  send(418, {}, () => `no such failure: ${name}`);

/** vitest's global setup: the URLs reach the tests by `inject("failingUpstream")`. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { urls, stop } = await startFailingServer(failureOf);
  project.provide("failingUpstream", urls);
  return stop;
}
