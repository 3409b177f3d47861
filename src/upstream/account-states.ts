// The states of upstream accounts and their transitions. Pure: `(states, event, now) → states`, the same object if nothing changes.
// The UpstreamObject owns the states. KV and isolates have copies that can be out of date.

import { z } from "zod";

/** Time (ms) between two probes of a refused account. Upstreams ban accounts for minutes. */
export const PROBE_INTERVAL_MS = 60_000;

/** A probe without a result after this time (ms) counts as lost. Longer than the timeout of an upstream request. */
const PROBE_RESULT_MS = 15_000;

const time = z.int().nonnegative();

const accountStateSchema = z.object({
  name: z.string(),
  state: z.enum(["ok", "refused"]),
  /** Of a refused account: the upstream's last error code. */
  code: z.string().nullable(),
  /** When the state began (ms). Also identifies a refusal. */
  since: time,
  /** Of a refused account: when a task may probe it next (ms). */
  probeAt: time.nullable(),
  /** Of a refused account: when the pending probe was granted (ms). */
  probeSentAt: time.nullable(),
});
/** The state of an account. Times are in ms since the epoch. */
export type AccountState = z.output<typeof accountStateSchema>;

/** The persisted states, in KV and in the object. An account that is not listed was never refused and is `ok`. */
export const accountStatesSchema = z.object({
  version: z.literal(1),
  /** Increases with every change. Follows the clock, so that it increases even if the object loses its storage. */
  revision: time,
  accounts: z.array(accountStateSchema),
});
/** The states of all accounts. */
export type AccountStates = z.output<typeof accountStatesSchema>;

/** How many changes the history has, over all accounts. */
const MAX_CHANGES = 20;

/** The persisted history. */
export const historySchema = z.array(
  accountStateSchema.pick({ state: true, code: true }).extend({ account: z.string(), at: time }),
);
/** A change of an account's state, at a time in ms since the epoch. */
export type StateChange = z.output<typeof historySchema>[number];

/** The initial states: every account is `ok`. */
export const NO_STATES: AccountStates = { version: 1, revision: 0, accounts: [] };

/** The permission to probe a refused account. Valid for one refusal. */
export interface Probe {
  readonly account: string;
  /** `since` of the refusal. */
  readonly since: number;
}

/** A response of the upstream that rejects an account. */
export interface Refusal {
  readonly account: string;
  readonly code: string;
  /** When the rejected request was sent (ms, by the UpstreamObject's clock). */
  readonly sentAt: number;
  /** The probe, if the request was one. */
  readonly probe: Probe | null;
}

/** The state of an account, or undefined if it was never refused. */
export function stateOf({ accounts }: AccountStates, name: string): AccountState | undefined {
  return accounts.find((account) => account.name === name);
}

/** Whether an account is refused. */
export function isRefused(states: AccountStates, name: string): boolean {
  return stateOf(states, name)?.state === "refused";
}

/** The more recent of two copies. */
export function newest(a: AccountStates, b: AccountStates): AccountStates {
  return a.revision >= b.revision ? a : b;
}

/** Marks an account as refused, or ends its pending probe. */
export function markRefused(states: AccountStates, refusal: Refusal, now: number): AccountStates {
  const { account: name, code, sentAt, probe } = refusal;
  const known = stateOf(states, name);
  if (known?.state === "refused") {
    const answersProbe = probe?.since === known.since && known.probeSentAt !== null;
    return answersProbe ? changed(states, { ...known, code, probeSentAt: null }, now) : states;
  }
  // The request was sent before the account recovered, so its error is out of date.
  if (known !== undefined && sentAt < known.since) return states;
  const since = Math.max(now, (known?.since ?? 0) + 1);
  return changed(
    states,
    { name, state: "refused", code, since, probeAt: now + PROBE_INTERVAL_MS, probeSentAt: null },
    now,
  );
}

/** Grants the probe of an account to one caller, if it is due. Null otherwise. */
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

/** Marks an account as `ok` after a successful probe. A probe of an earlier refusal is ignored. */
export function markOk(states: AccountStates, { account: name, since }: Probe, now: number): AccountStates {
  const known = stateOf(states, name);
  if (known?.state !== "refused" || known.since !== since) return states;
  const recovered = { name, code: null, since: Math.max(now, since + 1), probeAt: null, probeSentAt: null };
  return changed(states, { ...recovered, state: "ok" }, now);
}

/** The history, newest first, after the states have changed. */
export function withChanges(
  history: readonly StateChange[],
  before: AccountStates,
  after: AccountStates,
): StateChange[] {
  const changes = after.accounts
    .filter(({ name, state }) => state !== (stateOf(before, name)?.state ?? "ok"))
    .map(({ name, state, code, since }) => ({ account: name, state, code, at: since }));
  return [...changes, ...history].slice(0, MAX_CHANGES);
}

/** When a task that waits for a refused account should try again (ms): soon while a probe is pending, else at the next probe. */
export function retryAt({ probeAt, probeSentAt }: AccountState, now: number): number {
  const pending = probeSentAt !== null && now < probeSentAt + PROBE_RESULT_MS;
  return pending ? now + PROBE_RECHECK_MS : (probeAt ?? now);
}

/** How soon (ms) tasks try again while a probe is pending. */
const PROBE_RECHECK_MS = 3_000;

function changed(states: AccountStates, account: AccountState, now: number): AccountStates {
  const others = states.accounts.filter(({ name }) => name !== account.name);
  return { ...states, revision: Math.max(now, states.revision + 1), accounts: [...others, account] };
}
