// RPC types and the stub of the UpstreamObject. Does not import the class at run time, so that routes can be loaded outside workerd.

import type { Env } from "../env.ts";
import type { AccountStates, Refusal, StateChange } from "./account-states.ts";
import type { AccountUsage } from "./usage.ts";

const OBJECT_NAME = "upstream";

/** The KV key of the published states. */
export const STATES_KEY = "upstream";

/** A refusal as a task reports it, with an age instead of a time, because the clocks of two machines differ. */
export interface RefusalReport extends Omit<Refusal, "sentAt"> {
  /** How long ago (ms) the refused request was sent. */
  readonly ageMs: number;
}

/** The states, the recent usage and the last changes of all accounts, newest first. */
export interface UpstreamOverview {
  readonly states: AccountStates;
  readonly usage: readonly AccountUsage[];
  readonly history: readonly StateChange[];
}

/** A stub of the only UpstreamObject. Create one for each call, because a stub is broken once its object was reset. */
export function upstreamObject({ UPSTREAM }: Pick<Env, "UPSTREAM">): ReturnType<Env["UPSTREAM"]["get"]> {
  return UPSTREAM.get(UPSTREAM.idFromName(OBJECT_NAME));
}
