// The sandbox upstream on a port of the loopback interface, for the command, the demo, the end-to-end tests and the benches. It
// records the requests that it gets.
import type { EventEmitter } from "node:events";
import { createServer } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { getRequestListener } from "@hono/node-server";
import { z } from "zod";
import { createSandbox } from "../../src/upstream/sandbox.ts";

const HOST = "127.0.0.1";

/** The last requests that are kept: enough for a bench of some minutes, and a bound for a server that runs for days. */
const MAX_REQUESTS = 10_000;

/** One request, recorded when it has been answered. */
export type SandboxRequest = {
  /** When it arrived, in ms since the epoch. */
  at: number;
  /**
   * When it ended, in ms since the epoch: the response was ready, or the client had closed the connection before. No client can
   * have received the response earlier.
   */
  endedAt: number;
  path: string;
  /** The task that was read (getTaskResult) or created (createTask); null where neither body contains one. */
  taskId: string | null;
  /** createTask's `pageAction`, by which a test can tell its tasks apart; null for other requests. */
  pageAction: string | null;
  /** The HTTP status of the response, also when the client was gone. */
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

/** Starts a sandbox on a port (0: any free one). Rejects when the port is not available. */
export async function startSandbox(port: number): Promise<RunningSandbox> {
  // The timer is unreferenced: a slow response must not keep a process alive after its server was closed.
  const sandbox = createSandbox({ sleep: (ms) => delay(ms, undefined, { ref: false }) });
  const requests: SandboxRequest[] = [];

  const answer = async (request: Request, { outgoing }: { outgoing: EventEmitter }): Promise<Response> => {
    const at = Date.now();
    let goneAt: number | null = null;
    outgoing.once("close", () => {
      goneAt = Date.now();
    });
    const requestBody = readJson(request.clone());
    const response = await sandbox.fetch(request);
    const endedAt = goneAt ?? Date.now();
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
  const server = createServer(getRequestListener(answer, { overrideGlobalObjects: false }));
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
        // The only possible error is that the server is closed already.
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    requests,
  };
}

/** The body of a request or response; undefined when it is not complete JSON. */
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
