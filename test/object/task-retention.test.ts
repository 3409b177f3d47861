// The end of retention: storage is empty and the task is absent.

import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import {
  acceptTask,
  LIVE,
  RETENTION_MS,
  setEnvironment,
  stored,
  storedText,
  view,
  viewOrNull,
} from "../support/objects.ts";
import { createTenant, ledgerOf, TENANT_UNREACHABLE, tenantObject } from "../support/tenants.ts";
import { alarmOf, ringOnTime, runUntil, START, useFrozenTime } from "../support/time.ts";
import { created, errorAnswer, ready, scriptOutside } from "../support/upstream.ts";

useFrozenTime(createTenant);

const ends = [
  { name: "a ready task", poll: ready },
  { name: "a failed task", poll: errorAnswer("ERROR_CAPTCHA_UNSOLVABLE") },
];

describe("the end of retention", () => {
  it.each(ends)("deletes everything in storage, and the task is absent: $name", async ({ poll }) => {
    scriptOutside({ create: [created()], poll: [poll] });
    const stub = await acceptTask();
    await runUntil(stub, START + 10_000);
    const finishedAt = (await view(stub)).finishedAt ?? Number.NaN;
    await runUntil(stub, finishedAt + RETENTION_MS - 1);
    expect(await stored(stub)).toBeDefined();
    await ringOnTime(stub);
    expect(Date.now()).toBe(finishedAt + RETENTION_MS);
    expect(await storedText(stub)).toBe("[]");
    expect(await alarmOf(stub)).toBeNull();
    expect(await viewOrNull(stub)).toBeNull();
    expect(await stub.cancel(LIVE)).toEqual({ tag: "absent" });
    expect(await stub.claim(LIVE)).toEqual({ tag: "absent" });
    expect(await ledgerOf(tenantObject())).toHaveLength(1);
  });

  it("is as long as it was configured when the task was accepted", async () => {
    scriptOutside({ create: [ready] });
    const stub = await acceptTask({ retentionMs: 10_000 });
    await ringOnTime(stub);
    await runUntil(stub, START + 1 + 9_999);
    expect(await viewOrNull(stub)).not.toBeNull();
    await runUntil(stub, START + 1 + 10_000);
    expect(await viewOrNull(stub)).toBeNull();
  });

  it("waits for the ledger while the tenant's object cannot be reached, for one more retention at the most", async () => {
    scriptOutside({ create: [ready] });
    const stub = await acceptTask();
    await setEnvironment(stub, TENANT_UNREACHABLE);
    await stub.cancel(LIVE);
    await ringOnTime(stub);
    await runInDurableObject(stub, (_object, state) => state.storage.setAlarm(START + RETENTION_MS));
    await ringOnTime(stub);
    expect(await viewOrNull(stub)).toMatchObject({ status: "canceled", settled: false });
    await runInDurableObject(stub, (_object, state) => state.storage.setAlarm(START + 2 * RETENTION_MS));
    await ringOnTime(stub);
    expect(await viewOrNull(stub)).toBeNull();
  });
});
