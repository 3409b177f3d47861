// The alarm of a tenant's object, which several timers share.

import { describe, expect, it } from "vitest";
import { Alarm } from "../../src/tenants/alarm.ts";
import { pass, useFrozenTime } from "../support/time.ts";

useFrozenTime();

/** An alarm on storage that records when it was set, and never fires. */
function alarmSetBefore(at: number | null) {
  const set: number[] = [];
  const storage = {
    getAlarm: async () => at,
    setAlarm: async (time: number | Date) => {
      set.push(Number(time));
    },
  };
  return { alarm: new Alarm(storage), set };
}

describe("the alarm of a tenant's object", () => {
  it("is set only if it is not due earlier, because setting it is billed as a row", () => {
    const { alarm, set } = alarmSetBefore(null);
    const now = Date.now();
    for (const delay of [5_000, 9_000, 5_000, 2_000, 3_000]) alarm.ringBy(now + delay);
    expect(set).toEqual([now + 5_000, now + 2_000]);
  });

  it("is set again for now if the platform has lost it", () => {
    const { alarm, set } = alarmSetBefore(null);
    alarm.ringBy(Date.now() + 1_000);
    pass(61_001);
    alarm.ringBy(Date.now() + 3_600_000);
    expect(set[1]).toBe(Date.now() + 1);
    alarm.ringBy(Date.now() + 3_600_000);
    expect(set).toHaveLength(2);
  });

  it("is set again for now if the platform lost it before an eviction", async () => {
    const { alarm, set } = alarmSetBefore(Date.now() - 3_600_000);
    await alarm.load();
    alarm.ringBy(Date.now() + 3_600_000);
    expect(set).toEqual([Date.now() + 1]);
  });

  it("is not set again while it may only be late", () => {
    const { alarm, set } = alarmSetBefore(null);
    alarm.ringBy(Date.now() + 1_000);
    pass(61_000);
    alarm.ringBy(Date.now() + 3_600_000);
    expect(set).toHaveLength(1);
  });
});
