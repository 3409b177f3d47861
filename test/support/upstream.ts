// The outside of the gateway, scripted: two upstreams that answer from a list and record what they were asked, a receiver of
// webhooks and one of operator alerts. It replaces `fetch`, so a request to anything else is an error of the test.

import { vi } from "vitest";
import { eventually } from "./time.ts";

/** One request as the outside saw it. */
interface SeenRequest {
  readonly path: string;
  readonly body: unknown;
  readonly headers: Headers;
  /** By the test's clock (ms). */
  readonly at: number;
}

/** One answer; it may take its time, and may throw what a broken connection throws. */
export type Answer = (request: SeenRequest) => Response | Promise<Response>;

/** What the outside does. Each list is answered from in order, and its last answer repeats. */
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

/** Puts a scripted outside in the place of `fetch` until the mocks are restored. With no script it rejects every request. */
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
export const refused =
  (errorCode: string, status = 200): Answer =>
  () =>
    Response.json({ errorId: 1, errorCode, errorDescription: `${errorCode} of the tests` }, { status });

/** An answer of no protocol. */
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
 * a promise: the runtime does not survive one object's promise being settled from another's.
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
