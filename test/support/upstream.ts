// A scripted outside of the gateway: two upstreams with lists of answers, which record their requests, a receiver of webhooks and a
// receiver of operator alerts. It replaces `fetch`, so a request to any other URL fails the test.

import { vi } from "vitest";
import { eventually } from "./time.ts";

/** One request as received. */
interface SeenRequest {
  readonly path: string;
  readonly body: unknown;
  readonly headers: Headers;
  /** By the test's clock (ms). */
  readonly at: number;
}

/** One answer. It can wait, and it can throw as a lost connection does. */
export type Answer = (request: SeenRequest) => Response | Promise<Response>;

/** The answers, in order. The last answer of each list repeats. */
export interface Script {
  readonly create?: readonly Answer[];
  readonly poll?: readonly Answer[];
  readonly receive?: readonly Answer[];
  /** What the second upstream does. */
  readonly second?: { readonly create?: readonly Answer[]; readonly poll?: readonly Answer[] };
  /** What the receiver of operator alerts does. */
  readonly alert?: readonly Answer[];
}

/** The host that `UPSTREAM_URL` of the tests names. */
const UPSTREAM_HOST = "upstream.test";

/** The host of the second upstream. */
const SECOND_HOST = "second.test";
export const SECOND_URL = `http://${SECOND_HOST}`;

/** Where a task's webhooks go in these tests. */
export const RECEIVER_URL = "https://receiver.example/hook";

/** Where operator alerts go in these tests. */
export const ALERTS_URL = "https://alerts.example/hook";

/** Requests that the outside has seen, oldest first. */
export interface Outside {
  readonly creates: SeenRequest[];
  readonly polls: SeenRequest[];
  readonly webhooks: SeenRequest[];
  readonly second: { readonly creates: SeenRequest[]; readonly polls: SeenRequest[] };
  readonly alerts: SeenRequest[];
  /** All of them. */
  readonly count: number;
}

/** Replaces `fetch` by a scripted outside until the mocks are restored. Without a script it rejects every request. */
export function scriptOutside(script: Script = {}): Outside {
  const creates: SeenRequest[] = [];
  const polls: SeenRequest[] = [];
  const webhooks: SeenRequest[] = [];
  const alerts: SeenRequest[] = [];
  const second: Outside["second"] = { creates: [], polls: [] };
  const listOf = ({ hostname, pathname, href }: URL): [SeenRequest[], readonly Answer[] | undefined] => {
    if (href === RECEIVER_URL) return [webhooks, script.receive];
    if (href === ALERTS_URL) return [alerts, script.alert];
    if (hostname === SECOND_HOST && pathname === "/createTask") return [second.creates, script.second?.create];
    if (hostname === SECOND_HOST && pathname === "/getTaskResult") return [second.polls, script.second?.poll];
    if (hostname === UPSTREAM_HOST && pathname === "/createTask") return [creates, script.create];
    if (hostname === UPSTREAM_HOST && pathname === "/getTaskResult") return [polls, script.poll];
    throw new Error(`unexpected request to ${href}`);
  };
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    const [seen, answers] = listOf(url);
    const entry = { path: url.pathname, body: await request.json(), headers: request.headers, at: Date.now() };
    seen.push(entry);
    const answer = answers?.[Math.min(seen.length, answers.length) - 1];
    if (answer === undefined) throw new Error(`unexpected request to ${url.href}`);
    return answer(entry);
  });
  return {
    creates,
    polls,
    webhooks,
    second,
    alerts,
    get count() {
      return [creates, polls, webhooks, second.creates, second.polls, alerts].flat().length;
    },
  };
}

const noError = { errorId: 0, errorCode: null, errorDescription: null };

/** createTask took the task. */
export const created =
  (taskId: string | number = "upstream-task"): Answer =>
  () =>
    Response.json({ errorId: 0, errorCode: "", errorDescription: "", taskId });

export const processing: Answer = () => Response.json({ ...noError, status: "processing" });

/** The token of a scripted solution, which tests can search for anywhere. */
export const TOKEN = "03AFcWeA-a-token-of-the-tests";

export const ready: Answer = () =>
  Response.json({
    ...noError,
    status: "ready",
    solution: { gRecaptchaResponse: TOKEN, cookies: { _GRECAPTCHA: "09ANM-a-cookie" } },
  });

/** An error answer of the protocol. */
export const errorAnswer =
  (errorCode: string, status = 200): Answer =>
  () =>
    Response.json({ errorId: 1, errorCode, errorDescription: `${errorCode} of the tests` }, { status });

/** A response that is not an answer of the protocol. */
export const plain =
  (status: number, body: string | null = "no JSON", headers: Record<string, string> = {}): Answer =>
  () =>
    new Response(body, { status, headers });

/** The connection breaks before an answer. */
export const lost: Answer = () => {
  throw new TypeError("Network connection lost.");
};

/** The answer never comes. */
export const silent: Answer = () => new Promise<never>(() => {});

/**
 * An answer that is held back: `asked` waits for the request, `release` lets the answer go. The two sides share a flag and never
 * a promise: workerd aborts if one object settles another's promise.
 */
export function held(answer: Answer): { answer: Answer; asked: () => Promise<void>; release: () => void } {
  let asked = false;
  let released = false;
  return {
    answer: async (request) => {
      asked = true;
      await eventually(() => released);
      return answer(request);
    },
    asked: () => eventually(() => asked),
    release: () => {
      released = true;
    },
  };
}
