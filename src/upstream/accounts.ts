// Selects configured upstream accounts for a task. Whether an account currently works is decided in permits.ts.

import type { Configuration, UpstreamAccount } from "../configuration.ts";
import type { Redactor } from "./redact.ts";
import { redactorOf } from "./redact.ts";

/**
 * The accounts that a tenant's live tasks can use, in order of preference.
 * @param pinned the tenant's `upstreamAccount`. Null or undefined: all accounts.
 * @returns an empty list if no account, or not the pinned one, is configured
 */
export function accountsFor(
  { upstreamAccounts }: Pick<Configuration, "upstreamAccounts">,
  pinned: string | null | undefined,
): readonly UpstreamAccount[] {
  return pinned == null ? upstreamAccounts : upstreamAccounts.filter(({ name }) => name === pinned);
}

/** The name of the account that UPSTREAM_URL and UPSTREAM_CLIENT_KEY configure. */
const SINGLE_ACCOUNT = "default";

/**
 * The account that a task was submitted with.
 * @param name undefined for tasks submitted by versions without named accounts
 * @returns null if the account is no longer configured
 */
export function accountOf(
  { upstreamAccounts }: Pick<Configuration, "upstreamAccounts">,
  name: string | undefined,
): UpstreamAccount | null {
  const named = upstreamAccounts.find((account) => account.name === (name ?? SINGLE_ACCOUNT));
  return named ?? (name === undefined ? upstreamAccounts[0] : undefined) ?? null;
}

const redactors = new WeakMap<object, Redactor>();

/** The redactor for the keys of all configured accounts, cached per configuration. */
export function redactorFor({ upstreamAccounts }: Pick<Configuration, "upstreamAccounts">): Redactor {
  const known = redactors.get(upstreamAccounts);
  if (known !== undefined) return known;
  const redactor = redactorOf(upstreamAccounts.map(({ clientKey }) => clientKey));
  redactors.set(upstreamAccounts, redactor);
  return redactor;
}
