// Idempotency keys: repeats reach one object, another body is rejected, and a call that may only replay creates nothing.

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import type { TaskRecord } from "../../src/tasks/record.ts";
import { RECORD_KEY } from "../../src/tasks/record.ts";
import type { TaskStub } from "../support/objects.ts";
import { aTask, stored, storedText, TENANT_ID, TIMEOUT_MS } from "../support/objects.ts";
import { createTenant } from "../support/tenants.ts";
import { alarmOf, evict, loseAlarm, pass, runUntil, START, useFrozenTime } from "../support/time.ts";
import { created, ready, scriptOutside, TOKEN } from "../support/upstream.ts";

const BODY = "a".repeat(64);
const OTHER_BODY = "b".repeat(64);

useFrozenTime();

/** The object that task creation uses for a key. */
function objectOf(key: string): TaskStub {
  return env.TASKS.get(env.TASKS.idFromName(`${TENANT_ID}/live/${key}`));
}

const accept = (stub: TaskStub, bodyHash: string, replayOnly = false) =>
  stub.accept(aTask({ bodyHash, replayOnly, metadata: { body: bodyHash } }));

describe("requests with one idempotency key", () => {
  it("return the current task, also after an eviction", async () => {
    await createTenant();
    scriptOutside({ create: [created()], poll: [ready] });
    const stub = objectOf("order-2");
    await accept(stub, BODY);
    await runUntil(stub, START + 10_000);
    expect(await accept(stub, BODY)).toMatchObject({
      tag: "replayed",
      task: { status: "ready", createdAt: new Date(START).toISOString() },
    });
    await evict(stub);
    expect(await accept(stub, BODY)).toMatchObject({
      tag: "replayed",
      task: { status: "ready", createdAt: new Date(START).toISOString() },
    });
  });

  it("return no solution that has expired, also if the alarm that erases it is late", async () => {
    await createTenant();
    scriptOutside({ create: [created()], poll: [ready] });
    const stub = objectOf("order-4");
    await accept(stub, BODY);
    await runUntil(stub, START + 10_000);
    pass(120_000);
    const replayed = await accept(stub, BODY);
    expect(replayed).toMatchObject({ task: { status: "ready", solution: null, solutionState: "expired" } });
    expect(await storedText(stub)).not.toContain(TOKEN);
  });

  it("return a task past its deadline as failed", async () => {
    const stub = objectOf("order-5");
    await accept(stub, BODY);
    pass(TIMEOUT_MS);
    expect(await accept(stub, BODY)).toMatchObject({ task: { status: "failed", error: { code: "timeout" } } });
  });

  it("replace an alarm that the platform has lost", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const stub = objectOf("order-6");
    await accept(stub, BODY);
    await evict(stub);
    await loseAlarm(stub);
    pass(60_000);
    expect(await accept(stub, BODY)).toMatchObject({ tag: "replayed" });
    expect(await alarmOf(stub)).not.toBeNull();
  });

  it("are rejected with another body and change nothing", async () => {
    const stub = objectOf("order-3");
    await accept(stub, BODY);
    const before = await storedText(stub);
    pass(1_000);
    expect(await accept(stub, OTHER_BODY)).toEqual({ tag: "mismatch" });
    expect(await storedText(stub)).toBe(before);
    expect(await alarmOf(stub)).toBe(START + 3_001);
  });
});

describe("a record of a version that hashed the operator's default deadline", () => {
  it("is returned to repeats of its request", async () => {
    const stub = objectOf("order-8");
    await accept(stub, "hash-of-the-older-version");
    await evict(stub);
    await runInDurableObject(stub, (_object, { storage }) => {
      const { keyId: _, ...older } = storage.kv.get<TaskRecord>(RECORD_KEY) ?? {};
      storage.kv.put(RECORD_KEY, older);
    });
    const repeat = (legacyBodyHash: string) => stub.accept(aTask({ bodyHash: BODY, legacyBodyHash }));
    expect(await repeat("hash-of-the-older-version")).toMatchObject({ tag: "replayed" });
    expect(await repeat("another-hash")).toEqual({ tag: "mismatch" });
  });

  it("is distinguished from a newer record with the same hash", async () => {
    const stub = objectOf("order-9");
    await accept(stub, "hash-of-another-request");
    const repeat = aTask({ bodyHash: BODY, legacyBodyHash: "hash-of-another-request" });
    expect(await stub.accept(repeat)).toEqual({ tag: "mismatch" });
  });
});

describe("a call that may only replay", () => {
  it("creates nothing when there is no task", async () => {
    const stub = objectOf("order-5");
    expect(await accept(stub, BODY, true)).toEqual({ tag: "absent" });
    expect(await storedText(stub)).toBe("[]");
    expect(await alarmOf(stub)).toBeNull();
  });

  it("does not use up the key, so the next call can create a task", async () => {
    const stub = objectOf("order-6");
    await accept(stub, BODY, true);
    expect(await accept(stub, OTHER_BODY)).toMatchObject({ tag: "accepted" });
    expect(await stored(stub)).toMatchObject({ bodyHash: OTHER_BODY });
  });

  it("returns the existing task and rejects another body", async () => {
    const stub = objectOf("order-7");
    await accept(stub, BODY);
    expect(await accept(stub, BODY, true)).toMatchObject({ tag: "replayed" });
    expect(await accept(stub, OTHER_BODY, true)).toEqual({ tag: "mismatch" });
  });
});
