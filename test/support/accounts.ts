// Upstream accounts: the environment of a gateway with two accounts, and their states in the object and in KV.

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { AcceptRequest } from "../../src/tasks/rpc.ts";
import type { AccountState, AccountStates } from "../../src/upstream/account-states.ts";
import { accountStatesSchema, stateOf } from "../../src/upstream/account-states.ts";
import type { UpstreamObject } from "../../src/upstream/object.ts";
import { STATES_KEY, upstreamObject } from "../../src/upstream/rpc.ts";
import type { TaskStub } from "./objects.ts";
import { acceptTask, setEnvironment, view } from "./objects.ts";
import { ring } from "./time.ts";
import { errorAnswer, SECOND_URL } from "./upstream.ts";

export const FIRST = { name: "first", url: "http://upstream.test", clientKey: "key-of-the-first-account" } as const;
export const SECOND = { name: "second", url: SECOND_URL, clientKey: "key-of-the-second-account" } as const;

/** The environment of a gateway with both accounts, in this order. */
export const TWO_ACCOUNTS = { ...env, UPSTREAM_ACCOUNTS: JSON.stringify([FIRST, SECOND]) };

/** A live task with a deadline late enough for accounts to recover, in a gateway with both accounts. */
export async function acceptPatient(
  overrides: Partial<AcceptRequest> = {},
  environment: object = TWO_ACCOUNTS,
): Promise<TaskStub> {
  const stub = await acceptTask({ timeoutMs: 300_000, ...overrides });
  await setEnvironment(stub, environment);
  return stub;
}

export type UpstreamStub = DurableObjectStub<UpstreamObject>;

/** A fresh handle on the one UpstreamObject. */
export function accountsObject(): UpstreamStub {
  return upstreamObject(env);
}

/** The state of an account in the object, or undefined if it was never refused. */
export async function stateOfAccount(name: string): Promise<AccountState | undefined> {
  return stateOf(await accountsObject().states(), name);
}

/** The copy in KV. */
export async function publishedStates(): Promise<AccountStates | null> {
  const stored = await env.DIRECTORY.get(STATES_KEY);
  return stored === null ? null : accountStatesSchema.parse(JSON.parse(stored));
}

/** The whole storage of the object, as text. */
export function storedAccounts(): Promise<string> {
  return runInDurableObject(accountsObject(), async (_object, { storage }) =>
    JSON.stringify([...(await storage.list())]),
  );
}

export const MINUTE_MS = 60_000;
/** Held tasks ask again spread over this time (ms). */
export const SPREAD_MS = 5_000;

/** The upstream refuses the account. */
export const noBalance = errorAnswer("ERROR_ZERO_BALANCE");

/** So many live tasks in a gateway with both accounts. */
export const acceptMany = (count: number) => Promise.all(Array.from({ length: count }, () => acceptPatient()));

export async function ringAll(tasks: readonly TaskStub[]): Promise<void> {
  for (const task of tasks) await ring(task);
}

/** The timeline entries of a task that is held. */
export const holdsOf = async (task: TaskStub) => (await view(task)).events.filter(({ type }) => type === "held");
