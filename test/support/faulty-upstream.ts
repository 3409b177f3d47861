// An upstream that misbehaves over real HTTP: vitest starts it once, in Node, before the tests that run inside workerd.
// The path selects the failure: `/<fault>/<case>/<call>`, where `<case>` is any word that identifies the test's requests:
// `GET /seen/<case>` returns them, `GET /closed/<case>` answers once every connection of the case is closed.
// It listens on the loopback only. The path alone chooses the response.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import type { TestProject } from "vitest/node";
import { ANSWER_LIMIT, CREATED, PROCESSING, type Seen, type SeenRequest } from "./faults.ts";

/** Between two bytes of a drip (ms): short enough that a byte falls into any time-out of a test. */
const DRIP_MS = 50;

const HTML = "<!doctype html><title>Bad gateway</title><h1>nginx</h1>";
const JSON_TYPE = { "content-type": "application/json" };
const NOT_UTF8 = Buffer.from([0xff]);

interface Exchange {
  readonly response: ServerResponse;
  /** A good answer to the call that was made. */
  readonly good: string;
  readonly path: string;
}
type Fault = (exchange: Exchange) => void;

const send =
  (status: number, headers: Record<string, string>, body: (good: string) => string | Buffer): Fault =>
  ({ response, good }) =>
    void response.writeHead(status, headers).end(body(good));

/** The start of an answer that promises more than it holds; `then` comes once it is on its way. */
const promise =
  (body: (good: string) => string, then: (response: ServerResponse) => void): Fault =>
  ({ response, good }) => {
    response.writeHead(200, { ...JSON_TYPE, "content-length": "1000" });
    response.write(body(good), () => then(response));
  };

const reset = (response: ServerResponse) => void response.socket?.resetAndDestroy();
const half = (text: string) => text.slice(0, text.length / 2);

/** A redirect to the requested URL, so a client that follows it is recorded twice. */
const redirect =
  (status: number): Fault =>
  ({ response, path }) =>
    void response.writeHead(status, { location: path }).end();

/** A good answer followed by blanks, which JSON allows, up to so many bytes. */
const padded = (bytes: number) => (good: string) => good.padEnd(bytes, " ");

/** Writes without end, as fast as the client reads. */
const endless: Fault = ({ response }) => {
  const blanks = Buffer.alloc(64 * 1024, " ");
  response.writeHead(200, JSON_TYPE);
  const more = () => {
    while (!response.destroyed && response.write(blanks));
  };
  response.on("drain", more);
  more();
};

/** A good answer, one byte at a time, and never its last. */
const drip: Fault = ({ response, good }) => {
  response.writeHead(200, { ...JSON_TYPE, "content-length": String(good.length + 1_000_000) });
  let at = 0;
  const timer = setInterval(() => response.write(good[at++] ?? " "), DRIP_MS);
  response.on("close", () => clearInterval(timer));
};

const FAULTS: Readonly<Record<string, Fault>> = {
  fine: send(200, JSON_TYPE, (good) => good),
  "wrong-type": send(200, { "content-type": "text/html" }, (good) => good),
  "no-type": send(200, {}, (good) => good),
  "byte-order-mark": send(200, JSON_TYPE, (good) => `\ufeff${good}`),
  gzip: send(200, { ...JSON_TYPE, "content-encoding": "gzip" }, (good) => gzipSync(good)),
  "reset-before-answer": ({ response }) => reset(response),
  "closed-before-answer": ({ response }) => void response.socket?.end(),
  "reset-mid-answer": promise(half, reset),
  "reset-after-whole-json": promise((good) => good, reset),
  "cut-off": promise(half, (response) => response.socket?.end()),
  "not-http": ({ response }) => void response.socket?.end("220 mail.example ESMTP\r\n"),
  hang: () => undefined,
  "hang-after-headers": ({ response }) => response.writeHead(200, JSON_TYPE).flushHeaders(),
  "hang-mid-answer": promise(half, () => undefined),
  drip,
  "redirect-301": redirect(301),
  "redirect-302": redirect(302),
  "redirect-307": redirect(307),
  "redirect-308": redirect(308),
  "no-content": send(204, {}, () => ""),
  empty: send(200, JSON_TYPE, () => ""),
  html: send(200, { "content-type": "text/html" }, () => HTML),
  truncated: send(200, JSON_TYPE, half),
  "not-utf8": send(200, JSON_TYPE, (good) => Buffer.concat([Buffer.from(good), NOT_UTF8])),
  "at-the-limit": send(200, JSON_TYPE, padded(ANSWER_LIMIT)),
  "over-the-limit": send(200, JSON_TYPE, padded(ANSWER_LIMIT + 1)),
  "two-mebibytes": send(200, JSON_TYPE, padded(2 * ANSWER_LIMIT)),
  "gzip-bomb": send(200, { ...JSON_TYPE, "content-encoding": "gzip" }, (good) =>
    gzipSync(padded(8 * ANSWER_LIMIT)(good)),
  ),
  endless,
};

const errorBody = (errorCode: string) =>
  JSON.stringify({ errorId: 1, errorCode, errorDescription: "As the path asked" });

/** `status-<status>-<body>`: that status with an unreadable body, a good one, or the error whose code stands there. */
const STATUS = /^status-(\d{3})-(\w+)$/;
const BODIES: Readonly<Record<string, (good: string) => string>> = {
  empty: () => "",
  html: () => HTML,
  json: () => '{"message":"Something went wrong"}',
  good: (good) => good,
  long: () => errorBody("ERROR_ZERO_BALANCE").padEnd(2 * ANSWER_LIMIT, " "),
};

/** `retry-after-<status>-<value>`: an empty body with that header. */
const RETRY_AFTER = /^retry-after-(\d{3})-(.+)$/;

/** `json-<text>`: that text as a good answer's body. */
const JSON_TEXT = /^json-(.*)$/;

function faultOf(name: string): Fault {
  const [, json] = JSON_TEXT.exec(name) ?? [];
  if (json !== undefined) return send(200, JSON_TYPE, () => json);
  const [, status, body = ""] = STATUS.exec(name) ?? [];
  if (status !== undefined) return send(Number(status), JSON_TYPE, BODIES[body] ?? (() => errorBody(body)));
  const [, refused, value = ""] = RETRY_AFTER.exec(name) ?? [];
  if (refused !== undefined) return send(Number(refused), { "retry-after": value }, () => "");
  return FAULTS[name] ?? send(418, {}, () => `no such fault: ${name}`);
}

/** The requests of one case so far, and the callers waiting for its connections to close. */
interface Case {
  readonly requests: SeenRequest[];
  open: number;
  readonly waiting: (() => void)[];
}

function createFaultyUpstream(): Server {
  const cases = new Map<string, Case>();
  const caseOf = (name: string): Case => {
    const known = cases.get(name) ?? { requests: [], open: 0, waiting: [] };
    cases.set(name, known);
    return known;
  };

  const tell = (what: string, name: string, response: ServerResponse) => {
    const { requests, open, waiting } = caseOf(name);
    const seen: Seen = { requests };
    const answer = () => void response.writeHead(200, JSON_TYPE).end(JSON.stringify(seen));
    if (what === "closed" && open > 0) waiting.push(answer);
    else answer();
  };

  const receive = async (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? "";
    const [, fault = "", name = "", callName = ""] = path.split("/").map(decodeURIComponent);
    if (request.method === "GET") return tell(fault, name, response);

    const seen = caseOf(name);
    seen.open += 1;
    response.on("close", () => {
      seen.open -= 1;
      if (seen.open === 0) for (const answer of seen.waiting.splice(0)) answer();
    });
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const headers = Object.fromEntries(Object.entries(request.headers).map(([key, value]) => [key, String(value)]));
    seen.requests.push({ method: request.method ?? "", path, headers, body: Buffer.concat(chunks).toString("utf8") });
    const good = JSON.stringify(callName === "createTask" ? CREATED : PROCESSING);
    faultOf(fault)({ response, good, path });
  };

  return createServer((request, response) => void receive(request, response).catch(() => response.destroy()));
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address: string | AddressInfo | null = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return `http://127.0.0.1:${address.port}`;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

/** vitest's global setup: the addresses reach the tests by `inject("faultyUpstream")`. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const unused = createServer();
  const rejectingUrl = await listen(unused);
  const server = createFaultyUpstream();
  const url = await listen(server);
  await close(unused);
  project.provide("faultyUpstream", { url, rejectingUrl });
  return () => close(server);
}
