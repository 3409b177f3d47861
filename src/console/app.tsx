// The console as a whole: signed out, signing in by the key that the tab still has, or signed in. It decides who is in; what is
// shown to them is the frame's business.

import { useErrorBoundary, useMemo, useState } from "preact/hooks";
import type { CurrentKey } from "./api/answers.ts";
import { Api } from "./api/api.ts";
import { Frame } from "./layout.tsx";
import type { Session } from "./session/session.ts";
import { SessionProvider, storedKey, storeKey } from "./session/session.ts";
import { Returning, SignIn } from "./session/sign-in.tsx";
import { Announcer } from "./ui/announcer.tsx";
import { Button, Notice } from "./ui/controls.tsx";
import { claimDrafts, dropDrafts } from "./ui/drafts.ts";

type State =
  | { readonly tag: "out"; readonly reason: string | null }
  | { readonly tag: "returning"; readonly key: string }
  | { readonly tag: "in"; readonly key: string; readonly me: CurrentKey };

const LOST =
  "This key no longer works: it was revoked, or it has expired. Sign in with another one; what you have typed is kept.";

export function App() {
  const [failed] = useErrorBoundary();
  return (
    <>
      {failed === undefined ? <Console /> : <Broken />}
      <Announcer />
    </>
  );
}

/** A fault of the console's own. */
function Broken() {
  return (
    <main class="alone" id="main" tabIndex={-1}>
      <Notice
        tone="bad"
        title="The console has met a fault of its own and stopped."
        alert
        actions={<Button onClick={() => location.reload()}>Reload</Button>}
      >
        <p>Your tasks are not touched by it. Reload the page; the place and what you have typed are kept.</p>
      </Notice>
    </main>
  );
}

function Console() {
  const [state, setState] = useState<State>(() => {
    const key = storedKey();
    return key === null ? { tag: "out", reason: null } : { tag: "returning", key };
  });

  const enter = (key: string, me: CurrentKey) => {
    storeKey(key);
    claimDrafts(me.tenantId);
    setState({ tag: "in", key, me });
  };
  const leave = (reason: string | null) => {
    storeKey(null);
    setState({ tag: "out", reason });
  };

  const session = useMemo((): Session | null => {
    if (state.tag !== "in") return null;
    const { key, me } = state;
    return {
      api: new Api(key),
      me,
      can: (scope) => me.scopes.includes(scope),
      lose: () => leave(LOST),
      adopt: ({ key: next, ...replacement }) => enter(next, { ...replacement, tenantId: me.tenantId }),
      end: (reason) => {
        dropDrafts();
        leave(reason);
      },
    };
  }, [state]);

  if (state.tag === "out") return <SignIn reason={state.reason} onEnter={enter} />;
  if (session === null) {
    const key = state.key;
    return <Returning key={key} stored={key} onEnter={enter} onLost={() => leave(LOST)} onLeave={() => leave(null)} />;
  }
  return (
    <SessionProvider value={session}>
      <Frame />
    </SessionProvider>
  );
}
