// A proxy between client and gateway that fails as planned: it loses requests and responses, delays responses, and responds itself. It
// records all requests. It listens on loopback only.

import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, request as requestOf } from "node:http";
import { listening } from "./listening.ts";

/** A planned failure of one request. */
type PlannedFailure =
  /** The request does not reach the gateway. */
  | { readonly tag: "lostRequest" }
  /** The gateway responds, and the response is lost. */
  | { readonly tag: "lostResponse" }
  /** The gateway responds, and the response is held until the client closes the connection. */
  | { readonly tag: "heldResponse" }
  /** The proxy responds instead of the gateway. */
  | {
      readonly tag: "response";
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string;
    };

interface Passed {
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  /** The status of the gateway's response; null without one. */
  status: number | null;
}

export interface LossyProxy {
  readonly url: string;
  readonly passed: Passed[];
  /** Plans the failures of the next requests, one each. Later requests pass. */
  plan(...failures: PlannedFailure[]): void;
  close(): Promise<void>;
}

/** Starts a proxy in front of the gateway at `origin`. */
export async function startProxy(origin: string): Promise<LossyProxy> {
  const passed: Passed[] = [];
  const planned: PlannedFailure[] = [];
  const server = createServer((incoming, outgoing) => {
    const { method = "", url: path = "", headers } = incoming;
    const note: Passed = { at: Date.now(), method, path, headers, status: null };
    passed.push(note);
    const failure = planned.shift();
    if (failure?.tag === "lostRequest") return void incoming.socket.destroy();
    if (failure?.tag === "response") {
      incoming.resume();
      return void outgoing.writeHead(failure.status, failure.headers).end(failure.body);
    }
    forward(origin, incoming, outgoing, (response) => {
      note.status = response.statusCode ?? null;
      if (failure === undefined) response.pipe(outgoing.writeHead(response.statusCode ?? 502, response.headers));
      else response.resume();
      if (failure?.tag === "lostResponse") incoming.socket.destroy();
    });
  });
  return {
    url: await listening(server),
    passed,
    plan: (...more) => void planned.push(...more),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function forward(
  origin: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  onResponse: (response: IncomingMessage) => void,
): void {
  const { method, url, headers } = incoming;
  const onward = requestOf(new URL(url ?? "/", origin), { method, headers, agent: false }, onResponse);
  // Without a proxy, a gateway that is down would look like a broken connection too.
  onward.on("error", () => incoming.socket.destroy());
  outgoing.on("close", () => onward.destroy());
  incoming.pipe(onward);
}
