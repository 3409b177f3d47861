// Trace propagation in both APIs, from the request to every upstream request and the webhook of its task. An invalid header is ignored,
// because a broken tracer must not fail a task.

import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { objectIdOf } from "../../src/tasks/task-id.ts";
import { numberName } from "../../src/tasks/task-number.ts";
import { admin, call, EXAMPLE_TASK, makeCaller } from "../support/gateway.ts";
import { freezeTime, releaseTime, runUntil, START } from "../support/time.ts";
import { created, plain, processing, RECEIVER_URL, ready, scriptOutside } from "../support/upstream.ts";

beforeEach(() => freezeTime());
afterEach(async () => {
  releaseTime();
  await reset();
});

/** A time after two polls and the webhook, before the solution expires. */
const DONE = START + 30_000;

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TRACESTATE = "vendor=what-only-it-understands";

/** For each API: creates a task whose webhook goes to the receiver, and returns the id of its object. */
const APIS = {
  "POST /v1/tasks": async (_tenantId: string, key: string, headers: Record<string, string>) => {
    const body = { task: EXAMPLE_TASK, webhookUrl: RECEIVER_URL };
    const response = await call("POST", "/v1/tasks", { key, body, headers });
    expect(response.status).toBe(202);
    return env.TASKS.idFromString(objectIdOf((await response.json<{ id: string }>()).id.slice("tsk_".length)));
  },
  "POST /createTask": async (tenantId: string, clientKey: string, headers: Record<string, string>) => {
    const body = { clientKey, task: EXAMPLE_TASK, callbackUrl: RECEIVER_URL };
    const response = await call("POST", "/createTask", { body, headers });
    const { errorId, taskId } = await response.json<{ errorId: number; taskId: number }>();
    expect(errorId).toBe(0);
    const { createdAt } = await (await admin("GET", `/admin/tenants/${tenantId}`)).json<{ createdAt: string }>();
    return env.TASKS.idFromName(numberName(tenantId, Date.parse(createdAt), "live", taskId));
  },
} as const;

/** Solves a task with one unsuccessful poll, and returns the outgoing requests: each call, then the webhook. */
async function solveOutside(api: keyof typeof APIS, headers: Record<string, string>) {
  const outside = scriptOutside({ create: [created()], poll: [processing, ready], receive: [plain(204, null)] });
  const { tenantId, key } = await makeCaller({}, { mode: "live" });
  const id = await APIS[api](tenantId, key, headers);
  await runUntil(env.TASKS.get(id), DONE);
  expect([outside.creates.length, outside.polls.length, outside.webhooks.length]).toEqual([1, 2, 1]);
  return [...outside.creates, ...outside.polls, ...outside.webhooks].map((request) => request.headers);
}

describe.each(Object.keys(APIS) as (keyof typeof APIS)[])("a task of %s", (api) => {
  it("sends traceparent with every upstream request and the webhook", async () => {
    const sent = await solveOutside(api, { traceparent: TRACEPARENT });
    expect(sent.map((headers) => headers.get("traceparent"))).toEqual(Array(4).fill(TRACEPARENT));
  });

  it("does not forward tracestate, which may be private to the caller", async () => {
    const sent = await solveOutside(api, { traceparent: TRACEPARENT, tracestate: TRACESTATE });
    expect(sent.map((headers) => headers.get("tracestate"))).toEqual(Array(4).fill(null));
  });

  it("is created without a trace when traceparent is invalid", async () => {
    const sent = await solveOutside(api, { traceparent: TRACEPARENT.replace("00-", "ff-") });
    expect(sent.map((headers) => headers.get("traceparent"))).toEqual(Array(4).fill(null));
  });
});
