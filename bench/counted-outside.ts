// The outside of the counted tasks: an upstream that finds each task ready at its fourth poll, however fast the clock runs, rejects
// those of one site key, and takes webhooks. It checks nothing: the sandbox does.

import { createServer } from "node:http";
import { z } from "zod";
import { ending } from "./endings.ts";

/** Polls of each task; the last finds it ready. */
export const POLLS = 4;

const REJECTED_KEY = "rejected";

const created = z.object({ task: z.object({ websiteKey: z.string() }) });
const polled = z.object({ taskId: z.number() });

export interface CountedOutside {
  readonly url: string;
  /** A `websiteKey` whose tasks upstream rejects. */
  readonly rejectedKey: string;
  close(): Promise<void>;
}

export async function openCountedOutside(): Promise<CountedOutside> {
  /** Polls by task: its id is its place. Upstreams count from 1: 0 is no id. */
  const polls: number[] = [0];
  const answer = (path: string, body: unknown): object => {
    switch (path) {
      case "/createTask": {
        const { websiteKey } = created.parse(body).task;
        const errorCode = "ERROR_RECAPTCHA_INVALID_SITEKEY";
        if (websiteKey === REJECTED_KEY) return { errorId: 1, errorCode, errorDescription: "As asked" };
        return { errorId: 0, taskId: polls.push(0) - 1 };
      }
      case "/getTaskResult": {
        const { taskId } = polled.parse(body);
        const count = (polls[taskId] ?? 0) + 1;
        polls[taskId] = count;
        const solution = { gRecaptchaResponse: "token-of-the-bench" };
        return count < POLLS ? { errorId: 0, status: "processing" } : { errorId: 0, status: "ready", solution };
      }
      default:
        return {};
    }
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer(request.url ?? "", body)));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const close = ending(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { url: `http://127.0.0.1:${address.port}`, rejectedKey: REJECTED_KEY, close };
}
