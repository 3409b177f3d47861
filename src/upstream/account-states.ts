// Which upstream accounts work, and when a refused one may be tried again. Pure: `(states, event, now) → states`, the same states
// where nothing changes. The UpstreamObject owns the only true copy; KV and isolates hold copies that may be old.

import { z } from "zod";

/** Between two probes of a refused account (ms): operators of such services ban for minutes. */
export const PROBE_INTERVAL_MS = 60_000;

/** A probe that was not answered within this time (ms) is taken for lost. An upstream request ends after 10 s. */
const PROBE_ANSWER_MS = 15_000;

const time = z.int().nonnegative();

const accountStateSchema = z.object({
  name: z.string(),
  state: z.enum(["ok", "refused"]),
  /** Of a refused account: the code that it was last refused with. */
  code: z.string().nullable(),
  /** When the state began (ms). It also distinguishes one refusal from a later one. */
  since: time,
  /** Of a refused account: when a task may probe it (ms). */
  probeAt: time.nullable(),
  /** Of a refused account: when the probe was granted (ms) whose answer is not known yet. */
  probeSentAt: time.nullable(),
});
export type AccountState = z.output<typeof accountStateSchema>;

/** What KV and the object's storage hold. An account that is not listed has never been refused: it is `ok`. */
export const accountStatesSchema = z.object({
  version: z.literal(1),
  /** Rises with every change and never falls, even when the object loses its storage: it follows the clock. */
  revision: time,
  accounts: z.array(accountStateSchema),
});
export type AccountStates = z.output<typeof accountStatesSchema>;

export const NO_STATES: AccountStates = { version: 1, revision: 0, accounts: [] };

/** The leave to probe one refused account, which ends with that refusal. */
export interface Probe {
  readonly account: string;
  /** `since` of the refusal. */
  readonly since: number;
}

/** An answer of the upstream that refuses an account. */
export interface Refusal {
  readonly account: string;
  readonly code: string;
  /** When the refused request was sent (ms, by the owner's clock). */
  readonly sentAt: number;
  /** The probe that was answered, or null. */
  readonly probe: Probe | null;
}

/** The state of an account, or undefined where it has never been refused. */
export function stateOf({ accounts }: AccountStates, name: string): AccountState | undefined {
  return accounts.find((account) => account.name === name);
}

export function isRefused(states: AccountStates, name: string): boolean {
  return stateOf(states, name)?.state === "refused";
}

/** The later of two copies. */
export function newest(a: AccountStates, b: AccountStates): AccountStates {
  return a.revision >= b.revision ? a : b;
}

/** Marks an account `refused`, or notes that a probe of it was refused again. */
export function refuse(states: AccountStates, refusal: Refusal, now: number): AccountStates {
  const { account: name, code, sentAt, probe } = refusal;
  const known = stateOf(states, name);
  if (known?.state === "refused") {
    const answersProbe = probe?.since === known.since && known.probeSentAt !== null;
    return answersProbe ? changed(states, { ...known, code, probeSentAt: null }, now) : states;
  }
  // A request that left before the account worked again says nothing about the account as it is now.
  if (known !== undefined && sentAt < known.since) return states;
  const since = Math.max(now, (known?.since ?? 0) + 1);
  return changed(
    states,
    { name, state: "refused", code, since, probeAt: now + PROBE_INTERVAL_MS, probeSentAt: null },
    now,
  );
}

/** Grants the probe of an account that is due, to one caller only. Null where none is due. */
export function grantProbe(
  states: AccountStates,
  name: string,
  now: number,
): { readonly states: AccountStates; readonly probe: Probe } | null {
  const known = stateOf(states, name);
  if (known === undefined || known.probeAt === null || known.probeAt > now) return null;
  const granted = { ...known, probeAt: now + PROBE_INTERVAL_MS, probeSentAt: now };
  return { states: changed(states, granted, now), probe: { account: name, since: known.since } };
}

/** Marks an account `ok` because its probe got an answer that shows that it works. A probe of an earlier refusal changes nothing. */
export function recover(states: AccountStates, { account: name, since }: Probe, now: number): AccountStates {
  const known = stateOf(states, name);
  if (known?.state !== "refused" || known.since !== since) return states;
  const recovered = { name, code: null, since: Math.max(now, since + 1), probeAt: null, probeSentAt: null };
  return changed(states, { ...recovered, state: "ok" }, now);
}

/**
 * When a task that waits for a refused account should ask again (ms): soon while a probe is under way, because its answer may free
 * all of them, else when the next probe is due.
 */
export function askAgainAt({ probeAt, probeSentAt }: AccountState, now: number): number {
  const underWay = probeSentAt !== null && now < probeSentAt + PROBE_ANSWER_MS;
  return underWay ? now + PROBE_RECHECK_MS : (probeAt ?? now);
}

/** While a probe is under way, tasks ask again after this (ms). */
const PROBE_RECHECK_MS = 3_000;

function changed(states: AccountStates, account: AccountState, now: number): AccountStates {
  const others = states.accounts.filter(({ name }) => name !== account.name);
  return { ...states, revision: Math.max(now, states.revision + 1), accounts: [...others, account] };
}
