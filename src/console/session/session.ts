// Who is signed in: the key, in sessionStorage and in memory, and what the gateway says of it. The tab's end is the session's end.
// Refuses to write the key anywhere else: no URL, no cookie, no localStorage, no log.

import { createContext } from "preact";
import { useContext, useState } from "preact/hooks";
import type { Scope } from "../../tenants/keys.ts";
import type { CreatedKey, CurrentKey } from "../api/answers.ts";
import type { Api } from "../api/api.ts";
import type { Failure, Result } from "../api/failure.ts";

const STORE = "solvegate.key";

/** The key of this tab, or null. */
export function storedKey(): string | null {
  try {
    return sessionStorage.getItem(STORE);
  } catch {
    return null;
  }
}

/** Keeps the key for this tab; null forgets it. */
export function storeKey(key: string | null): void {
  try {
    if (key === null) sessionStorage.removeItem(STORE);
    else sessionStorage.setItem(STORE, key);
  } catch {
    // Without storage the session lives in memory, and a reload asks for the key again.
  }
}

export interface Session {
  readonly api: Api;
  readonly me: CurrentKey;
  /** Whether the key has a scope: what it lacks is not offered. */
  can(scope: Scope): boolean;
  /** The gateway no longer takes the key: back to the sign-in, drafts kept. */
  lose(): void;
  /** Goes on with the key that replaces this one: an replacement of the same tenant. */
  adopt(replacement: CreatedKey): void;
  /** Ends the session, and says why where there is a reason to. */
  end(reason: string | null): void;
}

const SessionContext = createContext<Session | null>(null);
export const SessionProvider = SessionContext.Provider;

/** @throws Error outside a session: a view that needs one is never shown without. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("nobody is signed in");
  return session;
}

export interface Action<A extends unknown[], T> {
  readonly busy: boolean;
  readonly failure: Failure | null;
  /** Does it, unless it is being done. Null where it failed: `failure` says why. */
  run(...args: A): Promise<T | null>;
  /** Forgets the failure. */
  clear(): void;
}

/** Something that a person asks for: done once at a time, and a key that has died ends the session. */
export function useAction<A extends unknown[], T>(act: (...args: A) => Promise<Result<T>>): Action<A, T> {
  const { lose } = useSession();
  const [state, setState] = useState<{ busy: boolean; failure: Failure | null }>({ busy: false, failure: null });
  const run = async (...args: A): Promise<T | null> => {
    if (state.busy) return null;
    setState({ busy: true, failure: null });
    const result = await act(...args);
    setState({ busy: false, failure: result.ok ? null : result.failure });
    if (result.ok) return result.value;
    if (result.failure.tag === "unauthenticated") lose();
    return null;
  };
  return { ...state, run, clear: () => setState({ busy: false, failure: null }) };
}
