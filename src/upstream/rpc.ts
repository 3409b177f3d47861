// The calls of the UpstreamObject: where it is, and what they take and return. No runtime import of the class, so that the routes
// can be loaded outside workerd.

import type { Env } from "../env.ts";
import type { AccountStates, Refusal } from "./account-states.ts";
import type { AccountUsage } from "./usage.ts";

/** The name of the one object. */
const OBJECT_NAME = "upstream";

/** Where KV has the copy of the states. */
export const STATES_KEY = "upstream";

/** A refusal as a task reports it: an age instead of a time, so that the clocks of two machines are never compared. */
export interface RefusalReport extends Omit<Refusal, "sentAt"> {
  /** How long ago (ms) the refused request was sent. */
  readonly ageMs: number;
}

/** The states of all accounts, and what was sent to them. */
export interface UpstreamOverview {
  readonly states: AccountStates;
  readonly usage: readonly AccountUsage[];
}

/** The one UpstreamObject. A fresh stub for each call: a stub whose object was lost stays broken. */
export function upstreamObject({ UPSTREAM }: Pick<Env, "UPSTREAM">): ReturnType<Env["UPSTREAM"]["get"]> {
  return UPSTREAM.get(UPSTREAM.idFromName(OBJECT_NAME));
}
