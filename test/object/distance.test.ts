// Calls from a task to its tenant's object, which may be far away: one before createTask, none before the first webhook attempt.

import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { OPERATOR } from "../../src/tenants/actor.ts";
import type { TaskStub } from "../support/objects.ts";
import { acceptTask, again, LIVE, setEnvironment, storedText, view } from "../support/objects.ts";
import { connectTo, eventOf } from "../support/stream-client.ts";
import type { TenantStub } from "../support/tenants.ts";
import { createTenant, withTenantMethods } from "../support/tenants.ts";
import { eventually, evict, pass, ringOnTime, runUntil, START, useFrozenTime } from "../support/time.ts";
import type { Answer, Outside, Script } from "../support/upstream.ts";
import { created, plain, processing, RECEIVER_URL, ready, scriptOutside } from "../support/upstream.ts";

useFrozenTime();

/** What left a task's object, in order: calls to its tenant's object, and requests to the outside. */
class Traffic {
  readonly log: string[] = [];
  /** The event in each `reportOutcome`, or null. */
  readonly reportedEvents: unknown[] = [];

  /** Scripts the outside, and logs each request as it is sent. */
  scriptOutside(script: Script): Outside {
    const outside = scriptOutside(script);
    const fetched = vi.mocked(globalThis.fetch);
    const scripted = fetched.getMockImplementation() ?? fetched;
    fetched.mockImplementation((input, init) => {
      const { href, pathname } = new URL(input instanceof Request ? input.url : input);
      this.log.push(href === RECEIVER_URL ? "webhook" : pathname.slice(1));
      return scripted(input, init);
    });
    return outside;
  }

  /** Watches the calls of an object, also after an eviction, which takes the watch away. */
  async watch(stub: TaskStub): Promise<void> {
    const { log, reportedEvents } = this;
    const get = (id: DurableObjectId) =>
      new Proxy(env.TENANTS.get(id), {
        get: (tenant, name) => {
          const method: unknown = Reflect.get(tenant, name);
          if (typeof method !== "function") return method;
          return (...parameters: unknown[]) => {
            log.push(`tenant.${String(name)}`);
            if (name === "reportOutcome") reportedEvents.push(parameters[2] ?? null);
            return Reflect.apply(method, tenant, parameters);
          };
        },
      });
    await setEnvironment(stub, {
      ...env,
      TENANTS: { idFromName: (name: string) => env.TENANTS.idFromName(name), get },
    });
  }

  /** The calls to the tenant's object before the first `until`, and after the last `from` before it. */
  callsBefore(until: string, from?: string): string[] {
    const end = this.log.indexOf(until);
    const start = from === undefined ? 0 : this.log.lastIndexOf(from, end) + 1;
    return this.log.slice(start, end).filter((entry) => entry.startsWith("tenant."));
  }
}

let tenant: TenantStub;

/** A watched task that is solved at its second poll, with a webhook URL of its own or the tenant's endpoint. */
async function watchedTask(webhookUrl: string | null, polls: readonly Answer[] = [processing, ready]) {
  tenant = await createTenant();
  if (webhookUrl === null) await tenant.setEndpoint(OPERATOR, "live", RECEIVER_URL);
  const traffic = new Traffic();
  const outside = traffic.scriptOutside({ create: [created()], poll: polls, receive: [plain(204, null)] });
  const stub = await acceptTask({ webhookUrl, timeoutMs: 300_000 });
  await traffic.watch(stub);
  return { stub, traffic, outside };
}

const TARGETS = [
  { target: "the task's own URL", webhookUrl: RECEIVER_URL },
  { target: "the tenant's endpoint", webhookUrl: null },
];

describe("a task with a webhook to its own URL or to the tenant's endpoint", () => {
  it.each(TARGETS)("calls its tenant's object once before createTask: $target", async ({ webhookUrl }) => {
    const { stub, traffic } = await watchedTask(webhookUrl);
    await ringOnTime(stub);
    expect(traffic.callsBefore("createTask")).toEqual(["tenant.admit"]);
  });

  it.each(TARGETS)("makes no call to it between its end and the first attempt: $target", async ({ webhookUrl }) => {
    const { stub, traffic } = await watchedTask(webhookUrl);
    await runUntil(stub, START + 10_000);
    expect(traffic.callsBefore("webhook", "getTaskResult")).toEqual([]);
    expect(traffic.log.slice(traffic.log.indexOf("webhook"))).toEqual([
      "webhook",
      "tenant.reportOutcome",
      "tenant.reportOutcome",
    ]);
    expect(await view(stub)).toMatchObject({ status: "ready", settled: true, delivery: { state: "delivered" } });
  });

  it.each(TARGETS)("requests the settings with a poll after an eviction: $target", async ({ webhookUrl }) => {
    const { stub, traffic } = await watchedTask(webhookUrl);
    await ringOnTime(stub);
    await evict(stub);
    await traffic.watch(again(stub));
    await ringOnTime(again(stub));
    expect(traffic.log.slice(2)).toEqual(["getTaskResult", "tenant.webhookSettings"]);
    await runUntil(again(stub), START + 10_000);
    expect(traffic.callsBefore("webhook", "getTaskResult")).toEqual([]);
  });

  it("requests them with the poll that ends it, if they are missing", async () => {
    const { stub, traffic, outside } = await watchedTask(RECEIVER_URL, [ready]);
    await ringOnTime(stub);
    await evict(stub);
    await traffic.watch(again(stub));
    await runUntil(again(stub), START + 10_000);
    expect(traffic.log.slice(2)).toEqual([
      "getTaskResult",
      "tenant.webhookSettings",
      "webhook",
      "tenant.reportOutcome",
      "tenant.reportOutcome",
    ]);
    expect(outside.webhooks).toHaveLength(1);
  });

  it("requests them again while it runs, so that they are never older than 60 s", async () => {
    const { stub, traffic } = await watchedTask(RECEIVER_URL, [...Array<Answer>(40).fill(processing), ready]);
    await runUntil(stub, START + 200_000);
    expect(traffic.log.filter((entry) => entry === "tenant.webhookSettings")).toHaveLength(4);
    expect(traffic.callsBefore("webhook", "getTaskResult")).toEqual([]);
  });
});

describe("a task without a webhook", () => {
  it("does not request webhook settings while it runs", async () => {
    tenant = await createTenant();
    const traffic = new Traffic();
    scriptOutside({ create: [created()], poll: [...Array<Answer>(40).fill(processing), ready] });
    const stub = await acceptTask({ timeoutMs: 300_000 });
    await traffic.watch(stub);
    await runUntil(stub, START + 200_000);
    expect(traffic.log).toEqual(["tenant.admit", "tenant.reportOutcome"]);
  });
});

describe("a task that is rejected at admission", () => {
  it("delivers its webhook without another call", async () => {
    await createTenant({ limits: { maxInFlight: 1, monthlyTasks: 0 } });
    const traffic = new Traffic();
    traffic.scriptOutside({ receive: [plain(204, null)] });
    const stub = await acceptTask({ webhookUrl: RECEIVER_URL });
    await traffic.watch(stub);
    await ringOnTime(stub);
    expect(traffic.log).toEqual(["tenant.admit", "webhook", "tenant.reportOutcome", "tenant.reportOutcome"]);
  });
});

describe("the webhook settings of a task", () => {
  it("are never in its storage", async () => {
    const { stub } = await watchedTask(null);
    const { secret } = (await tenant.webhookSecret(OPERATOR, "live")) ?? { secret: "" };
    await runUntil(stub, START + 5_000);
    expect(await storedText(stub)).not.toContain("whsec_");
    await runUntil(stub, START + 10_000);
    expect(secret).toMatch(/^whsec_/);
    expect(await storedText(stub)).not.toContain("whsec_");
  });

  it("take effect within 60 s after a change", async () => {
    const moved = "https://moved.example/hook";
    const { stub } = await watchedTask(null, [...Array<Answer>(25).fill(processing), ready]);
    await runUntil(stub, START + 10_000);
    await tenant.setEndpoint(OPERATOR, "live", moved);
    await runUntil(stub, START + 75_000);
    await stub.cancel(LIVE);
    expect(await view(stub)).toMatchObject({ status: "canceled" });
    await runUntil(stub, START + 76_000).catch(() => null);
    expect((await view(stub)).delivery?.url).toBe(moved);
  });

  it("are requested when the task ends without any in memory, with the call that frees the slot", async () => {
    tenant = await createTenant();
    const traffic = new Traffic();
    traffic.scriptOutside({ receive: [plain(204, null)] });
    const stub = await acceptTask({ webhookUrl: RECEIVER_URL });
    await stub.cancel(LIVE);
    await traffic.watch(stub);
    pass(1);
    await ringOnTime(stub);
    expect(traffic.log).toEqual(["tenant.reportOutcome", "webhook", "tenant.reportOutcome", "tenant.reportOutcome"]);
  });
});

describe("a task whose tenant has stream clients", () => {
  /** A watched task without a webhook that is solved at its second poll. */
  async function streamedTask() {
    const traffic = new Traffic();
    scriptOutside({ create: [created()], poll: [processing, ready] });
    const stub = await acceptTask();
    await traffic.watch(stub);
    return { stub, traffic };
  }
  beforeEach(async () => {
    tenant = await createTenant();
  });

  it("sends its event with the report of its outcome, without another call", async () => {
    const client = await connectTo(tenant);
    const { stub, traffic } = await streamedTask();
    await runUntil(stub, START + 10_000);
    expect(traffic.log).toEqual(["tenant.admit", "tenant.reportOutcome"]);
    await eventually(() => client.frames.length > 0);
    const events = client.frames.map(eventOf);
    expect(events).toMatchObject([{ type: "task.ready", data: { status: "ready", solutionState: "available" } }]);
  });

  it("sends its event once, with the first of two reports, if it has a webhook", async () => {
    const client = await connectTo(tenant);
    const traffic = new Traffic();
    traffic.scriptOutside({ create: [created()], poll: [ready], receive: [plain(204, null)] });
    const stub = await acceptTask({ webhookUrl: RECEIVER_URL });
    await traffic.watch(stub);
    await runUntil(stub, START + 10_000);
    expect(traffic.log.slice(-3)).toEqual(["webhook", "tenant.reportOutcome", "tenant.reportOutcome"]);
    expect(traffic.reportedEvents).toMatchObject([{ type: "task.ready" }, null]);
    await eventually(() => client.frames.length > 0);
    expect(client.frames).toHaveLength(1);
  });

  it.each([
    { case: "the only client has left", query: {}, leaves: true },
    { case: "the only client wants other events", query: { events: "task.failed" }, leaves: false },
  ])("reports its outcome without the event if $case", async ({ query, leaves }) => {
    const client = await connectTo(tenant, query);
    if (leaves) {
      client.socket.close();
      await eventually(async () => (await tenant.webhookSettings({ createdAt: START }, "live")).streamed?.length === 0);
    }
    const { stub, traffic } = await streamedTask();
    await runUntil(stub, START + 10_000);
    expect(traffic.log).toEqual(["tenant.admit", "tenant.reportOutcome"]);
    expect(traffic.reportedEvents).toEqual([null]);
  });

  it("sends its event with a call of its own if the first client connected after the admission", async () => {
    const { stub, traffic } = await streamedTask();
    await ringOnTime(stub);
    const client = await connectTo(tenant);
    await runUntil(stub, START + 10_000);
    expect(traffic.log).toEqual(["tenant.admit", "tenant.reportOutcome", "tenant.publishEvent"]);
    expect(traffic.reportedEvents).toEqual([null]);
    await eventually(() => client.frames.length > 0);
  });

  it("sends its event with a call of its own after an eviction", async () => {
    const client = await connectTo(tenant);
    const { stub, traffic } = await streamedTask();
    await ringOnTime(stub);
    await evict(stub);
    await traffic.watch(again(stub));
    await again(stub).cancel(LIVE);
    await runUntil(again(stub), START + 10_000);
    expect(traffic.log.slice(1)).toEqual(["tenant.reportOutcome", "tenant.publishEvent"]);
    await eventually(() => client.frames.length > 0);
    expect(client.frames.map((frame) => eventOf(frame).type)).toEqual(["task.canceled"]);
  });

  it("sends its event once if the answer to its report is lost and it reports again", async () => {
    const client = await connectTo(tenant);
    scriptOutside({ create: [created()], poll: [ready] });
    const stub = await acceptTask();
    await ringOnTime(stub);
    let reports = 0;
    const environment = withTenantMethods((real) => ({
      reportOutcome: async (...parameters: Parameters<TenantStub["reportOutcome"]>) => {
        reports += 1;
        const receipt = await real.reportOutcome(...parameters);
        if (reports === 1) throw new Error("Network connection lost.");
        return receipt;
      },
    }));
    await setEnvironment(stub, environment);
    await runUntil(stub, START + 60_000);
    expect(reports).toBe(2);
    expect(await view(stub)).toMatchObject({ status: "ready", settled: true });
    await solveOne();
    await eventually(() => client.frames.length > 1);
    expect(new Set(client.frames.map(({ id }) => id)).size).toBe(2);
    expect(client.frames).toHaveLength(2);
  });

  /** A second task, whose event comes after every earlier one. */
  async function solveOne(): Promise<void> {
    scriptOutside({ create: [created()], poll: [ready] });
    await runUntil(await acceptTask(), Date.now() + 10_000);
  }
});
