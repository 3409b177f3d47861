// A server that fails over real HTTP, in Node, on the loopback. It records the requests of each case and leaves the response to a
// failure, which the path selects.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { SeenRequests } from "./failing-servers.ts";

/** Between two bytes of a drip (ms): short enough that a byte falls into any timeout of a test. */
const DRIP_MS = 50;

/** A request to answer. */
export interface Asked {
  readonly response: ServerResponse;
  readonly path: string;
  /** The base URL of a case, for redirects. */
  readonly urlOf: (failure: string) => string;
}
export type Failure = (asked: Asked) => void;

/** The requests of one case so far, and the callers waiting for its connections to close. */
interface Case {
  readonly requests: SeenRequests["requests"][number][];
  bytesSent: number;
  open: number;
  readonly waiting: (() => void)[];
}

export const reset = ({ response }: Pick<Asked, "response">) => void response.socket?.resetAndDestroy();
export const end = ({ response }: Pick<Asked, "response">) => void response.socket?.end();

/** Raw bytes instead of a response. `then` is called once they are sent. */
export const raw =
  (bytes: string, then: Failure): Failure =>
  (asked) =>
    void asked.response.socket?.write(bytes, () => then(asked));

/** Calls `write` with the number of each byte until the connection is closed. */
export function drip(response: ServerResponse, write: (index: number) => void): void {
  let index = 0;
  const timer = setInterval(() => write(index++), DRIP_MS);
  response.on("close", () => clearInterval(timer));
}

/** So many blanks, as fast as the other end reads. */
export function sendBlanks(response: ServerResponse, length: number): void {
  const blanks = Buffer.alloc(64 * 1024, " ");
  let left = length;
  const more = () => {
    while (left > 0 && !response.destroyed) {
      left -= blanks.length;
      if (!response.write(blanks)) return;
    }
    if (left <= 0) response.end();
  };
  response.on("drain", more);
  more();
}

/** `retry-after-<status>-<value>`: an empty body with that header; undefined for other names. */
export function retryAfterFailure(name: string): Failure | undefined {
  const [, status, value = ""] = /^retry-after-(\d{3})-(.+)$/.exec(name) ?? [];
  if (status === undefined) return undefined;
  return ({ response }) => void response.writeHead(Number(status), { "retry-after": value }).end();
}

function createFailingServer(failureOf: (name: string) => Failure): Server {
  const cases = new Map<string, Case>();
  const caseOf = (name: string): Case => {
    const known = cases.get(name) ?? { requests: [], bytesSent: 0, open: 0, waiting: [] };
    cases.set(name, known);
    return known;
  };

  const report = (name: string, response: ServerResponse, waits: boolean) => {
    const seen = caseOf(name);
    const answer = () => {
      const { requests, bytesSent } = seen;
      const body: SeenRequests = { requests, bytesSent };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    if (waits && seen.open > 0) seen.waiting.push(answer);
    else answer();
  };

  const receive = async (request: IncomingMessage, response: ServerResponse) => {
    const { socket, url: path = "" } = request;
    const [, failure = "", name = ""] = path.split("/").map(decodeURIComponent);
    if (failure === "seen" || failure === "closed") return report(name, response, failure === "closed");

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
    const body = Buffer.concat(chunks).toString("utf8");
    seen.requests.push({ method: request.method ?? "", path, headers, body });
    failureOf(failure)({ response, path, urlOf: (other) => `http://${request.headers.host}/${other}/${name}` });
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

/** Starts a server whose failures have these names. Returns its URLs, and what stops it. */
export async function startFailingServer(failureOf: (name: string) => Failure) {
  const unused = createServer();
  const closedPortUrl = await listen(unused);
  const server = createFailingServer(failureOf);
  const url = await listen(server);
  await close(unused);
  return { urls: { url, closedPortUrl }, stop: () => close(server) };
}
