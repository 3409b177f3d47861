// Isolates with different states of the upstream accounts: stale copies, races, and a KV or an object that does not answer. */

import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import type { Env } from "../../src/env.ts";
import { AccountView } from "../../src/upstream/permits.ts";
import { STATES_KEY } from "../../src/upstream/rpc.ts";
import { FIRST, publishedStates, SECOND, stateOfAccount } from "../support/accounts.ts";
import { eventually, pass, useFrozenTime } from "../support/time.ts";

const MINUTE_MS = 60_000;
const BOTH = [FIRST, SECOND];

useFrozenTime(() => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});

type ViewEnv = Pick<Env, "UPSTREAM" | "DIRECTORY">;

/** The environment with one binding replaced, and how often the object was asked through it. */
function watched(changes: Partial<ViewEnv> = {}): ViewEnv & { readonly calls: () => number } {
  let count = 0;
  const UPSTREAM = new Proxy(env.UPSTREAM, {
    get: (target, key) => {
      if (key === "get") count += 1;
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { UPSTREAM, DIRECTORY: env.DIRECTORY, ...changes, calls: () => count };
}

/** A binding whose every method is this one. */
const bindingOf = <T extends object>(target: T, method: () => unknown): T => new Proxy(target, { get: () => method });

const KV_AWAY = { DIRECTORY: bindingOf(env.DIRECTORY, () => Promise.reject(new Error("KV is away"))) };
const KV_HANGS = { DIRECTORY: bindingOf(env.DIRECTORY, () => new Promise(() => undefined)) };
const OBJECT_AWAY = {
  UPSTREAM: bindingOf(env.UPSTREAM, () => {
    throw new Error("the object is away");
  }),
};
/** KV as another edge still has it. */
const kvWith = (text: string | null) => ({
  DIRECTORY: bindingOf(env.DIRECTORY, async () => (text === null ? null : JSON.parse(text))),
});

const ask = (view: AccountView, viewEnv: ViewEnv = watched()) => view.requestPermit(viewEnv, BOTH, Date.now());
const refuse = (view: AccountView, account: string = FIRST.name, viewEnv: ViewEnv = watched()) =>
  view.reportRefused(viewEnv, { account, code: "ERROR_ZERO_BALANCE", ageMs: 0, probe: null }, Date.now());
const sendTo = (account: object, probe: object | null = null) => ({ tag: "send", account, probe });

describe("an isolate while every account works", () => {
  it.each(["constructor", "__proto__", "toString"])("permits an account whose name is %s", async (name) => {
    const account = { ...FIRST, name };
    expect(await new AccountView().requestPermit(watched(), [account], Date.now(), {})).toEqual(sendTo(account));
  });

  it("calls no object and reads KV once in two seconds", async () => {
    const view = new AccountView();
    const viewEnv = watched();
    const get = vi.spyOn(env.DIRECTORY, "get");
    for (let second = 0; second < 10; second += 1) {
      expect(await ask(view, viewEnv)).toEqual(sendTo(FIRST));
      expect(await ask(view, viewEnv)).toEqual(sendTo(FIRST));
      pass(1_000);
    }
    expect(viewEnv.calls()).toBe(0);
    expect(get).toHaveBeenCalledTimes(5);
  });

  it("calls no object after an account has recovered", async () => {
    const view = new AccountView();
    await refuse(view);
    pass(MINUTE_MS);
    const permit = await ask(view);
    if (permit.tag !== "send" || permit.probe === null) throw new Error("no probe");
    await view.reportWorking(watched(), permit.probe, Date.now());
    const viewEnv = watched();
    for (let second = 0; second < 10; second += 1) {
      expect(await ask(view, viewEnv)).toEqual(sendTo(FIRST));
      pass(1_000);
    }
    expect(viewEnv.calls()).toBe(0);
  });
});

describe("two isolates", () => {
  it("learn of a rejection within the lifetime of their cached copy", async () => {
    const [here, there] = [new AccountView(), new AccountView()];
    expect(await ask(there)).toEqual(sendTo(FIRST));
    await refuse(here);
    expect(await ask(here)).toEqual(sendTo(SECOND));
    await eventually(async () => (await publishedStates()) !== null);
    pass(2_000);
    expect(await ask(there)).toEqual(sendTo(SECOND));
  });

  it("get one probe between them", async () => {
    const [here, there] = [new AccountView(), new AccountView()];
    await Promise.all([refuse(here), refuse(there)]);
    pass(MINUTE_MS);
    const permits = await Promise.all([ask(here), ask(there), ask(here), ask(there)]);
    expect(permits.filter((permit) => permit.tag === "send" && permit.probe !== null)).toHaveLength(1);
    expect(permits.filter((permit) => permit.tag === "send" && permit.account === SECOND)).toHaveLength(3);
  });

  it("call the object once every two seconds each while an account is rejected", async () => {
    const view = new AccountView();
    await refuse(view);
    const viewEnv = watched();
    for (let second = 0; second < 10; second += 1) {
      for (let task = 0; task < 5; task += 1) await ask(view, viewEnv);
      pass(1_000);
    }
    // The answer to the report covers the first two seconds.
    expect(viewEnv.calls()).toBe(4);
  });

  it("probe at the time of the object's clock if their clocks differ", async () => {
    const view = new AccountView();
    await refuse(view);
    pass(MINUTE_MS - 10_000);
    const ahead = Date.now() + 30_000;
    expect(await view.requestPermit(watched(), BOTH, ahead)).toEqual(sendTo(SECOND));
    const behind = await view.requestPermit(watched(), [FIRST], Date.now() - 3_600_000);
    expect(behind).toMatchObject({ tag: "held" });
    if (behind.tag === "held") expect(behind.until).toBeLessThanOrEqual(Date.now() - 3_600_000 + MINUTE_MS + 5_000);
  });
});

describe("polled tasks of a refused account", () => {
  it("report the refusal once in two seconds per isolate, however many they are", async () => {
    const view = new AccountView();
    const viewEnv = watched();
    for (let second = 0; second < 4; second += 1) {
      for (let poll = 0; poll < 5; poll += 1) await refuse(view, "first", viewEnv);
      pass(1_000);
    }
    expect(viewEnv.calls()).toBe(2);
  });
});

describe("answers of the object that overtake each other", () => {
  /** The object behind a gate: its answers to `states` wait until they are let through. */
  function gated() {
    const waiting: (() => void)[] = [];
    const stub = env.UPSTREAM.get(env.UPSTREAM.idFromName("upstream"));
    const delayed = async () => {
      const states = await stub.states();
      await new Promise<void>((resolve) => waiting.push(resolve));
      return states;
    };
    const get = () =>
      new Proxy(stub, { get: (target, key) => (key === "states" ? delayed : Reflect.get(target, key)) });
    const UPSTREAM = new Proxy(env.UPSTREAM, {
      get: (target, key) => (key === "get" ? get : Reflect.get(target, key).bind(target)),
    });
    return { viewEnv: watched({ UPSTREAM }), waiting };
  }

  it("do not bring an older state back", async () => {
    const view = new AccountView();
    await refuse(view, "second");
    pass(3_000);
    const { viewEnv, waiting } = gated();
    const early = ask(view, viewEnv);
    await eventually(() => waiting.length === 1);
    await refuse(view, "first");
    waiting[0]?.();
    expect(await early).toMatchObject({ tag: "held" });
    expect(await ask(view)).toMatchObject({ tag: "held" });
  });
});

describe("an old copy in KV", () => {
  it("does not reopen an account that this isolate knows to be rejected", async () => {
    const view = new AccountView();
    await refuse(view);
    for (let second = 0; second < 50; second += 5) {
      pass(5_000);
      expect(await ask(view, watched(kvWith(null)))).toEqual(sendTo(SECOND));
    }
  });

  it("costs an isolate at most one rejected request", async () => {
    await refuse(new AccountView());
    const stale = new AccountView();
    expect(await ask(stale, watched(kvWith(null)))).toEqual(sendTo(FIRST));
    const before = await stateOfAccount("first");
    pass(1_000);
    await refuse(stale, "first", watched(kvWith(null)));
    expect(await stateOfAccount("first")).toEqual(before);
    expect(await ask(stale, watched(kvWith(null)))).toEqual(sendTo(SECOND));
  });

  it("does not hold tasks if it reports a rejection, because the object decides", async () => {
    const view = new AccountView();
    await refuse(view);
    await eventually(async () => (await publishedStates()) !== null);
    const old = await env.DIRECTORY.get(STATES_KEY);
    pass(MINUTE_MS);
    const permit = await ask(view);
    if (permit.tag !== "send" || permit.probe === null) throw new Error("no probe");
    await view.reportWorking(watched(), permit.probe, Date.now());
    expect(await ask(new AccountView(), watched(kvWith(old)))).toEqual(sendTo(FIRST));
    pass(10_000);
    expect(await ask(view, watched(kvWith(old)))).toEqual(sendTo(FIRST));
  });

  it("is ignored if it cannot be read", async () => {
    for (const text of ['"text"', '{"version":2}', "[]"]) {
      expect(await ask(new AccountView(), watched(kvWith(text)))).toEqual(sendTo(FIRST));
    }
  });
});

describe("an isolate without KV or the object", () => {
  it.each([
    ["KV does not answer", KV_AWAY],
    ["KV hangs", KV_HANGS],
    ["neither KV nor the object answers", { ...KV_AWAY, ...OBJECT_AWAY }],
  ])("uses the preferred account while nothing else is known and %s", async (_name, changes) => {
    expect(await ask(new AccountView(), watched(changes))).toEqual(sendTo(FIRST));
  });

  it("uses the last known states when the object stops answering", async () => {
    const view = new AccountView();
    await refuse(view);
    pass(MINUTE_MS + 10_000);
    const away = watched({ ...KV_AWAY, ...OBJECT_AWAY });
    expect(await ask(view, away)).toEqual(sendTo(SECOND));
    const pinned = await view.requestPermit(away, [FIRST], Date.now());
    expect(pinned).toMatchObject({ tag: "held" });
    if (pinned.tag === "held") expect(pinned.until - Date.now()).toBeLessThanOrEqual(20_000);
  });

  it("avoids an account whose rejection it could not report, for a minute", async () => {
    const view = new AccountView();
    const away = watched(OBJECT_AWAY);
    await refuse(view, "first", away);
    expect(await ask(view, away)).toEqual(sendTo(SECOND));
    pass(MINUTE_MS - 1);
    expect(await ask(view, away)).toEqual(sendTo(SECOND));
    pass(1);
    expect(await ask(view, away)).toEqual(sendTo(FIRST));
  });

  it("does not wait long when the object hangs", async () => {
    const view = new AccountView();
    await refuse(view);
    pass(3_000);
    const hanging = { get: () => ({ states: () => new Promise(() => undefined) }), idFromName: () => "id" };
    const UPSTREAM = new Proxy(env.UPSTREAM, { get: (_target, key) => Reflect.get(hanging, key) });
    expect(await ask(view, watched({ UPSTREAM }))).toEqual(sendTo(SECOND));
  });
});
