// Solutions: how long they are available, that they are erased from storage, and that they are claimed exactly once.

import { describe, expect, it } from "vitest";
import { OPERATOR } from "../../src/tenants/actor.ts";
import type { TaskStub } from "../support/objects.ts";
import { acceptTask, LIVE, POLL_MS, setEnvironment, stored, storedText, view } from "../support/objects.ts";
import type { TenantStub } from "../support/tenants.ts";
import { createTenant, tenantObject, withTenantMethods } from "../support/tenants.ts";
import { alarmOf, eventually, loseAlarm, pass, ringOnTime, runUntil, START, useFrozenTime } from "../support/time.ts";
import type { Script } from "../support/upstream.ts";
import { created, plain, processing, RECEIVER_URL, ready, scriptOutside, TOKEN } from "../support/upstream.ts";

const SUBMITTED = START + 1;
/** The scripted solution arrives with the second poll, so the first poll is the last time without a solution. */
const UNSOLVED = SUBMITTED + POLL_MS;
const SOLVED = UNSOLVED + POLL_MS;
const EXPIRES = UNSOLVED + 120_000;

const SOLVING: Script = { create: [created()], poll: [processing, ready] };

useFrozenTime(createTenant);

async function solvedTask(overrides: Parameters<typeof acceptTask>[0] = {}): Promise<TaskStub> {
  const stub = await acceptTask(overrides);
  await runUntil(stub, SOLVED);
  return stub;
}

describe("the lifetime of a solution", () => {
  it("ends the solution in the response to a redelivery whose calls take until then", async () => {
    const tenant = tenantObject();
    await tenant.setEndpoint(OPERATOR, "live", RECEIVER_URL);
    scriptOutside({ ...SOLVING, receive: [plain(204, null)] });
    const stub = await solvedTask();
    pass(EXPIRES - 1 - Date.now());
    const environment = withTenantMethods((real) => ({
      webhookSettings: async (...parameters: Parameters<TenantStub["webhookSettings"]>) => {
        pass(1_000);
        return real.webhookSettings(...parameters);
      },
    }));
    await setEnvironment(stub, environment);
    const task = { solution: null, solutionState: "expired" };
    expect(await stub.redeliver(LIVE)).toMatchObject({ tag: "redelivering", task });
  });

  it("ends with the task when it is purged during the calls of a redelivery", async () => {
    await tenantObject().setEndpoint(OPERATOR, "live", RECEIVER_URL);
    scriptOutside({ ...SOLVING, receive: [plain(204, null)] });
    const stub = await solvedTask({ retentionMs: 60_000 });
    let asked = false;
    let purged = false;
    const environment = withTenantMethods((real) => ({
      webhookSettings: async (...parameters: Parameters<TenantStub["webhookSettings"]>) => {
        asked = true;
        while (!purged) await new Promise((resolve) => setTimeout(resolve, 1));
        return real.webhookSettings(...parameters);
      },
    }));
    await setEnvironment(stub, environment);
    const redelivering = stub.redeliver(LIVE);
    await eventually(() => asked);
    await runUntil(stub, SOLVED + 60_000);
    purged = true;
    expect(await redelivering).toEqual({ tag: "absent" });
  });

  it("is counted from the last answer without a solution", async () => {
    scriptOutside(SOLVING);
    const stub = await solvedTask();
    expect(await view(stub)).toMatchObject({
      status: "ready",
      finishedAt: SOLVED,
      solution: { gRecaptchaResponse: TOKEN, cookies: { _GRECAPTCHA: "09ANM-a-cookie" } },
      solutionState: "available",
      solutionExpiresAt: EXPIRES,
      solutionBestBefore: UNSOLVED + 60_000,
    });
  });

  it("includes the browser identity that the solution was created with", async () => {
    scriptOutside(SOLVING);
    const { solution } = await view(await solvedTask());
    expect(solution).toMatchObject({
      userAgent: expect.stringContaining("Chrome/"),
      secChUa: expect.stringContaining("Chrome"),
    });
  });

  it("ends with the removal of the token from storage", async () => {
    scriptOutside(SOLVING);
    const stub = await solvedTask();
    expect(await storedText(stub)).toContain(TOKEN);
    expect(await alarmOf(stub)).toBe(EXPIRES);
    await runUntil(stub, EXPIRES - 1);
    expect(await view(stub)).toMatchObject({ solutionState: "available" });
    await ringOnTime(stub);
    const text = await storedText(stub);
    expect(text).not.toContain(TOKEN);
    expect(text).not.toContain("09ANM");
    expect(await stored(stub)).toMatchObject({ status: "ready", solution: null, solutionState: "expired" });
  });

  it("ends with a read that comes before a late alarm", async () => {
    scriptOutside(SOLVING);
    const stub = await solvedTask();
    await loseAlarm(stub);
    pass(EXPIRES - SOLVED);
    expect(await view(stub)).toMatchObject({ solution: null, solutionState: "expired", solutionExpiresAt: EXPIRES });
    expect(await storedText(stub)).not.toContain(TOKEN);
  });
});

describe("claiming", () => {
  it("erases the solution from storage for good", async () => {
    scriptOutside(SOLVING);
    const stub = await solvedTask();
    await stub.claim(LIVE);
    expect(await storedText(stub)).not.toContain(TOKEN);
    expect(await view(stub)).toMatchObject({ status: "ready", solution: null, solutionState: "claimed" });
    await runUntil(stub, EXPIRES + 1_000);
    expect(await view(stub)).toMatchObject({ solution: null, solutionState: "claimed" });
    expect(await stub.claim(LIVE)).toEqual({ tag: "already_claimed" });
  });

  it("is rejected once the solution has expired, even before its alarm", async () => {
    scriptOutside(SOLVING);
    const stub = await solvedTask();
    await loseAlarm(stub);
    pass(EXPIRES - SOLVED);
    expect(await stub.claim(LIVE)).toEqual({ tag: "expired" });
  });
});
