// A proxy between client and gateway that fails as planned: it loses requests and responses, delays responses, and responds itself.
// It records what passed. It listens on loopback only.

import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, request as requestOf } from "node:http";

/** What goes wrong with one request. */
type Mishap =
  /** It does not arrive. */
  | { readonly tag: "lostRequest" }
  /** The gateway responds, and the response is lost. */
  | { readonly tag: "lostAnswer" }
  /** The gateway responds, and the response is held until the client closes the connection. */
  | { readonly tag: "keptAnswer" }
  /** The proxy responds instead of the gateway. */
  | {
      readonly tag: "answer";
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
  /** What goes wrong with the next requests, one each. Those after them pass. */
  plan(...mishaps: Mishap[]): void;
  close(): Promise<void>;
}

/** Starts a proxy in front of the gateway at `origin`. */
export async function startProxy(origin: string): Promise<LossyProxy> {
  const passed: Passed[] = [];
  const mishaps: Mishap[] = [];
  const server = createServer((incoming, outgoing) => {
    const { method = "", url: path = "", headers } = incoming;
    const note: Passed = { at: Date.now(), method, path, headers, status: null };
    passed.push(note);
    const mishap = mishaps.shift();
    if (mishap?.tag === "lostRequest") return void incoming.socket.destroy();
    if (mishap?.tag === "answer") {
      incoming.resume();
      return void outgoing.writeHead(mishap.status, mishap.headers).end(mishap.body);
    }
    forward(origin, incoming, outgoing, (answer) => {
      note.status = answer.statusCode ?? null;
      if (mishap === undefined) answer.pipe(outgoing.writeHead(answer.statusCode ?? 502, answer.headers));
      else answer.resume();
      if (mishap?.tag === "lostAnswer") incoming.socket.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    passed,
    plan: (...more) => void mishaps.push(...more),
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
  onAnswer: (answer: IncomingMessage) => void,
): void {
  const { method, url, headers } = incoming;
  const onward = requestOf(new URL(url ?? "/", origin), { method, headers, agent: false }, onAnswer);
  // A gateway that is away looks like a broken connection, as it would without a proxy.
  onward.on("error", () => incoming.socket.destroy());
  outgoing.on("close", () => onward.destroy());
  incoming.pipe(onward);
}
