// The first steps of a task run without an alarm. Here the alarm rings while they run, or shortly before the first poll.

import { describe, expect, it, vi } from "vitest";
import { TaskState } from "../../src/tasks/state.ts";
import { acceptTask, aTask, freshTaskObject, LIVE, stored, view } from "../support/objects.ts";
import { createTenant } from "../support/tenants.ts";
import { alarmOf, eventually, pass, ring, ringOnTime, runFirstSteps, START, useFrozenTime } from "../support/time.ts";
import { created, held, plain, RECEIVER_URL, ready, scriptOutside } from "../support/upstream.ts";

useFrozenTime(createTenant);

/** When the alarm of an accepted task rings (ms). */
const FIRST_ALARM = START + 3_001;

describe("the first steps of an accepted task", () => {
  it("run without an alarm, once, also if the request is repeated meanwhile", async () => {
    vi.mocked(TaskState.prototype.afterAnswer).mockRestore();
    const answer = held(created());
    const outside = scriptOutside({ create: [answer.answer] });
    const request = aTask({ bodyHash: "hash" });
    const stub = freshTaskObject();
    await stub.accept(request);
    expect(await stub.accept(request)).toMatchObject({ tag: "replayed" });
    await answer.asked();
    expect(await stub.accept(request)).toMatchObject({ tag: "replayed" });
    answer.release();
    await eventually(async () => (await view(stub)).status === "processing");
    expect(outside.creates).toHaveLength(1);
    expect(await alarmOf(stub)).toBe(START + 3_000);
  });

  it("report a task that is canceled before they begin, without a submission", async () => {
    vi.mocked(TaskState.prototype.afterAnswer).mockRestore();
    const outside = scriptOutside({ receive: [plain(204, null)] });
    const stub = freshTaskObject();
    const [accepted] = await Promise.all([
      stub.accept(aTask({ bodyHash: "hash", webhookUrl: RECEIVER_URL })),
      stub.cancel(LIVE),
    ]);
    expect(accepted.tag).toBe("accepted");
    await eventually(async () => (await view(stub)).settled);
    expect(outside.creates).toEqual([]);
    expect(outside.webhooks).toHaveLength(1);
    expect(await view(stub)).toMatchObject({ status: "canceled", submissions: 0 });
  });
});

describe("an alarm that rings while the first steps run", () => {
  it("waits for them, so the task is submitted once, and is set for the first poll", async () => {
    const answer = held(created());
    const outside = scriptOutside({ create: [answer.answer], poll: [ready] });
    const stub = await acceptTask();
    const steps = runFirstSteps(stub);
    await answer.asked();
    vi.setSystemTime(FIRST_ALARM);
    let rung = false;
    const alarm = ring(stub).then(() => {
      rung = true;
    });
    await view(stub);
    expect(rung).toBe(false);
    pass(1_000);
    answer.release();
    await Promise.all([steps, alarm]);
    expect(outside.creates).toHaveLength(1);
    expect(await view(stub)).toMatchObject({ status: "processing", submissions: 1 });
    expect(await alarmOf(stub)).toBe(FIRST_ALARM + 1_000 + 3_000);
    await ringOnTime(stub);
    expect(await view(stub)).toMatchObject({ status: "ready", polls: 1 });
  });
});

describe("an alarm that rings shortly before the first poll", () => {
  /** A task whose createTask was answered 200 ms after it was sent. */
  async function submittedTask() {
    const answer = held(created());
    const outside = scriptOutside({ create: [answer.answer], poll: [ready], receive: [plain(204, null)] });
    const stub = await acceptTask({ webhookUrl: RECEIVER_URL });
    const steps = runFirstSteps(stub);
    await answer.asked();
    pass(200);
    answer.release();
    await steps;
    expect(await alarmOf(stub)).toBe(FIRST_ALARM);
    expect(await stored(stub)).toMatchObject({ status: "processing", stepAt: START + 3_200 });
    return { outside, stub };
  }

  it("waits in its handler, and polls on time", async () => {
    const { outside, stub } = await submittedTask();
    const waits: number[] = [];
    vi.spyOn(scheduler, "wait").mockImplementation(async (ms) => {
      waits.push(ms);
      pass(ms);
    });
    await ringOnTime(stub);
    expect(waits).toEqual([199]);
    expect(outside.polls.map(({ at }) => at)).toEqual([START + 3_200]);
    expect(await view(stub)).toMatchObject({ status: "ready", polls: 1 });
  });

  it("sends the webhook of a task that is canceled meanwhile without waiting any longer", async () => {
    const { outside, stub } = await submittedTask();
    let waits = 0;
    const wait = scheduler.wait.bind(scheduler);
    vi.spyOn(scheduler, "wait").mockImplementation((_ms, options) => {
      waits += 1;
      return wait(3_600_000, options);
    });
    const alarm = ringOnTime(stub);
    await eventually(() => waits === 1);
    await stub.cancel(LIVE);
    await eventually(() => outside.webhooks.length === 1);
    await alarm;
    expect(await view(stub)).toMatchObject({ status: "canceled", delivery: { state: "delivered" } });
  });
});
