// An upstream and a webhook receiver for the gateway on one port of this process. Both record their requests. They need less CPU than the
// sandbox, so that the load generator does not affect the figures.

import { createServer } from "node:http";
import { z } from "zod";
import { onCleanup } from "./cleanup.ts";
import type { Variables } from "./runtime.ts";

/**
 * The `websiteKey` decides what happens to a task: `ready-<ms>` after the response to createTask, `polls-<n>` ready at the n-th poll,
 * `never` ready, `reject` at createTask, `fail` at the first poll.
 */
const WEBSITE_KEY = /^(?:(ready|polls)-(\d+)|never|reject|fail)$/;

const createSchema = z.object({
  task: z.object({ websiteKey: z.string().regex(WEBSITE_KEY), pageAction: z.string() }),
});
const pollSchema = z.object({ taskId: z.number() });
const webhookSchema = z.object({
  type: z.string(),
  data: z.object({ id: z.string(), finishedAt: z.string(), task: z.object({ pageAction: z.string() }) }),
});

/** A task at the upstream. Times are in ms since the epoch. */
export interface UpstreamTask {
  /** `pageAction`, which the bench uses as a name. */
  readonly name: string;
  readonly websiteKey: string;
  readonly createdAt: number;
  readonly polls: { readonly at: number; readonly answeredAt: number }[];
}

interface ReceivedWebhook {
  readonly at: number;
  readonly type: string;
  readonly taskId: string;
  /** The task's `pageAction`. */
  readonly name: string;
  readonly finishedAt: number;
}

export interface Outside {
  /** The variables of a gateway that uses this upstream and this receiver. */
  readonly variables: Variables;
  readonly webhookUrl: string;
  readonly tasks: UpstreamTask[];
  readonly webhooks: ReceivedWebhook[];
  close(): Promise<void>;
}

export async function openOutside(): Promise<Outside> {
  const tasks: UpstreamTask[] = [];
  const webhooks: ReceivedWebhook[] = [];
  const answerOf = (path: string, body: unknown, at: number): object => {
    switch (path) {
      case "/createTask": {
        const { websiteKey, pageAction } = createSchema.parse(body).task;
        if (websiteKey === "reject") return rejection("ERROR_RECAPTCHA_INVALID_SITEKEY");
        // Ids begin at 1, because 0 is not a valid id.
        return { errorId: 0, taskId: tasks.push({ name: pageAction, websiteKey, createdAt: Date.now(), polls: [] }) };
      }
      case "/getTaskResult": {
        const task = tasks[pollSchema.parse(body).taskId - 1];
        if (task === undefined) return rejection("ERROR_NO_SUCH_CAPCHA_ID");
        task.polls.push({ at, answeredAt: Date.now() });
        if (task.websiteKey === "fail") return rejection("ERROR_CAPTCHA_UNSOLVABLE");
        const solution = { gRecaptchaResponse: `token-of-${task.name}` };
        return isReady(task) ? { errorId: 0, status: "ready", solution } : { errorId: 0, status: "processing" };
      }
      default: {
        const { type, data } = webhookSchema.parse(body);
        const { id: taskId, finishedAt, task } = data;
        webhooks.push({ at, type, taskId, name: task.pageAction, finishedAt: Date.parse(finishedAt) });
        return {};
      }
    }
  };
  const server = createServer((request, response) => {
    const at = Date.now();
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.once("end", () => {
      const answer = answerOf(request.url ?? "", JSON.parse(Buffer.concat(chunks).toString("utf8")), at);
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The upstream does not listen on a TCP port");
  const url = `http://127.0.0.1:${address.port}`;
  const close = onCleanup(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const variables = {
    UPSTREAM_URL: url,
    UPSTREAM_CLIENT_KEY: "operator-key-of-the-bench",
    ALLOW_PRIVATE_WEBHOOKS: "true",
    // Every first poll comes after 3 s. The adaptive first poll is simulated.
    ADAPTIVE_FIRST_POLL: "false",
  };
  return { variables, webhookUrl: `${url}/webhook`, tasks, webhooks, close };
}

/** The body of a task for this upstream. */
export function taskBody(websiteKey: string, name: string, more: Readonly<Record<string, unknown>> = {}): object {
  const task = {
    type: "RecaptchaV3TaskProxyless",
    websiteURL: "https://example.com/login",
    websiteKey,
    pageAction: name,
    websiteTitle: "Log in to the example shop",
  };
  return { task, timeoutSeconds: 300, ...more };
}

/** When (ms since the epoch) the upstream has the solution of a `ready-<ms>` task. */
export const readyAtOf = ({ createdAt, websiteKey }: UpstreamTask): number =>
  createdAt + Number(websiteKey.slice("ready-".length));

function isReady(task: UpstreamTask): boolean {
  const [, kind, count] = WEBSITE_KEY.exec(task.websiteKey) ?? [];
  return kind === "polls" ? task.polls.length >= Number(count) : kind === "ready" && Date.now() >= readyAtOf(task);
}

const rejection = (errorCode: string) => ({
  errorId: 1,
  errorCode,
  errorDescription: "The websiteKey asks for this error.",
});
