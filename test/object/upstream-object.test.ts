// The UpstreamObject: what it publishes and stores, and which alerts it raises, also after evictions and errors of KV.

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { accountsObject, FIRST, publishedStates, SECOND, stateOfAccount, storedAccounts } from "../support/accounts.ts";
import { sendingAlerts, sentAlerts, storedAlerts, WITH_ALERTS } from "../support/alerts.ts";
import { setEnvironment } from "../support/objects.ts";
import { eventually, evict, pass, ring, ringOnTime, START, useFrozenTime } from "../support/time.ts";
import { plain, scriptOutside } from "../support/upstream.ts";

useFrozenTime(() => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});

const REFUSAL = { account: FIRST.name, code: "ERROR_ZERO_BALANCE", ageMs: 0, probe: null } as const;
const refuse = (account: string = FIRST.name) => accountsObject().reportRefused({ ...REFUSAL, account });
const published = () => eventually(async () => (await publishedStates()) !== null);
const ENVIRONMENT = { ...WITH_ALERTS, UPSTREAM_ACCOUNTS: JSON.stringify([FIRST, SECOND]) };

describe("a change of state", () => {
  it("is published, and a write that KV rejects is repeated until it succeeds, across evictions", async () => {
    const put = vi.spyOn(Object.getPrototypeOf(env.DIRECTORY), "put").mockRejectedValueOnce(new Error("429"));
    await refuse();
    await eventually(() => put.mock.calls.length > 0);
    expect(await publishedStates()).toBeNull();
    await evict(accountsObject());
    await ringOnTime(accountsObject());
    expect(await publishedStates()).toEqual(await accountsObject().states());
    expect(await ring(accountsObject())).toBe(false);
  });

  it("is written once, however many tasks report it", async () => {
    await refuse();
    await published();
    const before = await storedAccounts();
    const put = vi.spyOn(Object.getPrototypeOf(env.DIRECTORY), "put");
    for (let report = 0; report < 5; report += 1) await refuse();
    expect(await storedAccounts()).toBe(before);
    expect(put).not.toHaveBeenCalled();
  });

  it("survives an eviction before anything else happens", async () => {
    await refuse();
    await evict(accountsObject());
    expect(await stateOfAccount("first")).toMatchObject({ state: "refused", since: START });
  });
});

describe("the history", () => {
  it("has the changes of state of all accounts, newest first, across evictions", async () => {
    await refuse();
    pass(60_000);
    const { probe } = await accountsObject().requestProbe(FIRST.name);
    await refuse(SECOND.name);
    if (probe !== null) await accountsObject().reportRefused({ ...REFUSAL, probe });
    await published();
    await evict(accountsObject());
    expect((await accountsObject().overview()).history).toEqual([
      { account: "second", state: "refused", code: "ERROR_ZERO_BALANCE", at: START + 60_000 },
      { account: "first", state: "refused", code: "ERROR_ZERO_BALANCE", at: START },
    ]);
  });

  it("begins with the next change in a record of a version that kept none", async () => {
    await refuse();
    await published();
    await runInDurableObject(accountsObject(), (_object, { storage }) => {
      const { history: _, ...older } = storage.kv.get<object & { history: unknown }>("states") ?? { history: null };
      storage.kv.put("states", older);
    });
    await evict(accountsObject());
    expect(await stateOfAccount("first")).toMatchObject({ state: "refused" });
    expect((await accountsObject().overview()).history).toEqual([]);
    await refuse(SECOND.name);
    expect((await accountsObject().overview()).history).toMatchObject([{ account: "second" }]);
  });
});

describe("a record that cannot be read", () => {
  it("leaves every account ok until the upstream refuses it again", async () => {
    await refuse();
    await published();
    await runInDurableObject(accountsObject(), (_object, { storage }) => storage.kv.put("states", { version: 7 }));
    await evict(accountsObject());
    expect(await stateOfAccount("first")).toBeUndefined();
    pass(1_000);
    await refuse();
    expect(await stateOfAccount("first")).toMatchObject({ state: "refused", since: START + 1_000 });
  });
});

describe("alerts of the UpstreamObject", () => {
  /** Lets the AlertObject send what it has taken. */
  async function deliver(): Promise<void> {
    await ringOnTime(await sendingAlerts());
  }

  const waitingAlerts = async () => (await storedAlerts()).filter((key) => key.startsWith("outgoing:")).length;

  it("are raised when an account is refused, when none is left, and when one works again", async () => {
    const outside = scriptOutside({ alert: [plain(204, null)] });
    await sendingAlerts();
    await setEnvironment(accountsObject(), ENVIRONMENT);
    await refuse("first");
    await refuse("second");
    await eventually(async () => (await waitingAlerts()) === 3);
    await deliver();
    expect(sentAlerts(outside)).toMatchObject([
      { type: "upstream.refused", data: { account: "first", code: "ERROR_ZERO_BALANCE" } },
      { type: "upstream.refused", data: { account: "second", code: "ERROR_ZERO_BALANCE" } },
      { type: "upstream.exhausted", data: { accounts: ["first", "second"] } },
    ]);
    pass(60_000);
    const { probe } = await accountsObject().requestProbe("first");
    if (probe === null) throw new Error("no probe");
    await accountsObject().reportWorking(probe);
    await eventually(async () => (await waitingAlerts()) === 1);
    await deliver();
    expect(sentAlerts(outside).at(-1)).toMatchObject({
      type: "upstream.recovered",
      data: { account: "first", code: "ERROR_ZERO_BALANCE" },
    });
  });

  it("are repeated if the AlertObject does not answer and the object is evicted", async () => {
    const outside = scriptOutside({ alert: [plain(204, null)] });
    await sendingAlerts();
    const ALERTS = new Proxy(env.ALERTS, {
      get: () => {
        throw new Error("the object is away");
      },
    });
    await setEnvironment(accountsObject(), { ...ENVIRONMENT, ALERTS });
    await refuse();
    await published();
    await evict(accountsObject());
    await setEnvironment(accountsObject(), ENVIRONMENT);
    await ringOnTime(accountsObject());
    await deliver();
    expect(sentAlerts(outside)).toMatchObject([{ type: "upstream.refused" }]);
  });
});

describe("the usage of accounts", () => {
  it("counts the tasks of the last hour and the last success, across evictions", async () => {
    await accountsObject().reportUsage([{ account: "first", tasks: 3, ageMs: 500 }]);
    pass(61_000);
    await accountsObject().reportUsage([{ account: "first", tasks: 2, ageMs: 1_000 }]);
    await evict(accountsObject());
    const usage = async () => (await accountsObject().overview()).usage;
    expect(await usage()).toEqual([{ account: "first", tasksLastHour: 5, lastSuccessAt: START + 60_000 }]);
    pass(3_550_000);
    expect(await usage()).toMatchObject([{ tasksLastHour: 2 }]);
    pass(3_600_000);
    expect(await usage()).toEqual([{ account: "first", tasksLastHour: 0, lastSuccessAt: START + 60_000 }]);
  });

  it("writes one row a minute, however many isolates report", async () => {
    const put = await runInDurableObject(accountsObject(), (_object, { storage }) =>
      vi.spyOn(Object.getPrototypeOf(storage.kv), "put"),
    );
    for (let isolate = 0; isolate < 20; isolate += 1) {
      await accountsObject().reportUsage([{ account: "first", tasks: 1, ageMs: 0 }]);
      pass(1_000);
    }
    expect(put).toHaveBeenCalledTimes(1);
  });
});
