// Crashes before, during and after every await of the alarm: the task ends the same way.

import { describe, expect, it, vi } from "vitest";
import type { TaskRecord } from "../../src/tasks/record.ts";
import type { CrashPoint, Moment } from "../support/crashes.ts";
import { CrashInjector, restoreAlarm } from "../support/crashes.ts";
import type { TaskStub } from "../support/objects.ts";
import { acceptTask, again, LIVE, POLL_MS, stored, storedText } from "../support/objects.ts";
import { createTenant, ledgerOf, tenantObject } from "../support/tenants.ts";
import { alarmOf, evict, loseAlarm, pass, useFrozenTime } from "../support/time.ts";
import type { Outside } from "../support/upstream.ts";
import { created, plain, processing, RECEIVER_URL, ready, scriptOutside } from "../support/upstream.ts";

useFrozenTime(createTenant);

/** How long a solution is available (ms). */
const LIFE_MS = 120_000;
/** The platform retries an alarm this long (ms) after its handler failed. */
const RETRY_MS = 2_000;
/** More alarms than any task has. */
const MAX_ALARMS = 60;

/** What is left of a task. */
interface Result {
  readonly stub: TaskStub;
  readonly outside: Outside;
  readonly crashes: number;
  /** The record as storage had it after each alarm, oldest first. */
  readonly records: readonly TaskRecord[];
  readonly left: string;
}

/** Makes an evicted object load its record for a read. True if the object crashed in that. */
async function readCold(stub: TaskStub, injector: CrashInjector): Promise<boolean> {
  await evict(stub);
  return injector.run(stub, (object) => object.view(LIVE));
}

/** Runs a task from submission through two polls and two webhook attempts to the end of retention, with one crash. */
async function runWithCrash(point: CrashPoint): Promise<Result> {
  const outside = scriptOutside({
    create: [created()],
    poll: [processing, ready],
    receive: [plain(500), plain(204, null)],
  });
  const injector = new CrashInjector(point);
  let stub = await acceptTask({ webhookUrl: RECEIVER_URL });
  const records: TaskRecord[] = [];
  for (let alarms = 0; ; alarms += 1) {
    if (alarms === MAX_ALARMS) throw new Error("the task does not end");
    // Not before the first alarm: a cold object could not know whether the task was submitted.
    if (alarms > 0 && point.name === "load" && (await readCold(stub, injector))) stub = again(stub);
    const scheduledTime = await alarmOf(stub);
    if (scheduledTime === null) break;
    vi.setSystemTime(Math.max(scheduledTime, Date.now()));
    await loseAlarm(stub);
    if (await injector.run(stub, (object) => object.alarm({ scheduledTime, retryCount: 0, isRetry: false }))) {
      stub = again(stub);
      await restoreAlarm(stub, scheduledTime);
      pass(RETRY_MS);
    }
    const record = await stored(stub);
    if (record !== undefined) records.push(record);
  }
  return { stub, outside, crashes: injector.crashes, records, left: await storedText(stub) };
}

/** Every await of that task, in order. */
const AWAITS = [
  ["admit", 1],
  ["breaker", 1],
  ["createTask", 1],
  ["load", 1],
  ["getTaskResult", 1],
  ["load", 2],
  ["getTaskResult", 2],
  ["webhook", 1],
  ["reportOutcome", 1],
  ["reportOutcome", 2],
  ["load", 3],
  ["webhookSettings", 1],
  ["webhook", 2],
  ["recordDeliveryState", 1],
  ["load", 4],
  ["load", 5],
  ["deleteAll", 1],
] as const;
const MOMENTS: readonly Moment[] = ["before", "out", "after"];

/** An object that is lost between the acceptance and the answer of createTask leaves an unknown outcome: the task is sent once more. */
const UNTIL_ANSWERED = ["admit", "breaker", "createTask"];

const CRASHES = AWAITS.flatMap(([name, nth]) =>
  MOMENTS.map((moment) => ({
    name,
    nth,
    moment,
    submissions: UNTIL_ANSWERED.includes(name) && `${moment} ${name}` !== "after createTask" ? 2 : 1,
  })),
);

/** The last request answered without a solution: the solution cannot be older than that. */
function latestExpiry({ creates, polls }: Outside): number {
  const unsolved = polls[0] ?? creates.at(-1);
  return (unsolved?.at ?? Number.NaN) + LIFE_MS;
}

describe("an object that crashes", () => {
  it.each(CRASHES)("ends its task the same way after a crash $moment $name $nth", async ({ submissions, ...point }) => {
    const { stub, outside, crashes, records, left } = await runWithCrash(point);
    expect(crashes).toBe(1);

    // One final status, which never changes.
    const ends = records.filter(({ finishedAt }) => finishedAt !== null);
    expect(new Set(ends.map(({ status, finishedAt }) => `${status} ${finishedAt}`)).size).toBe(1);
    const [end] = ends;
    expect(end).toMatchObject({ status: "ready", submissions });
    expect(ends.at(-1)).toMatchObject({ solution: null, solutionState: "expired" });
    expect(left).toBe("[]");

    // One ledger row, with that status.
    const rows = await ledgerOf(tenantObject());
    expect(rows).toMatchObject([{ task_id: stub.id.toString(), status: "ready", finished_at: end?.finishedAt }]);

    // Upstream never gets a third submission, nor a poll before its time.
    expect(outside.creates.length).toBeLessThanOrEqual(submissions);
    const gaps = outside.polls.slice(1).map(({ at }, index) => at - (outside.polls[index]?.at ?? 0));
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(POLL_MS);

    // The solution is available for its lifetime, counted at the earliest from the submission.
    const expiresAt = end?.solutionExpiresAt ?? Number.NaN;
    expect(expiresAt).toBeLessThanOrEqual(latestExpiry(outside));
    expect(expiresAt).toBeGreaterThanOrEqual((outside.creates[0]?.at ?? Number.NaN) + LIFE_MS);

    // The webhook is delivered at least once, under one id.
    expect(outside.webhooks.length).toBeGreaterThanOrEqual(2);
    expect(new Set(outside.webhooks.map(({ headers }) => headers.get("webhook-id")))).toEqual(
      new Set([`msg_${stub.id.toString()}`]),
    );
    expect(ends.at(-1)).toMatchObject({ delivery: { state: "delivered" } });
  });

  it("fails the task after two crashes during createTask and submits it no third time", async () => {
    const outside = scriptOutside({ create: [created()], poll: [ready] });
    let stub = await acceptTask();
    for (let crashes = 0; crashes < 2; crashes += 1) {
      const injector = new CrashInjector({ name: "createTask", nth: 1, moment: "out" });
      for (let rings = 0; injector.crashes === 0 && rings < MAX_ALARMS; rings += 1) {
        const scheduledTime = (await alarmOf(stub)) ?? Number.NaN;
        vi.setSystemTime(Math.max(scheduledTime, Date.now()));
        await loseAlarm(stub);
        if (await injector.run(stub, (object) => object.alarm({ scheduledTime, retryCount: 0, isRetry: false }))) {
          stub = again(stub);
          await restoreAlarm(stub, scheduledTime);
        }
      }
      vi.unstubAllGlobals();
    }
    await stub.view(LIVE);
    expect(await stored(stub)).toMatchObject({
      status: "failed",
      submissions: 2,
      error: { code: "upstream_unavailable" },
    });
    expect([outside.creates.length, outside.polls.length]).toEqual([2, 0]);
  });
});
