// The signed-in session: the key or the operator, its permissions and its API client. Views read it with the hooks below.

import { createContext } from "preact";
import { useContext, useState } from "preact/hooks";
import type { CreatedKey, CurrentKey, Scope, Solvegate, SolvegateAdmin } from "../../client/index.ts";
import { type Failure, resultOf } from "../api/failure.ts";
import type { EventStream } from "../refresh/event-stream.ts";

interface SessionBase {
  /** The gateway no longer accepts the credential: back to the sign-in form, with drafts kept. */
  expire(): void;
  /** Ends the session in every tab, and shows the reason on the sign-in form. */
  signOut(reason: string | null): void;
}

export interface TenantSession extends SessionBase {
  readonly role: "tenant";
  readonly client: Solvegate;
  readonly me: CurrentKey;
  readonly stream: EventStream;
  /** Whether the key has a scope. Views do not offer what the key may not do. */
  can(scope: Scope): boolean;
  /** Continues with the key that replaces this one. */
  adopt(replacement: CreatedKey): void;
}

export interface OperatorSession extends SessionBase {
  readonly role: "operator";
  readonly client: SolvegateAdmin;
}

export type Session = TenantSession | OperatorSession;

/** A tenant's key with its own description, or the operator's token. */
export type Identity =
  | { readonly role: "tenant"; readonly secret: string; readonly me: CurrentKey }
  | { readonly role: "operator"; readonly secret: string };

const SessionContext = createContext<Session | null>(null);
export const SessionProvider = SessionContext.Provider;

/** @throws Error when no one is signed in */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("not signed in");
  return session;
}

/** @throws Error when no tenant's key is signed in */
export function useTenant(): TenantSession {
  const session = useSession();
  if (session.role !== "tenant") throw new Error("not signed in with an API key");
  return session;
}

/** @throws Error when the operator is not signed in */
export function useOperator(): OperatorSession {
  const session = useSession();
  if (session.role !== "operator") throw new Error("not signed in as the operator");
  return session;
}

export interface Action<A extends unknown[]> {
  readonly busy: boolean;
  /** Why the last run failed. */
  readonly failure: Failure | null;
  /** Runs the action, unless it is running. */
  run(...args: A): void;
  /** Clears the failure. */
  clear(): void;
}

/**
 * An action that a person starts, one at a time. A credential that is no longer accepted ends the session.
 * @param onDone called with the result when the action succeeds
 */
export function useAction<A extends unknown[], T>(
  act: (...args: A) => Promise<T>,
  onDone?: (value: T) => void,
): Action<A> {
  const { expire } = useSession();
  const [state, setState] = useState<{ busy: boolean; failure: Failure | null }>({ busy: false, failure: null });
  const run = async (...args: A) => {
    if (state.busy) return;
    setState({ busy: true, failure: null });
    const result = await resultOf(act(...args));
    setState({ busy: false, failure: result.ok ? null : result.failure });
    if (result.ok) onDone?.(result.value);
    else if (result.failure.tag === "unauthenticated") expire();
  };
  return {
    ...state,
    run: (...args) => void run(...args),
    clear: () => setState({ busy: false, failure: null }),
  };
}
