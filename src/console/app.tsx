// The console's states: signed out, restoring a session, or signed in. `layout.tsx` decides which views are shown.

import { useEffect, useErrorBoundary, useMemo, useState } from "preact/hooks";
import { openStream, operatorClient, tenantClient } from "./api/clients.ts";
import { Layout } from "./layout.tsx";
import { EventStream } from "./refresh/event-stream.ts";
import type { Credential } from "./session/credential.ts";
import { CredentialStore, HANDOVER_TIMEOUT_MS } from "./session/credential-store.ts";
import type { Identity, Session } from "./session/session.ts";
import { SessionProvider } from "./session/session.ts";
import { RestoreSession, SignIn } from "./session/sign-in.tsx";
import { Announcer } from "./ui/announcer.tsx";
import { Button, Notice } from "./ui/controls.tsx";
import { claimDrafts, dropDrafts } from "./ui/drafts.ts";

type State =
  /** Another tab is asked for its session. */
  | { readonly tag: "asking" }
  | { readonly tag: "out"; readonly reason: string | null }
  | { readonly tag: "restoring"; readonly credential: Credential }
  | { readonly tag: "in"; readonly identity: Identity };

const EXPIRED = {
  tenant: "This key no longer works: it was revoked or has expired. Sign in with another key; what you typed is kept.",
  operator: "The gateway no longer accepts this operator token. Sign in again.",
} as const;

export function App() {
  const [error] = useErrorBoundary();
  return (
    <>
      {error === undefined ? <Console /> : <Crashed />}
      <Announcer />
    </>
  );
}

/** The console itself failed. */
function Crashed() {
  return (
    <main class="alone" id="main" tabIndex={-1}>
      <Notice
        tone="bad"
        title="The console stopped because of an internal error."
        alert
        actions={<Button onClick={() => location.reload()}>Reload</Button>}
      >
        <p>Your tasks are not affected. Reload the page to return to this view with what you have typed.</p>
      </Notice>
    </main>
  );
}

const store = new CredentialStore();

function Console() {
  const [state, setState] = useState<State>(() => {
    const credential = store.current;
    return credential === null ? { tag: "asking" } : { tag: "restoring", credential };
  });

  useEffect(() => {
    const stop = store.listen({
      onReceived: (credential) => setState({ tag: "restoring", credential }),
      onReplaced: (credential) => setState({ tag: "restoring", credential }),
      onSignedOut: () => {
        dropDrafts();
        setState({ tag: "out", reason: "You signed out in another tab." });
      },
    });
    if (store.current !== null) return stop;
    store.request();
    const timer = setTimeout(
      () => setState((now) => (now.tag === "asking" ? { tag: "out", reason: null } : now)),
      HANDOVER_TIMEOUT_MS,
    );
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, []);

  const enter = (identity: Identity, replaces: string | null = null) => {
    store.keep({ role: identity.role, secret: identity.secret }, replaces);
    claimDrafts(identity.role === "tenant" ? identity.me.tenantId : "operator");
    setState({ tag: "in", identity });
  };
  const leave = (reason: string | null, everywhere: boolean) => {
    store.drop(everywhere);
    setState({ tag: "out", reason });
  };

  const session = useMemo((): Session | null => {
    if (state.tag !== "in") return null;
    const { identity } = state;
    const expire = () => leave(EXPIRED[identity.role], false);
    const signOut = (reason: string | null) => {
      dropDrafts();
      leave(reason, true);
    };
    if (identity.role === "operator") {
      return { role: "operator", client: operatorClient(identity.secret), expire, signOut };
    }
    const { secret, me } = identity;
    const client = tenantClient(secret);
    return {
      role: "tenant",
      client,
      me,
      stream: new EventStream(openStream(client)),
      can: (scope) => me.scopes.includes(scope),
      adopt: ({ key, ...replacement }) =>
        enter({ role: "tenant", secret: key, me: { ...replacement, tenantId: me.tenantId } }, secret),
      expire,
      signOut,
    };
  }, [state]);

  useEffect(() => (session?.role === "tenant" ? () => session.stream.close() : undefined), [session]);

  if (session !== null) {
    return (
      <SessionProvider value={session}>
        <Layout />
      </SessionProvider>
    );
  }
  switch (state.tag) {
    case "restoring":
      return (
        <RestoreSession
          key={state.credential.secret}
          credential={state.credential}
          onEnter={enter}
          onRejected={() => leave(EXPIRED[state.credential.role], false)}
          onLeave={() => leave(null, false)}
        />
      );
    case "out":
      return <SignIn reason={state.reason} onEnter={enter} />;
    default:
      return null;
  }
}
