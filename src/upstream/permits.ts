// Decides which upstream account a task may use now. An isolate reads the account states from memory, then from KV. It calls the
// UpstreamObject only while an account is not `ok`, so normal operation costs no extra call.

import { withTimeLimit } from "../client/time-limits.ts";
import type { UpstreamAccount } from "../configuration.ts";
import type { Env } from "../env.ts";
import { describeError, log } from "../log.ts";
import type { AccountStates, Probe } from "./account-states.ts";
import {
  accountStatesSchema,
  isRefused,
  NO_STATES,
  newest,
  PROBE_INTERVAL_MS,
  retryAt,
  stateOf,
} from "./account-states.ts";
import type { RefusalReport } from "./rpc.ts";
import { STATES_KEY, upstreamObject } from "./rpc.ts";
import { UsageCounter } from "./usage.ts";

/** How long (ms) an isolate uses the states that it has read. */
const MEMORY_MS = 2_000;

/** The shortest `cacheTtl` (s) that KV allows. */
const KV_CACHE_S = 30;

/** Timeout (ms) of KV and the object. After that, the last known states are used. */
const CALL_TIMEOUT_MS = 2_000;

/** When (ms) a held task tries again if the object does not respond. */
const UNREACHABLE_RETRY_MS = 15_000;

/** Held tasks are spread over this time (ms), so that they do not all try again at once. */
const SPREAD_MS = 5_000;

type UpstreamEnv = Pick<Env, "UPSTREAM" | "DIRECTORY">;

/** Permission to send a submission to `account`, possibly as its probe, or to try again at `until` (ms since the epoch). */
export type Permit =
  | { readonly tag: "send"; readonly account: UpstreamAccount; readonly probe: Probe | null }
  | { readonly tag: "held"; readonly until: number };

/** A response of the object, with the number of its call. */
interface Answered<T> {
  readonly value: T;
  readonly call: number;
}

/** An isolate's view of the account states. */
export class AccountView {
  readonly #usage = new UsageCounter();
  #memory: { readonly states: AccountStates; readonly readAt: number } | null = null;
  /** Refusals that the object has not confirmed yet. The isolate avoids these accounts `until` (ms). `call`: the call that reports it. */
  readonly #unreported = new Map<string, { readonly until: number; readonly call: number }>();
  /** Calls are numbered, because their responses can arrive out of order. */
  #calls = 0;
  #lastAnswered = 0;

  /**
   * Returns the account of `candidates`, which are in order of preference, that a task may use now. Never throws.
   * @param notBefore by account: when the task may use it at the earliest (ms). It limits the requests of a task whose account rejects
   * it while the states say that the account works.
   */
  async requestPermit(
    env: UpstreamEnv,
    candidates: readonly UpstreamAccount[],
    now: number,
    notBefore: Readonly<Record<string, number>> = {},
  ): Promise<Permit> {
    // An account can have the name of an inherited property, such as `constructor`.
    const pausedUntil = (name: string) => (Object.hasOwn(notBefore, name) ? (notBefore[name] ?? 0) : 0);
    let states = await this.#known(env, now);
    // Probes come first, or an account would remain refused as long as another one works.
    for (const account of candidates) {
      const probeAt = stateOf(states, account.name)?.probeAt ?? null;
      if (probeAt === null || probeAt > now || pausedUntil(account.name) > now) continue;
      const answer = await this.#call("probe", () => upstreamObject(env).requestProbe(account.name));
      // Do not call again for other accounts, because each call could take the full timeout.
      if (answer === null) break;
      const { probe, states: after } = answer.value;
      states = this.#apply({ ...answer, value: after }, now);
      if (probe !== null) return { tag: "send", account, probe };
    }
    const account = candidates.find(({ name }) => !this.#avoids(states, name, now) && pausedUntil(name) <= now);
    if (account !== undefined) return { tag: "send", account, probe: null };
    const times = candidates.map(({ name }) => Math.max(this.#retryAt(states, name, now), pausedUntil(name)));
    return { tag: "held", until: Math.min(...times) + Math.floor(Math.random() * SPREAD_MS) };
  }

  /** Reports that the upstream rejected an account. This isolate avoids it from now on, even if the report fails. */
  async reportRefused(env: UpstreamEnv, report: RefusalReport, now: number): Promise<void> {
    // Every poll of a task of a refused account gets this error, and the object has it already.
    if (report.probe === null && this.#isFresh(now) && isRefused(this.#memory?.states ?? NO_STATES, report.account))
      return;
    this.#unreported.set(report.account, { until: now + PROBE_INTERVAL_MS, call: this.#calls + 1 });
    const answer = await this.#call("refusal", () => upstreamObject(env).reportRefused(report));
    if (answer !== null) this.#apply(answer, now);
  }

  /** Reports that the response to a probe shows that the account works. */
  async reportWorking(env: UpstreamEnv, probe: Probe, now: number): Promise<void> {
    const answer = await this.#call("recovery", () => upstreamObject(env).reportWorking(probe));
    if (answer !== null) this.#apply(answer, now);
  }

  /** Counts a task that an account accepted, and reports the counts at most once a minute. Tasks do not wait for it. */
  async countTask(env: UpstreamEnv, account: string, now: number): Promise<void> {
    this.#usage.count(account, now);
    await this.#reportUsage(env, this.#usage.takeDue(now));
  }

  /** Reports the counts of this isolate now. */
  async flushUsage(env: UpstreamEnv, now: number): Promise<void> {
    await this.#reportUsage(env, this.#usage.take(now));
  }

  async #reportUsage(env: UpstreamEnv, reports: ReturnType<UsageCounter["take"]>): Promise<void> {
    if (reports.length > 0) await this.#call("usage", () => upstreamObject(env).reportUsage(reports));
  }

  /** The current states. They come from the object while an account is not `ok`. */
  async #known(env: UpstreamEnv, now: number): Promise<AccountStates> {
    const lastKnown = this.#memory?.states ?? NO_STATES;
    if (this.#isFresh(now)) return lastKnown;
    // An outdated copy in KV must not make a refused account `ok`, so the newer of two copies is used.
    const copy = allOk(lastKnown) ? newest(lastKnown, await readCopy(env)) : lastKnown;
    if (allOk(copy) && this.#unreported.size === 0) return this.#remember(copy, now);
    const answer = await this.#call("states", () => upstreamObject(env).states());
    return answer === null ? this.#remember(copy, now) : this.#apply(answer, now);
  }

  #isFresh(now: number): boolean {
    // If the clock went backwards, the age is unknown.
    return this.#memory !== null && now >= this.#memory.readAt && now - this.#memory.readAt < MEMORY_MS;
  }

  /** Uses the object's states, unless the response to a later call arrived earlier. */
  #apply({ value: states, call }: Answered<AccountStates>, now: number): AccountStates {
    const known = this.#memory?.states ?? NO_STATES;
    if (call < this.#lastAnswered && states.revision <= known.revision) return known;
    this.#lastAnswered = Math.max(this.#lastAnswered, call);
    // The response may not contain refusals that were reported after its call.
    for (const [name, refusal] of this.#unreported) if (refusal.call <= call) this.#unreported.delete(name);
    return this.#remember(states, now);
  }

  #remember(states: AccountStates, now: number): AccountStates {
    this.#memory = { states, readAt: now };
    return states;
  }

  #avoids(states: AccountStates, name: string, now: number): boolean {
    return isRefused(states, name) || (this.#unreported.get(name)?.until ?? 0) > now;
  }

  #retryAt(states: AccountStates, name: string, now: number): number {
    const state = stateOf(states, name);
    if (state?.state !== "refused") return this.#unreported.get(name)?.until ?? now;
    const at = retryAt(state, now);
    // If a due probe was not granted, the object does not respond. The limit guards against another machine's clock.
    return at <= now ? now + UNREACHABLE_RETRY_MS : Math.min(at, now + PROBE_INTERVAL_MS);
  }

  /** Calls the object. Returns null if the call fails or times out. */
  async #call<T>(what: string, send: () => Promise<T>): Promise<Answered<T> | null> {
    this.#calls += 1;
    const call = this.#calls;
    try {
      return { value: await withTimeLimit(CALL_TIMEOUT_MS, undefined, send), call };
    } catch (error) {
      log("warn", "breaker_unreached", { what, ...describeError(error) });
      return null;
    }
  }
}

/** The view of this isolate. */
export let accountView = new AccountView();

/** Starts with a new view, which responses to earlier calls do not change. For tests, which share one isolate. */
export function resetAccountView(): void {
  accountView = new AccountView();
}

function allOk({ accounts }: AccountStates): boolean {
  return accounts.every(({ state }) => state === "ok");
}

/** KV's copy. Where KV fails, or has none, nothing is known: solving must not stop with it. */
async function readCopy({ DIRECTORY }: UpstreamEnv): Promise<AccountStates> {
  try {
    const read = () => DIRECTORY.get(STATES_KEY, { type: "json", cacheTtl: KV_CACHE_S });
    const stored: unknown = await withTimeLimit(CALL_TIMEOUT_MS, undefined, read);
    return accountStatesSchema.safeParse(stored).data ?? NO_STATES;
  } catch {
    return NO_STATES;
  }
}
