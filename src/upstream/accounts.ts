// Which of the configured upstream accounts a task may use. Pure; whether an account works at the moment is decided elsewhere.

import type { Configuration, UpstreamAccount } from "../configuration.ts";
import type { Redactor } from "./redact.ts";
import { redactorOf } from "./redact.ts";

/**
 * The accounts that a tenant's live tasks can be sent to, in order of preference.
 * @param pinned the tenant's own account, or null or undefined for all of them
 * @returns an empty list when no account is configured, or the tenant's own is not
 */
export function accountsFor(
  { upstreamAccounts }: Pick<Configuration, "upstreamAccounts">,
  pinned: string | null | undefined,
): readonly UpstreamAccount[] {
  return pinned == null ? upstreamAccounts : upstreamAccounts.filter(({ name }) => name === pinned);
}

/** The account that `UPSTREAM_URL` and `UPSTREAM_CLIENT_KEY` configure. */
const SINGLE_ACCOUNT = "default";

/**
 * The account that has a task.
 * @param name undefined for a task submitted before accounts had names: it is with the single account, or with the first
 * @returns null when the account is no longer configured
 */
export function accountOf(
  { upstreamAccounts }: Pick<Configuration, "upstreamAccounts">,
  name: string | undefined,
): UpstreamAccount | null {
  const named = upstreamAccounts.find((account) => account.name === (name ?? SINGLE_ACCOUNT));
  return named ?? (name === undefined ? upstreamAccounts[0] : undefined) ?? null;
}

const redactors = new WeakMap<object, Redactor>();

/** The redactor of every configured account's key, built once per configuration. */
export function redactorFor({ upstreamAccounts }: Pick<Configuration, "upstreamAccounts">): Redactor {
  const known = redactors.get(upstreamAccounts);
  if (known !== undefined) return known;
  const redactor = redactorOf(upstreamAccounts.map(({ clientKey }) => clientKey));
  redactors.set(upstreamAccounts, redactor);
  return redactor;
}
