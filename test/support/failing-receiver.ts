// A receiver of webhooks that fails over real HTTP. vitest starts it once, in Node, before the tests that run inside workerd.

import type { TestProject } from "vitest/node";
import type { Failure } from "./failing-server.ts";
import { drip, end, raw, reset, retryAfterFailure, sendBlanks, startFailingServer } from "./failing-server.ts";
import { GIGABYTE } from "./failing-servers.ts";

const HALF_A_HEADER = "HTTP/1.1 200 OK\r\ncontent-ty";
const HEADERS = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n";

/** Writes one byte at a time without end. */
const dripAfter = (begin: string, byte: string): Failure =>
  raw(begin, ({ response }) => drip(response, () => response.socket?.write(byte)));

const FAILURES: Readonly<Record<string, Failure>> = {
  hints: raw("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n", end),
  "reset-before-answer": reset,
  "closed-before-answer": end,
  "reset-mid-headers": raw(HALF_A_HEADER, reset),
  "closed-mid-headers": raw(HALF_A_HEADER, end),
  "not-http": raw("220 mail.example ESMTP\r\n", end),
  hang: () => undefined,
  "hang-mid-headers": raw(HALF_A_HEADER, () => undefined),
  "drip-of-headers": dripAfter("HTTP/1.1 200 OK\r\n", "x"),
  "hang-after-headers": raw(HEADERS, () => undefined),
  "drip-of-body": dripAfter(HEADERS, " "),
  "reset-mid-body": raw(`${HEADERS}half`, reset),
  "closed-mid-body": raw(`${HEADERS}half`, end),
  gigabyte: ({ response }) => {
    response.writeHead(200, { "content-length": String(GIGABYTE) });
    sendBlanks(response, GIGABYTE);
  },
  endless: ({ response }) => {
    response.writeHead(200);
    sendBlanks(response, Number.POSITIVE_INFINITY);
  },
  "bad-gzip": ({ response }) => void response.writeHead(200, { "content-encoding": "gzip" }).end("no gzip at all"),
};

/** `status-<status>`: that status with a body where it may have one. A redirect leads back here, to an answer of 200. */
function statusFailure(name: string): Failure {
  const status = Number(/^status-(\d{3})$/.exec(name)?.[1] ?? "418");
  return ({ response, urlOf }) => {
    const headers = status >= 300 && status < 400 ? { location: urlOf("status-200") } : {};
    response.writeHead(status, headers).end(status === 204 || status === 304 ? "" : "thank you");
  };
}

/** vitest's global setup: the URLs reach the tests by `inject("failingReceiver")`. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { urls, stop } = await startFailingServer(
    (name) => FAILURES[name] ?? retryAfterFailure(name) ?? statusFailure(name),
  );
  project.provide("failingReceiver", urls);
  return stop;
}
