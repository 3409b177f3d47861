// The tenant's endpoint: it gets the webhooks of tasks without a URL of their own, until it is changed, removed or disabled.

import { describe, expect, it, vi } from "vitest";
import { OPERATOR } from "../../src/tenants/actor.ts";
import { aTime } from "../support/answers.ts";
import type { TaskStub } from "../support/objects.ts";
import { view } from "../support/objects.ts";
import type { Received, TenantCalls } from "../support/receivers.ts";
import { accountOf, delayed, FINAL, sandboxTask, scriptReceivers, TEST } from "../support/receivers.ts";
import type { TenantStub } from "../support/tenants.ts";
import { createTenant, ledgerOf, tenantObject } from "../support/tenants.ts";
import { pass, runUntil, useFrozenTime } from "../support/time.ts";
import type { Answer } from "../support/upstream.ts";
import { plain, RECEIVER_URL } from "../support/upstream.ts";

const ENDPOINT = "https://endpoint.example/hook";
const MOVED = "https://moved.example/hook";

/** Past the last attempt, whatever its jitter, and before the end of the retention. */
const LAST = FINAL + 50_000_000;

const ok = plain(204, null);
const none = { url: null, disabledAt: null, disabledReason: null };

let tenant: TenantStub;
let account: TenantCalls;

useFrozenTime(async () => {
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  tenant = await createTenant();
  account = await accountOf(tenant);
});

describe("the tenant's endpoint", () => {
  const both = { [ENDPOINT]: [plain(500)], [MOVED]: [plain(500), ok], [RECEIVER_URL]: [ok] };
  const urlsOf = (received: readonly Received[]) => received.map(({ url }) => url);

  /** A ready task without a webhook URL of its own, after one failed attempt to the endpoint. */
  async function readyAtEndpoint(): Promise<TaskStub> {
    await tenant.setEndpoint(OPERATOR, "test", ENDPOINT);
    const stub = await sandboxTask("sandbox-instant");
    await runUntil(stub, FINAL);
    return stub;
  }

  it("gets the remaining attempts after it was changed", async () => {
    const received = scriptReceivers(both);
    const stub = await readyAtEndpoint();
    await tenant.setEndpoint(OPERATOR, "test", MOVED);
    await runUntil(stub, LAST);
    expect(urlsOf(received)).toEqual([ENDPOINT, MOVED, MOVED]);
    expect((await account.readTask(stub)).webhook).toMatchObject({ url: MOVED, state: "delivered", attempts: 3 });
  });

  it("ends the attempts when it is removed", async () => {
    const received = scriptReceivers(both);
    const stub = await readyAtEndpoint();
    await tenant.setEndpoint(OPERATOR, "test", null);
    await runUntil(stub, LAST);
    expect(received).toHaveLength(1);
    expect((await account.readTask(stub)).webhook).toMatchObject({
      state: "exhausted",
      attempts: 1,
      nextAttemptAt: null,
    });
    expect(await ledgerOf(tenant)).toMatchObject([{ webhook_state: "exhausted" }]);
  });

  it("is disabled by a response of 410, reports that, and gets no more webhooks", async () => {
    const received = scriptReceivers({ [ENDPOINT]: [plain(500), delayed(250, plain(410)), ok] });
    await tenant.setEndpoint(OPERATOR, "test", ENDPOINT);
    const waiting = await sandboxTask("sandbox-instant");
    await runUntil(waiting, FINAL);
    const stub = await sandboxTask("sandbox-instant");
    await runUntil(stub, FINAL + 500);
    expect(await account.get("/v1/webhook")).toStrictEqual({
      url: ENDPOINT,
      disabledAt: aTime,
      disabledReason: expect.stringMatching(/410/),
    });
    await runUntil(stub, FINAL + 3_000);
    await runUntil(waiting, LAST);
    const later = await sandboxTask("sandbox-instant");
    await runUntil(later, LAST + 1_000);
    expect(received).toHaveLength(2);
    expect((await account.readTask(stub)).webhook).toMatchObject({ state: "exhausted", lastStatus: 410, attempts: 1 });
    expect((await account.readTask(waiting)).webhook).toMatchObject({ state: "exhausted", attempts: 1 });
    expect((await account.readTask(later)).webhook).toBeNull();
  });

  it("is not disabled by a 410 of the URL before", async () => {
    const moving: Answer = async (request) => {
      await tenantObject().setEndpoint(OPERATOR, "test", MOVED);
      return plain(410)(request);
    };
    scriptReceivers({ [ENDPOINT]: [moving] });
    await tenant.setEndpoint(OPERATOR, "test", ENDPOINT);
    await runUntil(await sandboxTask("sandbox-instant"), FINAL);
    expect(await account.get("/v1/webhook")).toEqual({ ...none, url: MOVED });
  });

  it("is not disabled by a 410 to a task of a deleted tenant with the same id", async () => {
    const recreating: Answer = async (request) => {
      await tenantObject().remove();
      pass(1);
      await createTenant();
      await tenantObject().setEndpoint(OPERATOR, "test", ENDPOINT);
      return plain(410)(request);
    };
    scriptReceivers({ [ENDPOINT]: [recreating] });
    await tenant.setEndpoint(OPERATOR, "test", ENDPOINT);
    await runUntil(await sandboxTask("sandbox-instant"), FINAL);
    expect(await tenantObject().endpoint(OPERATOR, "test")).toMatchObject({ url: ENDPOINT, disabledAt: null });
  });

  it("gets a redelivery, also of a task that had no webhook when it ended", async () => {
    const received = scriptReceivers({ [MOVED]: [ok] });
    const stub = await sandboxTask("sandbox-instant");
    await runUntil(stub, FINAL);
    expect((await account.readTask(stub)).webhook).toBeNull();
    await tenant.setEndpoint(OPERATOR, "test", MOVED);
    expect((await account.act(stub, "redeliver")).status).toBe(202);
    await runUntil(stub, FINAL + 1_000);
    expect(urlsOf(received)).toEqual([MOVED]);
    expect((await account.readTask(stub)).webhook).toMatchObject({ url: MOVED, state: "delivered", attempts: 1 });
  });

  it.each<[string, () => unknown]>([
    ["none", () => tenant.setEndpoint(OPERATOR, "test", null)],
    ["a disabled one", () => tenant.disableEndpoint(ENDPOINT, { createdAt: Date.now() }, "test")],
  ])("makes a redelivery return 409 when there is %s", async (_what, change) => {
    const received = scriptReceivers(both);
    const stub = await readyAtEndpoint();
    await change();
    pass(1_000);
    const response = await account.act(stub, "redeliver");
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ code: "not_redeliverable" });
    await runUntil(stub, LAST);
    expect(received).toHaveLength(1);
    expect(await view(stub, TEST)).toMatchObject({ delivery: { state: "exhausted", attempts: 1 } });
  });
});
