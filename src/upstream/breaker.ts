// The breaker: the operator's upstream account is shared by all tenants. When upstream refuses the account itself (no balance, a
// banned address), asking on would only prolong the ban, so submissions are held back, and one a minute probes. Its state stands
// in KV: as good as one object for this, and nearer. KV may be a minute old, so some more requests pass, but never a stampede.

import { z } from "zod";
import { log } from "../log.ts";

const KEY = "breaker";

/** One probe in this time (ms): operators of such services ban for minutes. */
const PROBE_EVERY_MS = 60_000;

/** An isolate trusts what it has read this long (ms). */
const MEMORY_MS = 1_000;

/** KV's shortest cache (s). */
const KV_CACHE_S = 30;

/** An open breaker that nobody probes is forgotten after this (s). */
const FORGOTTEN_AFTER_S = 600;

/** Held tasks look again within this (ms) after the probe is due, spread so that they do not come as one. */
const SPREAD_MS = 5_000;

const stateSchema = z.object({ probeAt: z.int().nonnegative(), code: z.string() });
type State = z.output<typeof stateSchema>;

/** Whether a submission may leave: freely, as the minute's probe, or not before `until` (ms since the epoch). */
export type Permit =
  | { readonly tag: "closed" }
  | { readonly tag: "probe" }
  | { readonly tag: "open"; readonly until: number };

let memory: { readonly state: State | null; readonly readAt: number } | null = null;

/** Asks to pass. Whoever becomes the probe has taken it: the next one is due a minute later. */
export async function requestPermit(kv: KVNamespace, now: number): Promise<Permit> {
  const state = await readState(kv, now);
  if (state === null) return { tag: "closed" };
  if (now < state.probeAt) return { tag: "open", until: state.probeAt + Math.floor(Math.random() * SPREAD_MS) };
  await writeState(kv, { ...state, probeAt: now + PROBE_EVERY_MS }, now);
  return { tag: "probe" };
}

/** Opens the breaker, or keeps it open, because upstream refused the account with `code`. */
export async function openBreaker(kv: KVNamespace, code: string, now: number): Promise<void> {
  const state = await readState(kv, now);
  if (state !== null && state.probeAt > now) return;
  log("error", "breaker_opened", { upstreamCode: code, probeAt: new Date(now + PROBE_EVERY_MS).toISOString() });
  await writeState(kv, { probeAt: now + PROBE_EVERY_MS, code }, now);
}

/** Closes the breaker: a probe was taken. */
export async function closeBreaker(kv: KVNamespace, now: number): Promise<void> {
  memory = { state: null, readAt: now };
  log("info", "breaker_closed", {});
  await kv.delete(KEY);
}

async function readState(kv: KVNamespace, now: number): Promise<State | null> {
  if (memory !== null && Math.abs(now - memory.readAt) < MEMORY_MS) return memory.state;
  // Without KV nobody knows of a breaker: what was known last goes on, for solving must not stop with it.
  const stored: unknown = await kv.get(KEY, { type: "json", cacheTtl: KV_CACHE_S }).catch(() => memory?.state);
  const parsed = stateSchema.safeParse(stored);
  const state = parsed.success ? parsed.data : null;
  memory = { state, readAt: now };
  return state;
}

async function writeState(kv: KVNamespace, state: State, now: number): Promise<void> {
  // First in memory: of the tasks in this isolate only one becomes the probe, even where KV refuses a second write a second.
  memory = { state, readAt: now };
  try {
    await kv.put(KEY, JSON.stringify(state), { expirationTtl: FORGOTTEN_AFTER_S });
  } catch {
    log("warn", "breaker_unwritten", {});
  }
}
