// What an idle connection of the event stream costs: nothing is called, written or woken for it, also when its client pings.

import { evictDurableObject, reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TenantState } from "../../src/tenants/state.ts";
import { acceptTask } from "../support/objects.ts";
import type { StreamClient } from "../support/stream-client.ts";
import { connectTo } from "../support/stream-client.ts";
import { startMeter } from "../support/task-costs.ts";
import type { TenantStub } from "../support/tenants.ts";
import { createTenant } from "../support/tenants.ts";
import { alarmOf, eventually, freezeTime, pass, releaseTime, runUntil } from "../support/time.ts";
import { created, ready, scriptOutside } from "../support/upstream.ts";

const CONNECTIONS = 100;

let tenant: TenantStub;

beforeEach(async () => {
  freezeTime();
  tenant = await createTenant();
});
afterEach(async () => {
  vi.restoreAllMocks();
  releaseTime();
  await reset();
});

async function connectMany(): Promise<StreamClient[]> {
  const clients: StreamClient[] = [];
  while (clients.length < CONNECTIONS) clients.push(await connectTo(tenant));
  return clients;
}

describe("an idle connection of the event stream", () => {
  it("costs no request, no row and no alarm, and its pings are answered without loading the object", async () => {
    const alarm = await alarmOf(tenant);
    const clients = await connectMany();
    const meter = startMeter();
    const load = vi.spyOn(TenantState.prototype, "load");
    try {
      await evictDurableObject(tenant, { webSockets: "hibernate" });
      for (let minutes = 0; minutes < 3; minutes += 1) {
        pass(60_000);
        for (const { socket } of clients) socket.send("ping");
        await eventually(() => clients.every(({ texts }) => texts.length === minutes + 1));
      }
      expect(load).not.toHaveBeenCalled();
      expect(meter.read()).toEqual({
        objects: {},
        workerRequests: 0,
        kvPuts: 0,
        outgoing: 0,
        outgoingWhileHeld: 0,
        heldMs: 0,
      });
      expect(clients.flatMap(({ texts }) => texts.filter((text) => text !== "pong"))).toEqual([]);
    } finally {
      meter.stop();
    }
    expect(await alarmOf(tenant)).toBe(alarm);
  });

  it("receives events after each of several hibernations", async () => {
    const clients = [await connectTo(tenant), await connectTo(tenant, { events: "task.failed" })];
    for (let tasks = 1; tasks <= 3; tasks += 1) {
      await evictDurableObject(tenant, { webSockets: "hibernate" });
      scriptOutside({ create: [created()], poll: [ready] });
      await runUntil(await acceptTask(), Date.now() + 10_000);
      await eventually(() => clients[0]?.frames.length === tasks);
    }
    expect(new Set(clients[0]?.frames.map(({ id }) => id)).size).toBe(3);
    expect(clients[1]?.frames).toEqual([]);
  });
});
