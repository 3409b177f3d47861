// A receiver of webhooks that misbehaves over real HTTP: vitest starts it once, in Node, before the tests that run inside
// workerd. The path selects the failure: `/hook/<fault>/<case>`, where `<case>` is any word that identifies the test's requests:
// `GET /seen/<case>` returns them, `GET /closed/<case>` answers once every connection of the case is closed.
// It listens on the loopback only. The path alone chooses the response.

import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TestProject } from "vitest/node";
import { GIGABYTE, type SeenWebhook, type SeenWebhooks } from "./receiver-faults.ts";

/** Between two bytes of a drip (ms): short enough that a byte falls into any time-out of a test. */
const DRIP_MS = 50;

type Fault = (response: ServerResponse, name: string) => void;

const send =
  (status: number, headers: Record<string, string> = {}, body = ""): Fault =>
  (response) =>
    void response.writeHead(status, headers).end(body);

/** Raw bytes instead of a response. `then` is called once they are sent. */
const raw =
  (bytes: string, then: (response: ServerResponse) => void): Fault =>
  (response) =>
    void response.socket?.write(bytes, () => then(response));

const reset = (response: ServerResponse) => void response.socket?.resetAndDestroy();
const end = (response: ServerResponse) => void response.socket?.end();

const HALF_A_HEADER = "HTTP/1.1 200 OK\r\ncontent-ty";
const HEADERS = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n";

/** Writes one byte at a time without end. */
const drip =
  (begin: string, byte: string): Fault =>
  (response) => {
    response.socket?.write(begin);
    const timer = setInterval(() => response.socket?.write(byte), DRIP_MS);
    response.on("close", () => clearInterval(timer));
  };

/** So many bytes, as fast as the other end reads. */
const long =
  (length: number, headers: Record<string, string>): Fault =>
  (response) => {
    const blanks = Buffer.alloc(64 * 1024, " ");
    let left = length;
    response.writeHead(200, headers);
    const more = () => {
      while (left > 0 && !response.destroyed) {
        left -= blanks.length;
        if (!response.write(blanks)) return;
      }
      if (left <= 0) response.end();
    };
    response.on("drain", more);
    more();
  };

const FAULTS: Readonly<Record<string, Fault>> = {
  hints: raw("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n", end),
  "reset-before-answer": reset,
  "closed-before-answer": end,
  "reset-mid-headers": raw(HALF_A_HEADER, reset),
  "closed-mid-headers": raw(HALF_A_HEADER, end),
  "not-http": raw("220 mail.example ESMTP\r\n", end),
  hang: () => undefined,
  "hang-mid-headers": raw(HALF_A_HEADER, () => undefined),
  "drip-of-headers": drip("HTTP/1.1 200 OK\r\n", "x"),
  "hang-after-headers": raw(HEADERS, () => undefined),
  "drip-of-body": drip(HEADERS, " "),
  "reset-mid-body": raw(`${HEADERS}half`, reset),
  "closed-mid-body": raw(`${HEADERS}half`, end),
  gigabyte: long(GIGABYTE, { "content-length": String(GIGABYTE) }),
  endless: long(Number.POSITIVE_INFINITY, {}),
  "bad-gzip": send(200, { "content-encoding": "gzip" }, "no gzip at all"),
};

/** `status-<status>`: that status with a body where it may have one; a redirect leads back here, to an answer of 200. */
const STATUS = /^status-(\d{3})$/;

/** `retry-after-<status>-<value>`: an empty body with that header. */
const RETRY_AFTER = /^retry-after-(\d{3})-(.+)$/;

function faultOf(fault: string, origin: string): Fault {
  const [, refused, value = ""] = RETRY_AFTER.exec(fault) ?? [];
  if (refused !== undefined) return send(Number(refused), { "retry-after": value });
  const status = Number(STATUS.exec(fault)?.[1] ?? "418");
  if (status === 204) return FAULTS[fault] ?? send(204);
  if (status < 300 || status >= 400) return FAULTS[fault] ?? send(status, {}, "thank you");
  return (response, name) => void response.writeHead(status, { location: `${origin}/hook/status-200/${name}` }).end();
}

/** The requests of one case so far, and the callers waiting for its connections to close. */
interface Case {
  readonly requests: SeenWebhook[];
  bytesSent: number;
  open: number;
  readonly waiting: (() => void)[];
}

function createReceiver(): RequestListener {
  const cases = new Map<string, Case>();
  const caseOf = (name: string): Case => {
    const known = cases.get(name) ?? { requests: [], bytesSent: 0, open: 0, waiting: [] };
    cases.set(name, known);
    return known;
  };

  const tell = (what: string, name: string, response: ServerResponse) => {
    const seen = caseOf(name);
    const answer = () => {
      const { requests, bytesSent } = seen;
      const body: SeenWebhooks = { requests, bytesSent };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    if (what === "closed" && seen.open > 0) seen.waiting.push(answer);
    else answer();
  };

  const receive = async (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const [, what = "", fault = "", name = ""] = (request.url ?? "").split("/").map(decodeURIComponent);
    if (what !== "hook") return tell(what, fault, response);

    const seen = caseOf(name);
    seen.open += 1;
    response.on("close", () => {
      seen.open -= 1;
      seen.bytesSent += socket.bytesWritten;
      if (seen.open === 0) for (const answer of seen.waiting.splice(0)) answer();
    });
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const headers = Object.fromEntries(Object.entries(request.headers).map(([key, value]) => [key, String(value)]));
    seen.requests.push({ method: request.method ?? "", headers, hex: Buffer.concat(chunks).toString("hex") });
    faultOf(fault, `http://${request.headers.host}`)(response, name);
  };

  return (request, response) => void receive(request, response).catch(() => response.destroy());
}

/** One element of DER, of at most 64 KiB. */
function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  // A length is written in as few bytes as it needs: strict readers refuse a longer form.
  const prefix = length < 0x80 ? [] : length < 0x100 ? [0x81] : [0x82, length >> 8];
  return Buffer.concat([Buffer.from([tag, ...prefix, length & 0xff]), content]);
}

/** A certificate (X.509 version 3, for the address 127.0.0.1, signed by itself) for a key of the curve P-256. */
function selfSigned(privateKey: KeyObject, publicKey: KeyObject): string {
  const text = (tag: number, value: string) => der(tag, Buffer.from(value, "latin1"));
  const algorithm = der(0x30, Buffer.from("06082a8648ce3d040302", "hex"));
  const name = der(0x30, der(0x31, der(0x30, Buffer.from("0603550403", "hex"), text(0x0c, "127.0.0.1"))));
  const validity = der(0x30, text(0x17, "200101000000Z"), text(0x17, "491231235959Z"));
  const spki = publicKey.export({ type: "spki", format: "der" });
  const version = Buffer.from("a003020102", "hex");
  const address = Buffer.from("a3133011300f0603551d1104083006", "hex");
  const extensions = Buffer.concat([address, Buffer.from([0x87, 4, 127, 0, 0, 1])]);
  const signed = der(0x30, version, der(0x02, Buffer.from([1])), algorithm, name, validity, name, spki, extensions);
  const signature = der(0x03, Buffer.from([0]), sign("sha256", signed, privateKey));
  const base64 = der(0x30, signed, algorithm, signature).toString("base64");
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address: string | AddressInfo | null = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return `127.0.0.1:${address.port}`;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

/** vitest's global setup: the addresses reach the tests by `inject("faultyReceiver")`. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const unused = createServer();
  const receive = createReceiver();
  const server = createServer(receive);
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = privateKey.export({ type: "pkcs8", format: "pem" });
  const untrusted = createTlsServer({ key, cert: selfSigned(privateKey, publicKey) }, receive);
  const rejecting = await listen(unused);
  project.provide("faultyReceiver", {
    url: `http://${await listen(server)}`,
    untrustedUrl: `https://${await listen(untrusted)}`,
    rejectingUrl: `http://${rejecting}`,
  });
  await close(unused);
  return async () => {
    await Promise.all([close(server), close(untrusted)]);
  };
}
