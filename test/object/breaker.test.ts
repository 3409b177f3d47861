/** Rules of the breaker: when upstream refuses the operator's account, nobody hammers, one a minute probes, a success closes it. */

import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { TaskStub } from "../support/objects.ts";
import { acceptTask, TENANT_ID, TIMEOUT_MS, view } from "../support/objects.ts";
import { createTenant } from "../support/tenants.ts";
import { alarmOf, freezeTime, pass, releaseTime, ring, ringOnTime } from "../support/time.ts";
import { created, processing, refused, scriptOutside } from "../support/upstream.ts";

const MINUTE_MS = 60_000;
/** Held tasks come back spread over this (ms). */
const SPREAD_MS = 5_000;

/** What an isolate remembers of the breaker is keyed by nothing but time: each test has an hour of its own. */
let hour = 0;

beforeEach(async () => {
  freezeTime();
  hour += 1;
  pass(hour * 3_600_000);
  await createTenant();
});
afterEach(async () => {
  releaseTime();
  vi.restoreAllMocks();
  await reset();
});

/** Tasks that live long enough to see the breaker close. */
const patient = () => acceptTask({ timeoutMs: 300_000 });

async function ringAll(tasks: readonly TaskStub[]): Promise<void> {
  for (const task of tasks) await ring(task);
}

describe("an account that upstream refuses", () => {
  it.each([
    "ERROR_KEY_DOES_NOT_EXIST",
    "ERROR_ZERO_BALANCE",
    "ERROR_IP_NOT_ALLOWED",
    "ERROR_IP_BLOCKED",
    "ERROR_IP_BANNED",
    "ERROR_ACCOUNT_SUSPENDED",
  ])("opens the breaker, at error level: %s", async (code) => {
    const error = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const outside = scriptOutside({ create: [refused(code)] });
    await ring(await patient());
    expect(error.mock.calls.flat().join("\n")).toContain('"event":"breaker_opened"');

    const next = await patient();
    await ring(next);
    expect(outside.creates).toHaveLength(1);
    expect(await view(next)).toMatchObject({ status: "queued", submissions: 0 });
    const at = (await alarmOf(next)) ?? 0;
    expect(at - Date.now()).toBeGreaterThanOrEqual(MINUTE_MS);
    expect(at - Date.now()).toBeLessThanOrEqual(MINUTE_MS + SPREAD_MS);
  });

  it("opens it on a poll too, and the polled task goes on", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const outside = scriptOutside({ create: [created()], poll: [refused("ERROR_IP_BANNED"), processing] });
    const polled = await patient();
    await ring(polled);
    await ringOnTime(polled);
    const next = await patient();
    await ring(next);
    expect(outside.creates).toHaveLength(1);
    expect(await view(polled)).toMatchObject({ status: "processing", faults: 1 });
    await ringOnTime(polled);
    expect(outside.polls).toHaveLength(2);
  });

  it("fails a held task at its deadline, and says only that upstream is unavailable", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    scriptOutside({ create: [refused("ERROR_ZERO_BALANCE")] });
    await ring(await patient());
    const held = await acceptTask({ timeoutMs: 30_000 });
    await ring(held);
    await ringOnTime(held);
    const task = await view(held);
    expect(task).toMatchObject({ status: "failed", error: { code: "upstream_unavailable" }, submissions: 0 });
    expect(JSON.stringify(task)).not.toMatch(/ZERO_BALANCE|account/);
  });

  it("is not told to tenants by an upstream that quotes the operator's key", async () => {
    const errorDescription = "key operator-upstream-key is bad";
    scriptOutside({ create: [() => Response.json({ errorId: 1, errorCode: "ERROR_X", errorDescription })] });
    const task = await patient();
    await ring(task);
    expect(await view(task)).toMatchObject({ status: "failed", error: { upstreamCode: "ERROR_X" } });
    expect(JSON.stringify(await view(task))).not.toContain("operator-upstream-key");
  });

  it("is none of the sandbox's", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    scriptOutside({ create: [refused("ERROR_ZERO_BALANCE")] });
    await ring(await patient());
    const owner = { tenantId: TENANT_ID, mode: "test", since: 0 } as const;
    const test = await acceptTask({ ...owner, timeoutMs: TIMEOUT_MS });
    await ring(test);
    expect(await view(test, owner)).toMatchObject({ status: "processing" });
  });
});

describe("an open breaker", () => {
  it("lets one task a minute probe, however many wait", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const outside = scriptOutside({ create: [refused("ERROR_ZERO_BALANCE")] });
    await ring(await patient());
    const waiting = await Promise.all(Array.from({ length: 8 }, patient));
    await ringAll(waiting);
    for (let minute = 1; minute <= 3; minute += 1) {
      pass(MINUTE_MS + SPREAD_MS);
      await ringAll(waiting);
      expect(outside.creates).toHaveLength(1 + minute);
    }
  });

  it("is closed by a probe that is taken, and everybody goes", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const outside = scriptOutside({ create: [refused("ERROR_ZERO_BALANCE"), created()] });
    await ring(await patient());
    const waiting = await Promise.all(Array.from({ length: 4 }, patient));
    await ringAll(waiting);
    pass(MINUTE_MS + SPREAD_MS);
    await ringAll(waiting);
    expect(await env.DIRECTORY.get("breaker")).toBeNull();
    expect(outside.creates).toHaveLength(1 + waiting.length);
    for (const task of waiting) expect(await view(task)).toMatchObject({ status: "processing", submissions: 1 });
  });

  it("does not stop solving where KV is away", async () => {
    const outside = scriptOutside({ create: [created()] });
    vi.spyOn(env.DIRECTORY, "get").mockRejectedValue(new Error("KV is away"));
    const task = await patient();
    await ring(task);
    expect(outside.creates).toHaveLength(1);
    expect(await view(task)).toMatchObject({ status: "processing" });
  });
});
