// The sandbox: a simulated upstream, so that test keys, the demo, tests and benches run the same code as live tasks. It has no state
// and returns dummy tokens. It runs in workerd and in Node, so it must not import from either.

import { type Context, Hono } from "hono";
import { z } from "zod";
import {
  type Answer,
  answerToCreate,
  answerToPoll,
  formatTaskId,
  NO_SUCH_TASK,
  parseScenario,
  parseTaskId,
} from "./scenario.ts";

/** Dependencies of the sandbox. */
export type SandboxOptions = {
  /** The current time in ms since the epoch. By default, `Date.now`. */
  now?: () => number;
  /** Resolves after `ms` milliseconds. By default, a timer. Used only by `sandbox-slow-<ms>`. */
  sleep?: (ms: number) => Promise<void>;
};

const TASK_TYPE = "RecaptchaV3TaskProxyless";

const nonEmpty = z.string().min(1);
const present = z.unknown().refine((value) => value !== undefined && value !== null);

/** A check of a request. Only the first failed check is reported, as the real upstream does. */
type Check = { readonly schema: z.ZodType; readonly code: string; readonly description: string };

const ENVELOPE_CHECKS: readonly Check[] = [
  {
    schema: z.record(z.string(), z.unknown()),
    code: "ERROR_BAD_REQUEST",
    description: "The body is not a JSON object",
  },
  { schema: z.object({ clientKey: nonEmpty }), code: "ERROR_KEY_DOES_NOT_EXIST", description: "clientKey is missing" },
];

const CREATE_CHECKS: readonly Check[] = [
  ...ENVELOPE_CHECKS,
  { schema: z.object({ task: present }), code: "ERROR_TASK_ABSENT", description: "task is missing" },
  {
    schema: z.object({ task: z.record(z.string(), z.unknown()) }),
    code: "ERROR_BAD_REQUEST",
    description: "task is not an object",
  },
  {
    schema: z.object({ task: z.object({ type: z.literal(TASK_TYPE) }) }),
    code: "ERROR_TASK_NOT_SUPPORTED",
    description: `task.type is not ${TASK_TYPE}`,
  },
];

// Clients of the protocol send null for optional fields, and fields of other task types.
const createRequest = z.object({
  task: z.object({
    websiteURL: nonEmpty,
    websiteKey: nonEmpty,
    pageAction: nonEmpty,
    checkField: z.string().nullish(),
    websiteTitle: z.string().nullish(),
    isInvisible: z.boolean().nullish(),
  }),
});

const resultRequest = z.object({ taskId: present });

/** Creates the sandbox as a Hono app with both calls at its root. */
export function createSandbox(options: SandboxOptions = {}): Hono {
  const now = options.now ?? (() => Date.now());
  const sleep = options.sleep ?? ((ms) => new Promise<void>((resolve) => setTimeout(resolve, ms)));
  const app = new Hono();

  app.post("/createTask", async (c) => {
    const body = await readJson(c);
    const rejection = firstFailure(CREATE_CHECKS, body);
    if (rejection !== null) return respond(c, rejection, "");
    const request = createRequest.safeParse(body);
    if (!request.success) return respond(c, badRequest(request.error), "");

    const { websiteKey } = request.data.task;
    const scenario = parseScenario(websiteKey);
    if (scenario.kind === "slow") await sleep(scenario.ms);
    return respond(c, answerToCreate(scenario), formatTaskId(now(), randomNonce(), websiteKey));
  });

  app.post("/getTaskResult", async (c) => {
    const body = await readJson(c);
    const rejection = firstFailure(ENVELOPE_CHECKS, body);
    if (rejection !== null) return respond(c, rejection, "");
    const request = resultRequest.safeParse(body);
    if (!request.success) return respond(c, badRequest(request.error), "");

    const task = parseTaskId(request.data.taskId);
    if (task === null) return respond(c, NO_SUCH_TASK, "");
    if (task.scenario.kind === "slow") await sleep(task.scenario.ms);
    return respond(c, answerToPoll(task.scenario, now() - task.createdAt), task.taskId);
  });

  app.notFound((c) =>
    c.json({ errorId: 1, errorCode: "ERROR_NO_SUCH_METHOD", errorDescription: "No such path or method" }, 404),
  );
  return app;
}

/** Builds the HTTP response. As in the upstream API documentation, empty errors are `""` in createTask and null in getTaskResult. */
function respond(c: Context, answer: Answer, taskId: string): Response {
  const created = { errorId: 0, errorCode: "", errorDescription: "", taskId };
  const polled = { errorId: 0, errorCode: null, errorDescription: null };
  switch (answer.kind) {
    case "created":
      return c.json(created);
    case "createdReady":
      return c.json({ ...created, status: "ready", solution: dummySolution(taskId) });
    case "processing":
      return c.json({ ...polled, status: "processing" });
    case "ready":
      return c.json({ ...polled, status: "ready", solution: dummySolution(taskId) });
    case "error":
      return c.json({ errorId: 1, errorCode: answer.code, errorDescription: answer.description });
    case "http":
      return textResponse(answer.status);
    case "malformed":
      return truncatedJson(JSON.stringify(created));
    default:
      return answer satisfies never;
  }
}

/** A dummy solution: unique per task, the same at every poll, and recognizable as a sandbox token. */
function dummySolution(taskId: string) {
  return {
    gRecaptchaResponse: `sandbox.this-token-is-worthless-and-only-for-tests.${taskId}`,
    cookies: { _GRECAPTCHA: `sandbox.this-cookie-is-worthless-and-only-for-tests.${taskId}` },
  };
}

function textResponse(status: number): Response {
  // The constructor throws if one of these statuses has a body.
  const mayHaveBody = status !== 204 && status !== 205 && status !== 304;
  return new Response(mayHaveBody ? `The sandbox returns HTTP ${status}, as the websiteKey requests.\n` : null, {
    status,
    headers: mayHaveBody ? { "Content-Type": "text/plain; charset=utf-8" } : {},
  });
}

/** Half of a valid response, cut inside the id so that no id can be recovered from it. */
function truncatedJson(text: string): Response {
  return new Response(text.slice(0, text.length / 2), { headers: { "Content-Type": "application/json" } });
}

function firstFailure(checks: readonly Check[], body: unknown): Answer | null {
  const failed = checks.find((check) => !check.schema.safeParse(body).success);
  return failed === undefined ? null : { kind: "error", code: failed.code, description: failed.description };
}

function badRequest(error: z.ZodError): Answer {
  const paths = error.issues.map((issue) => issue.path.join("."));
  return { kind: "error", code: "ERROR_BAD_REQUEST", description: `Missing or of the wrong type: ${paths.join(", ")}` };
}

/** The body, or undefined if it is not JSON. No schema accepts undefined. */
async function readJson(c: Context): Promise<unknown> {
  try {
    return await c.req.json();
  } catch {
    return undefined;
  }
}

/** 64 random bits as 16 hex digits. */
function randomNonce(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
