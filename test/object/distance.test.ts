/** Calls from a task to its tenant's object, which may be far away: one before createTask, none before the first webhook attempt. */

import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OPERATOR } from "../../src/tenants/actor.ts";
import type { TaskStub } from "../support/objects.ts";
import { acceptTask, again, LIVE, setEnvironment, storedText, view } from "../support/objects.ts";
import type { TenantStub } from "../support/tenants.ts";
import { createTenant } from "../support/tenants.ts";
import { evict, freezeTime, pass, releaseTime, ringOnTime, runUntil, START } from "../support/time.ts";
import type { Answer, Outside, Script } from "../support/upstream.ts";
import { created, plain, processing, RECEIVER_URL, ready, scriptOutside } from "../support/upstream.ts";

beforeEach(() => freezeTime());
afterEach(async () => {
  vi.restoreAllMocks();
  releaseTime();
  await reset();
});

/** What left a task's object, in order: calls to its tenant's object, and requests to the outside. */
class Traffic {
  readonly log: string[] = [];

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
    const { log } = this;
    const get = (id: DurableObjectId) =>
      new Proxy(env.TENANTS.get(id), {
        get: (tenant, name) => {
          const method: unknown = Reflect.get(tenant, name);
          if (typeof method !== "function") return method;
          return (...parameters: unknown[]) => {
            log.push(`tenant.${String(name)}`);
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

  it.each(TARGETS)("calls it not at all between its end and the first attempt: $target", async ({ webhookUrl }) => {
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

  it.each(TARGETS)("asks for the settings beside a poll after an eviction: $target", async ({ webhookUrl }) => {
    const { stub, traffic } = await watchedTask(webhookUrl);
    await ringOnTime(stub);
    await evict(stub);
    await traffic.watch(again(stub));
    await ringOnTime(again(stub));
    expect(traffic.log.slice(2)).toEqual(["getTaskResult", "tenant.webhookSettings"]);
    await runUntil(again(stub), START + 10_000);
    expect(traffic.callsBefore("webhook", "getTaskResult")).toEqual([]);
  });

  it("asks for them beside the very poll that ends it, if need be", async () => {
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

  it("asks for them again while it runs long, so that they are never older than 60 s", async () => {
    const { stub, traffic } = await watchedTask(RECEIVER_URL, [...Array<Answer>(40).fill(processing), ready]);
    await runUntil(stub, START + 200_000);
    expect(traffic.log.filter((entry) => entry === "tenant.webhookSettings")).toHaveLength(4);
    expect(traffic.callsBefore("webhook", "getTaskResult")).toEqual([]);
  });
});

describe("a task without a webhook", () => {
  it("does not ask for webhook settings while it runs", async () => {
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

  it("that were changed take effect within 60 s", async () => {
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

  it("are asked for when the task ends without any in memory, and the slot is freed with the same call", async () => {
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
