/**
 * The sandbox upstream behind a real port of the loopback interface, for the command, the demo, end-to-end tests and
 * benches. It notes what was asked of it, and refuses to listen to anything but this machine.
 */
import type { EventEmitter } from "node:events";
import { createServer } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { getRequestListener } from "@hono/node-server";
import { z } from "zod";
import { createSandbox } from "../../src/upstream/sandbox.ts";

const HOST = "127.0.0.1";

/** Requests; a bench of some minutes fits, and a server that runs for days does not grow. */
const MAX_NOTED_REQUESTS = 10_000;

/** One request as it arrived, noted when it has been answered. */
export type SandboxRequest = {
  /** When it arrived, in ms since the epoch. */
  at: number;
  /**
   * When its exchange ended, in ms since the epoch: the answer was ready to leave or, if that came first, whoever asked was
   * gone. No client can have had the answer before.
   */
  endedAt: number;
  path: string;
  /** The task asked for (getTaskResult) or made (createTask); null where there is none to be read. */
  taskId: string | null;
  /** createTask's `pageAction`, by which a caller can tell its tasks apart; null where there is none to be read. */
  pageAction: string | null;
  /** The HTTP status of the answer, whether or not anybody was left to hear it. */
  status: number;
};

/** A sandbox that listens. */
export type RunningSandbox = {
  /** The origin, such as `http://127.0.0.1:9900`. */
  url: string;
  /** Stops listening and drops the connections that are open. */
  close(): Promise<void>;
  /** The last 10,000 requests, in the order of their answers. */
  requests: SandboxRequest[];
};

const withTaskId = z.object({ taskId: z.string() });
const withPageAction = z.object({ task: z.object({ pageAction: z.string() }) });

/** Starts a sandbox on a port (0: any free one). Rejects where the port cannot be had. */
export async function startSandbox(port: number): Promise<RunningSandbox> {
  // An unreferenced timer: a slow answer must not keep a process alive whose server has been closed.
  const sandbox = createSandbox({ sleep: (ms) => delay(ms, undefined, { ref: false }) });
  const requests: SandboxRequest[] = [];

  const answer = async (request: Request, { outgoing }: { outgoing: EventEmitter }): Promise<Response> => {
    const at = Date.now();
    let goneAt: number | null = null;
    outgoing.once("close", () => {
      goneAt = Date.now();
    });
    const asked = readJson(request.clone());
    const response = await sandbox.fetch(request);
    const endedAt = goneAt ?? Date.now();
    const body = await asked;
    requests.push({
      at,
      endedAt,
      path: new URL(request.url).pathname,
      taskId: taskIdIn(body) ?? taskIdIn(await readJson(response.clone())),
      pageAction: withPageAction.safeParse(body).data?.task.pageAction ?? null,
      status: response.status,
    });
    if (requests.length > MAX_NOTED_REQUESTS) requests.shift();
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
  if (address === null || typeof address === "string") throw new Error("The sandbox listens, but on no TCP port");

  return {
    url: `http://${HOST}:${address.port}`,
    close: () =>
      new Promise<void>((resolve) => {
        // Its only error says that the server is closed already, which is what was asked.
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    requests,
  };
}

/** A body of either direction; undefined where it is not JSON, or is cut off. */
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
