// A fake gateway with only the calls of `solvegate listen`, and a real WebSocket server. Tests decide which events it sends, and when it
// drops or rejects a connection. It listens on loopback only.

import { createServer, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { presentTask } from "../../src/tasks/present.ts";
import { newWebhookSecret, signWebhook, WEBHOOK_SECRET_BYTES } from "../../src/webhooks/sign.ts";
import { failedRecord, readyRecord } from "../support/records.ts";
import { listening } from "./listening.ts";

export const STREAM_KEY = "sg_test_acme_key-of-the-stream-tests";
export const STREAM_SECRET = newWebhookSecret(new Uint8Array(WEBHOOK_SECRET_BYTES).fill(9));

const SCOPES = ["tasks:write", "tasks:read", "account:read", "account:write"];

export interface FakeStream {
  readonly url: string;
  /** The HTTP requests other than upgrades. */
  readonly requests: string[];
  /** The query of each upgrade request, in order. */
  readonly upgrades: URLSearchParams[];
  /** Resolves when `count` connections have been opened in all. */
  opened(count: number): Promise<void>;
  /** Sends an event to every connection; returns its body. */
  send(id: string, type?: "task.ready" | "task.failed"): string;
  /** Drops all connections, as a crash does. */
  drop(): void;
  /** Rejects the next upgrades with problem details, until it is called with null. */
  reject(status: number | null, code?: string): void;
  close(): Promise<void>;
}

/** Starts a fake gateway. @param scopes of the key */
export async function startFakeStream(scopes: readonly string[] = SCOPES): Promise<FakeStream> {
  const requests: string[] = [];
  const upgrades: URLSearchParams[] = [];
  const waiting = new Set<() => void>();
  let opened = 0;
  let rejection: { status: number; code: string } | null = null;
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "solvegate.v1" });
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const known = request.headers.authorization === `Bearer ${STREAM_KEY}`;
    const body = known ? bodyOf(request.url ?? "", scopes) : problem(401, "unauthenticated");
    const status = "status" in body ? Number(body.status) : 200;
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgrades.push(new URL(request.url ?? "", "http://gateway").searchParams);
    const protocols = request.headers["sec-websocket-protocol"] ?? "";
    const rejected = protocols.includes(`bearer.${STREAM_KEY}`) ? rejection : { status: 401, code: "unauthenticated" };
    if (rejected !== null) return rejectUpgrade(socket, rejected.status, rejected.code);
    sockets.handleUpgrade(request, socket, head, (client: WebSocket) => {
      client.on("message", (data) => {
        if (String(data) === "ping") client.send("pong");
      });
      opened += 1;
      for (const look of [...waiting]) look();
    });
  });
  const url = await listening(server);
  return {
    url,
    requests,
    upgrades,
    opened: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (opened < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    send: (id, type = "task.ready") => {
      const data = presentTask(type === "task.ready" ? readyRecord() : failedRecord());
      const body = JSON.stringify({
        type,
        timestamp: new Date().toISOString(),
        data: { ...data, metadata: { ü: "😀" } },
      });
      const { headers } = signWebhook(id, body, [STREAM_SECRET], Date.now());
      for (const client of sockets.clients) client.send(JSON.stringify({ id, headers, body }));
      return body;
    },
    drop: () => {
      for (const client of sockets.clients) client.terminate();
    },
    reject: (status, code = "internal") => {
      rejection = status === null ? null : { status, code };
    },
    close: () =>
      new Promise((resolve) => {
        for (const client of sockets.clients) client.terminate();
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function bodyOf(url: string, scopes: readonly string[]): object {
  if (url === "/v1/keys/current") {
    const times = { createdAt: "2026-11-23T09:30:00.000Z", expiresAt: null };
    return { id: "key_1", name: "CI", mode: "test", scopes, tenantId: "acme", ...times };
  }
  if (url === "/v1/webhook/secret") return { secret: STREAM_SECRET, previous: null };
  return problem(
    url.startsWith("/v1/stream") ? 426 : 404,
    url.startsWith("/v1/stream") ? "upgrade_required" : "not_found",
  );
}

const problem = (status: number, code: string) => ({ type: "", title: code, status, detail: `It is ${code}.`, code });

function rejectUpgrade(socket: Duplex, status: number, code: string): void {
  const body = JSON.stringify(problem(status, code));
  const head = `HTTP/1.1 ${status} Rejected\r\ncontent-type: application/problem+json\r\nconnection: close\r\n`;
  socket.end(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}
