// Webhook receivers, scripted by URL. They replace `fetch`, so a request to any other URL is an error of the
// test; the tasks are test tasks, whose upstream is the sandbox inside the gateway. They record the webhooks unchanged.

import { Webhook } from "standardwebhooks";
import { vi } from "vitest";
import type { Task, TimelineEvent } from "../../src/tasks/present.ts";
import type { AcceptRequest, TaskRef } from "../../src/tasks/rpc.ts";
import { call, scenario } from "./gateway.ts";
import type { TaskStub } from "./objects.ts";
import { acceptTask, LIVE } from "./objects.ts";
import type { TenantStub } from "./tenants.ts";
import { mintKey } from "./tenants.ts";
import { alarmOf, evict, pass, ringOnTime, START } from "./time.ts";
import type { Answer } from "./upstream.ts";

type SentRequest = Parameters<Answer>[0];

/** A webhook as received. */
export interface Received extends SentRequest {
  readonly url: string;
  readonly method: string;
  readonly redirect: string;
  readonly text: string;
  readonly event: { readonly type: string; readonly timestamp: string; readonly data: Task };
}

/** The answers of each URL, in order. The last answer repeats. */
export type Receivers = Readonly<Record<string, readonly Answer[]>>;

/** Replaces `fetch` by receivers until the mocks are restored. Returns what they receive, oldest first. */
export function scriptReceivers(receivers: Receivers): Received[] {
  const received: Received[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input, init);
    const { url, method, redirect, headers } = request;
    const answers = receivers[url];
    if (answers === undefined) throw new Error(`unexpected request to ${url}`);
    const text = await request.text();
    const event: Received["event"] = JSON.parse(text);
    const entry = {
      path: new URL(url).pathname,
      body: event,
      headers,
      at: Date.now(),
      url,
      method,
      redirect,
      text,
      event,
    };
    received.push(entry);
    const count = received.filter((one) => one.url === url).length;
    const answer = answers[Math.min(count, answers.length) - 1];
    if (answer === undefined) throw new Error(`${url} has no answer`);
    return answer(entry);
  });
  return received;
}

/** An answer that takes so long (ms), by the test's clock. */
export const delayed =
  (ms: number, answer: Answer): Answer =>
  (request) => {
    pass(ms);
    return answer(request);
  };

/** Whether a secret verifies a received webhook, at the time of the test's clock. */
export function verifies({ text, headers }: Received, secret: string): boolean {
  try {
    new Webhook(secret).verify(text, Object.fromEntries(headers));
    return true;
  } catch {
    return false;
  }
}

/** The calls of a new test key of the tenant, over the API. */
export async function accountOf(tenant: TenantStub) {
  const scopes = ["tasks:write", "tasks:read", "account:read", "account:write"] as const;
  const { key } = await mintKey(tenant, { scopes: [...scopes] });
  const get = async <T>(path: string): Promise<T> => {
    const response = await call("GET", path, { key });
    if (response.status !== 200) throw new Error(`not read: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const pathOf = (stub: TaskStub) => `/v1/tasks/tsk_${stub.id.toString()}`;
  return {
    get,
    readTask: (stub: TaskStub) => get<Task>(pathOf(stub)),
    readTimeline: (stub: TaskStub) => get<{ events: TimelineEvent[] }>(`${pathOf(stub)}/events`),
    act: (stub: TaskStub, action: "cancel" | "claim" | "redeliver") =>
      call("POST", `${pathOf(stub)}/${action}`, { key }),
  };
}

export type TenantCalls = Awaited<ReturnType<typeof accountOf>>;

/** The owner of the test tasks. */
export const TEST: TaskRef = { ...LIVE, mode: "test" };

/** When a task is final that is accepted at `START` and ends with its submission. */
export const FINAL = START + 1;

/** An accepted task of a scenario of the sandbox. */
export function sandboxTask(websiteKey: string, overrides: Partial<AcceptRequest> = {}): Promise<TaskStub> {
  return acceptTask({ mode: "test", task: { ...scenario(websiteKey), isInvisible: true }, ...overrides });
}

/** Rings every alarm until `until`, and evicts the object before each but the first. */
export async function runEvicted(stub: TaskStub, until: number): Promise<void> {
  let first = true;
  for (let at = await alarmOf(stub); at !== null && at <= until; at = await alarmOf(stub)) {
    // An object that is evicted before its first alarm could not know whether the task was submitted.
    if (!first) await evict(stub);
    first = false;
    await ringOnTime(stub);
  }
}
