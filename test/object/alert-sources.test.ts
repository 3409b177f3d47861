// What raises operator alerts besides upstream accounts: quotas, endpoints that return 410, tasks that fail inside the gateway.

import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import type { Alert } from "../../src/alerts/alerts.ts";
import type { TaskObject } from "../../src/tasks/object.ts";
import { OPERATOR } from "../../src/tenants/actor.ts";
import { sendingAlerts, storedAlerts, WITH_ALERTS } from "../support/alerts.ts";
import { acceptTask, setEnvironment, view } from "../support/objects.ts";
import type { TenantStub } from "../support/tenants.ts";
import { createTenant } from "../support/tenants.ts";
import { eventually, ringOnTime, runUntil, useFrozenTime } from "../support/time.ts";
import { created, plain, RECEIVER_URL, ready, scriptOutside } from "../support/upstream.ts";

useFrozenTime();

/** An environment whose AlertObject records the alerts that are raised. */
function recordingAlerts(): { readonly environment: object; readonly raised: Alert[] } {
  const raised: Alert[] = [];
  const stub = { raise: async (alert: Alert) => void raised.push(alert) };
  return { environment: { ...WITH_ALERTS, ALERTS: { idFromName: () => "id", get: () => stub } }, raised };
}

async function tenantWith(environment: object, monthlyTasks: number | null): Promise<TenantStub> {
  const tenant = await createTenant({ limits: { maxInFlight: 100, monthlyTasks } });
  await setEnvironment(tenant, environment);
  return tenant;
}

describe("a tenant's quota", () => {
  it("raises one alert when it is used up", async () => {
    const { environment, raised } = recordingAlerts();
    await tenantWith(environment, 2);
    scriptOutside({ create: [created()], poll: [ready] });
    for (let task = 0; task < 4; task += 1) await ringOnTime(await acceptTask());
    expect(raised).toEqual([{ type: "tenant.quota_reached", data: { tenantId: "acme", month: "2035-05", quota: 2 } }]);
  });
});

describe("an endpoint that answers 410", () => {
  it("raises an alert with its host, and not with its path", async () => {
    const { environment, raised } = recordingAlerts();
    const tenant = await tenantWith(environment, null);
    await tenant.setEndpoint(OPERATOR, "live", RECEIVER_URL);
    scriptOutside({ create: [created()], poll: [ready], receive: [plain(410)] });
    const task = await acceptTask();
    await runUntil(task, Date.now() + 10_000);
    await eventually(() => raised.length > 0);
    const data = { tenantId: "acme", mode: "live", host: "receiver.example" };
    expect(raised).toEqual([{ type: "endpoint.disabled", data }]);
  });
});

describe("a task that fails inside the gateway", () => {
  it("raises an alert with its id", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { environment, raised } = recordingAlerts();
    await createTenant();
    const task = await acceptTask({ timeoutMs: 300_000 });
    await setEnvironment(task, environment);
    await runInDurableObject<TaskObject, unknown>(task, ({ state }) => state.apply({ tag: "step_failed", limit: 1 }));
    const record = await view(task);
    expect(record.error?.code).toBe("internal");
    expect(raised).toEqual([
      {
        type: "task.internal_error",
        data: { tenantId: "acme", mode: "live", taskId: expect.stringMatching(/^tsk_[0-9a-f]{64}$/) },
      },
    ]);
  });
});

describe("a receiver of alerts that hangs", () => {
  it("does not delay a task", async () => {
    scriptOutside({
      create: [created()],
      poll: [ready],
      receive: [plain(410)],
      alert: [() => new Promise(() => undefined)],
    });
    await sendingAlerts();
    const tenant = await tenantWith(WITH_ALERTS, 1);
    await tenant.setEndpoint(OPERATOR, "live", RECEIVER_URL);
    const task = await acceptTask();
    await runUntil(task, Date.now() + 4_000);
    expect(await view(task)).toMatchObject({ status: "ready", delivery: { attempts: 1 } });
    await eventually(async () => (await storedAlerts()).filter((key) => key.startsWith("outgoing:")).length === 2);
  });
});
