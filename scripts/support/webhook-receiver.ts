// A webhook receiver on loopback, for the demo, the end-to-end tests and the crash test. It records the exact bytes of each webhook and
// the status of its response.

import { createServer, type IncomingHttpHeaders } from "node:http";

export interface ReceivedWebhook {
  /** When it arrived, ms since the epoch. */
  readonly at: number;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
  /** The HTTP status of the response. */
  readonly status: number;
}

export interface WebhookReceiver {
  readonly url: string;
  readonly received: ReceivedWebhook[];
  /** Resolves with the `count`-th webhook (from 1) when it has arrived. */
  nth(count: number): Promise<ReceivedWebhook>;
  close(): Promise<void>;
}

/**
 * Starts a receiver.
 * @param statusOf returns the HTTP status for the n-th webhook (from 1), its body and the path of its URL; by default 204
 */
export async function startReceiver(
  statusOf: (count: number, body: string, path: string) => number = () => 204,
): Promise<WebhookReceiver> {
  const received: ReceivedWebhook[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8");
      const status = statusOf(received.length + 1, body, request.url ?? "");
      received.push({ at: Date.now(), body, headers: request.headers, status });
      response.writeHead(status).end();
      for (const look of [...waiting]) look();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The receiver does not listen on a TCP port");
  return {
    url: `http://127.0.0.1:${address.port}/webhook`,
    received,
    nth: (count) =>
      new Promise((resolve) => {
        const look = () => {
          const webhook = received[count - 1];
          if (webhook === undefined) return;
          waiting.delete(look);
          resolve(webhook);
        };
        waiting.add(look);
        look();
      }),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
