// The sandbox upstream on a loopback port, for the command, the demo, the end-to-end tests and the benches. It records its requests.

import type { EventEmitter } from "node:events";
import { createServer } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { getRequestListener } from "@hono/node-server";
import { z } from "zod";
import { createSandbox } from "../../src/upstream/sandbox.ts";

const HOST = "127.0.0.1";

/** How many requests are kept. It is enough for a bench of some minutes, and limits a server that runs for days. */
const MAX_REQUESTS = 10_000;

/** A request, recorded when the response is ready. */
export type SandboxRequest = {
  /** When it arrived, in ms since the epoch. */
  at: number;
  /**
   * When it ended, in ms since the epoch: when the response was ready, or the client closed the connection before that. No client
   * received the response earlier.
   */
  endedAt: number;
  path: string;
  /** The task that was read (getTaskResult) or created (createTask), or null if neither body contains one. */
  taskId: string | null;
  /** The `pageAction` of createTask, by which a test distinguishes its tasks; null for other requests. */
  pageAction: string | null;
  /** The HTTP status of the response, also if the client has closed the connection. */
  status: number;
};

/** A running sandbox. */
export type RunningSandbox = {
  /** The origin, such as `http://127.0.0.1:9900`. */
  url: string;
  /** Stops listening and closes open connections. */
  close(): Promise<void>;
  /** The last 10,000 requests, in the order of their responses. */
  requests: SandboxRequest[];
};

const withTaskId = z.object({ taskId: z.string() });
const withPageAction = z.object({ task: z.object({ pageAction: z.string() }) });

/** Starts a sandbox on a port, or on any free port for 0. Rejects when the port is not available. */
export async function startSandbox(port: number): Promise<RunningSandbox> {
  // The timer is unreferenced, because a slow response must not keep the process alive after the server was closed.
  const sandbox = createSandbox({ sleep: (ms) => delay(ms, undefined, { ref: false }) });
  const requests: SandboxRequest[] = [];

  const respond = async (request: Request, { outgoing }: { outgoing: EventEmitter }): Promise<Response> => {
    const at = Date.now();
    let closedAt: number | null = null;
    outgoing.once("close", () => {
      closedAt = Date.now();
    });
    const requestBody = readJson(request.clone());
    const response = await sandbox.fetch(request);
    const endedAt = closedAt ?? Date.now();
    const body = await requestBody;
    requests.push({
      at,
      endedAt,
      path: new URL(request.url).pathname,
      taskId: taskIdIn(body) ?? taskIdIn(await readJson(response.clone())),
      pageAction: withPageAction.safeParse(body).data?.task.pageAction ?? null,
      status: response.status,
    });
    if (requests.length > MAX_REQUESTS) requests.shift();
    return response;
  };

  // The adapter would replace this process's Request and Response, which the tests and benches use too.
  const server = createServer(getRequestListener(respond, { overrideGlobalObjects: false }));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, HOST, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The sandbox does not listen on a TCP port");

  return {
    url: `http://${HOST}:${address.port}`,
    close: () =>
      new Promise<void>((resolve) => {
        // The only possible error is that the server was closed before.
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    requests,
  };
}

/** The body of a request or response, or undefined when it is not JSON. */
async function readJson(message: Request | Response): Promise<unknown> {
  try {
    return await message.json();
  } catch {
    return undefined;
  }
}

function taskIdIn(body: unknown): string | null {
  return withTaskId.safeParse(body).data?.taskId ?? null;
}
