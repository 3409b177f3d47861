// The signed-in session: who it is, what they may do, and their API. Views read it by the hooks below.

import { createContext } from "preact";
import { useContext, useState } from "preact/hooks";
import type { Failure, Result } from "../api/failure.ts";
import type { OperatorApi } from "../api/operator-api.ts";
import type { TenantApi } from "../api/tenant-api.ts";
import type { CreatedKey, CurrentKey, Scope } from "../api/wire.ts";
import type { EventStream } from "../refresh/event-stream.ts";

interface SessionBase {
  /** The gateway no longer accepts the credential: back to the sign-in form, with drafts kept. */
  expire(): void;
  /** Ends the session, and shows the reason where there is one. */
  signOut(reason: string | null): void;
}

export interface TenantSession extends SessionBase {
  readonly role: "tenant";
  readonly api: TenantApi;
  readonly me: CurrentKey;
  readonly stream: EventStream;
  /** Whether the key has a scope. Views do not offer what the key may not do. */
  can(scope: Scope): boolean;
  /** Continues with the key that replaces this one. */
  adopt(replacement: CreatedKey): void;
}

export interface OperatorSession extends SessionBase {
  readonly role: "operator";
  readonly api: OperatorApi;
}

export type Session = TenantSession | OperatorSession;

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

export interface Action<A extends unknown[], T> {
  readonly busy: boolean;
  readonly failure: Failure | null;
  /** Runs the action unless it is running. Resolves to its result, or to null: `failure` is then set, or it was running. */
  run(...args: A): Promise<Extract<Result<T>, { ok: true }> | null>;
  /** Clears the failure. */
  clear(): void;
}

/** An action that a person starts: one at a time. A credential that is not accepted ends the session. */
export function useAction<A extends unknown[], T>(act: (...args: A) => Promise<Result<T>>): Action<A, T> {
  const { expire } = useSession();
  const [state, setState] = useState<{ busy: boolean; failure: Failure | null }>({ busy: false, failure: null });
  const run = async (...args: A) => {
    if (state.busy) return null;
    setState({ busy: true, failure: null });
    const result = await act(...args);
    setState({ busy: false, failure: result.ok ? null : result.failure });
    if (result.ok) return result;
    if (result.failure.tag === "unauthenticated") expire();
    return null;
  };
  return { ...state, run, clear: () => setState({ busy: false, failure: null }) };
}
