// May a task be sent to an upstream account now, and to which? An isolate's view of the accounts: memory (seconds), then the copy in
// KV, and the UpstreamObject only while a copy says that an account is not `ok`. While all are `ok` no object is called.

import type { UpstreamAccount } from "../configuration.ts";
import type { Env } from "../env.ts";
import { describeError, log } from "../log.ts";
import type { AccountStates, Probe } from "./account-states.ts";
import {
  accountStatesSchema,
  askAgainAt,
  isRefused,
  NO_STATES,
  newest,
  PROBE_INTERVAL_MS,
  stateOf,
} from "./account-states.ts";
import type { RefusalReport } from "./rpc.ts";
import { STATES_KEY, upstreamObject } from "./rpc.ts";
import { UsageCounter } from "./usage.ts";

/** An isolate trusts what it has read for this time (ms). */
const MEMORY_MS = 2_000;

/** The shortest time (s) that KV caches a value at an edge. */
const KV_CACHE_S = 30;

/** KV and the object have this long (ms) to answer; after that the last known states count. */
const ANSWER_TIMEOUT_MS = 2_000;

/** While the object does not answer, tasks that only it can help ask again after this (ms). */
const UNREACHABLE_RETRY_MS = 15_000;

/** Held tasks ask again within this (ms) after their time, so that they do not all come at once. */
const SPREAD_MS = 5_000;

type UpstreamEnv = Pick<Env, "UPSTREAM" | "DIRECTORY">;

/** Whether a submission may be sent: to this account, perhaps as its probe, or not before `until` (ms since the epoch). */
export type Permit =
  | { readonly tag: "send"; readonly account: UpstreamAccount; readonly probe: Probe | null }
  | { readonly tag: "held"; readonly until: number };

/** An answer of the object, and the number of the call that it answers. */
interface Answered<T> {
  readonly value: T;
  readonly call: number;
}

/** One isolate's view. */
export class AccountView {
  readonly #usage = new UsageCounter();
  #memory: { readonly states: AccountStates; readonly readAt: number } | null = null;
  /** Accounts that this isolate saw refused and has not reported yet: until when (ms) it avoids them, and since which call. */
  readonly #unreported = new Map<string, { readonly until: number; readonly call: number }>();
  /** Calls of the object are numbered, because their answers can overtake each other. */
  #calls = 0;
  #lastAnswered = 0;

  /** Asks which of `candidates`, in order of preference, a task may be sent to. Never throws. */
  async requestPermit(env: UpstreamEnv, candidates: readonly UpstreamAccount[], now: number): Promise<Permit> {
    let states = await this.#known(env, now);
    // Probes come before the preferred account: otherwise an account would stay refused for as long as another one works.
    for (const account of candidates) {
      const probeAt = stateOf(states, account.name)?.probeAt ?? null;
      if (probeAt === null || probeAt > now) continue;
      const answer = await this.#ask("probe", () => upstreamObject(env).requestProbe(account.name));
      // The other accounts are not asked for either: each call could take as long.
      if (answer === null) break;
      const { probe, states: after } = answer.value;
      states = this.#apply({ ...answer, value: after }, now);
      if (probe !== null) return { tag: "send", account, probe };
    }
    const account = candidates.find(({ name }) => !this.#avoids(states, name, now));
    if (account !== undefined) return { tag: "send", account, probe: null };
    const times = candidates.map(({ name }) => this.#askAgainAt(states, name, now));
    return { tag: "held", until: Math.min(...times) + Math.floor(Math.random() * SPREAD_MS) };
  }

  /** Reports an answer that refuses an account. This isolate avoids it from now on, whether the report arrives or not. */
  async reportRefused(env: UpstreamEnv, report: RefusalReport, now: number): Promise<void> {
    // Every polled task of a refused account gets this answer, and the object has it already.
    if (report.probe === null && this.#fresh(now) && isRefused(this.#memory?.states ?? NO_STATES, report.account))
      return;
    this.#unreported.set(report.account, { until: now + PROBE_INTERVAL_MS, call: this.#calls + 1 });
    const answer = await this.#ask("refusal", () => upstreamObject(env).reportRefused(report));
    if (answer !== null) this.#apply(answer, now);
  }

  /** Reports that a probe got an answer that shows that its account works. */
  async reportWorking(env: UpstreamEnv, probe: Probe, now: number): Promise<void> {
    const answer = await this.#ask("recovery", () => upstreamObject(env).reportWorking(probe));
    if (answer !== null) this.#apply(answer, now);
  }

  /** Counts a task that an account accepted, and reports the counts if a minute has gone by. Not awaited by tasks. */
  async countTask(env: UpstreamEnv, account: string, now: number): Promise<void> {
    this.#usage.count(account, now);
    await this.#reportUsage(env, this.#usage.takeDue(now));
  }

  /** Reports what this isolate has counted, however little: the operator is looking. */
  async flushUsage(env: UpstreamEnv, now: number): Promise<void> {
    await this.#reportUsage(env, this.#usage.take(now));
  }

  /** Drops what this isolate remembers of the accounts, as the end of the isolate would. Tests share one isolate. */
  reset(): void {
    this.#memory = null;
    this.#unreported.clear();
    this.#usage.take(0);
  }

  async #reportUsage(env: UpstreamEnv, reports: ReturnType<UsageCounter["take"]>): Promise<void> {
    if (reports.length > 0) await this.#ask("usage", () => upstreamObject(env).reportUsage(reports));
  }

  /** The states to decide by: those of the object while an account is not `ok`. */
  async #known(env: UpstreamEnv, now: number): Promise<AccountStates> {
    const lastKnown = this.#memory?.states ?? NO_STATES;
    if (this.#fresh(now)) return lastKnown;
    // An old copy in KV cannot make a refused account `ok`: of two copies the newer one counts, and then the object is asked.
    const copy = allOk(lastKnown) ? newest(lastKnown, await readCopy(env)) : lastKnown;
    if (allOk(copy) && this.#unreported.size === 0) return this.#remember(copy, now);
    const answer = await this.#ask("states", () => upstreamObject(env).states());
    return answer === null ? this.#remember(copy, now) : this.#apply(answer, now);
  }

  #fresh(now: number): boolean {
    // A clock that went back says nothing about the age of what was read.
    return this.#memory !== null && now >= this.#memory.readAt && now - this.#memory.readAt < MEMORY_MS;
  }

  /** Takes over the object's states, unless a later call has been answered before. */
  #apply({ value: states, call }: Answered<AccountStates>, now: number): AccountStates {
    const known = this.#memory?.states ?? NO_STATES;
    if (call < this.#lastAnswered && states.revision <= known.revision) return known;
    this.#lastAnswered = Math.max(this.#lastAnswered, call);
    // A refusal that was seen after this call was made may be missing in its answer.
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

  #askAgainAt(states: AccountStates, name: string, now: number): number {
    const state = stateOf(states, name);
    if (state?.state !== "refused") return this.#unreported.get(name)?.until ?? now + UNREACHABLE_RETRY_MS;
    const at = askAgainAt(state, now);
    // Due, and still not granted: the object does not answer. The clock of another machine must not hold a task for ever either.
    return at <= now ? now + UNREACHABLE_RETRY_MS : Math.min(at, now + PROBE_INTERVAL_MS);
  }

  /** Calls the object. Null where it does not answer. */
  async #ask<T>(what: string, ask: () => Promise<T>): Promise<Answered<T> | null> {
    this.#calls += 1;
    const call = this.#calls;
    try {
      return { value: await inTime(ask()), call };
    } catch (error) {
      log("warn", "breaker_unreached", { what, ...describeError(error) });
      return null;
    }
  }
}

/** The view of this isolate. */
export const accountView = new AccountView();

function allOk({ accounts }: AccountStates): boolean {
  return accounts.every(({ state }) => state === "ok");
}

/** KV's copy. Where KV fails, or has none, nothing is known: solving must not stop with it. */
async function readCopy({ DIRECTORY }: UpstreamEnv): Promise<AccountStates> {
  try {
    const stored: unknown = await inTime(DIRECTORY.get(STATES_KEY, { type: "json", cacheTtl: KV_CACHE_S }));
    return accountStatesSchema.safeParse(stored).data ?? NO_STATES;
  } catch {
    return NO_STATES;
  }
}

/** @throws what `answer` rejects with, or an error when it takes too long */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("no answer in time")), ANSWER_TIMEOUT_MS);
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
