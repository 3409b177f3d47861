// The sign-in form, and the restoring of a session that this tab or another one has. One form takes both credentials: it recognizes
// what was pasted. The credential is sent in a header only.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { operatorClient, tenantClient } from "../api/clients.ts";
import { type Failure, resultOf } from "../api/failure.ts";
import { FRESH, historyAfter, refreshIntervalMs } from "../refresh/refresh-interval.ts";
import { Mark } from "../ui/brand.tsx";
import { Button, FailureNotice, Notice } from "../ui/controls.tsx";
import { Field, Form } from "../ui/form.tsx";
import { Skeleton } from "../ui/surfaces.tsx";
import type { Credential } from "./credential.ts";
import { parseCredential } from "./credential.ts";
import type { Identity } from "./session.ts";

const NOT_ACCEPTED = {
  tenant:
    "The gateway does not accept this key: it was revoked, has expired, or belongs to another gateway. Use another key, or ask the person who manages your keys for a new one.",
  operator: "The gateway does not accept this operator token. Check that it is the ADMIN_TOKEN of this gateway.",
} as const;

const OPERATOR_DISABLED =
  "This gateway has no operator access: its ADMIN_TOKEN is not set. Set it and restart the gateway, or sign in with an API key.";

/** Asks the gateway who the credential belongs to. */
async function identify({ role, secret }: Credential, signal?: AbortSignal): Promise<Identity> {
  if (role === "tenant") return { role, secret, me: await tenantClient(secret).keys.current({ signal }) };
  await operatorClient(secret).tenants.page({ limit: 1, signal });
  return { role, secret };
}

interface SignInProps {
  readonly reason: string | null;
  onEnter(identity: Identity): void;
}

export function SignIn({ reason, onEnter }: SignInProps) {
  const [text, setText] = useState("");
  const [revealed, setRevealed] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const field = useRef<HTMLInputElement>(null);

  useEffect(() => {
    document.title = "Sign in · Solvegate console";
    field.current?.focus();
  }, []);

  const reject = (message: string) => {
    setError(message);
    field.current?.focus();
  };
  const signIn = async () => {
    setFailure(null);
    setError(null);
    const parsed = parseCredential(text);
    if (!parsed.ok) return reject(parsed.message);
    setBusy(true);
    const result = await resultOf(identify(parsed.credential));
    setBusy(false);
    if (result.ok) return onEnter(result.value);
    const { role } = parsed.credential;
    if (result.failure.tag === "unauthenticated") return reject(NOT_ACCEPTED[role]);
    if (role === "operator" && result.failure.status === 404) return reject(OPERATOR_DISABLED);
    setFailure(result.failure);
  };

  return (
    <SignInCard title="Sign in to the console">
      {reason === null ? null : <Notice tone="warn" title={reason} alert />}
      <Form onSubmit={() => void signIn()}>
        <Field
          label="API key or operator token"
          error={error}
          hint="An API key shows your tenant's tasks; the operator's token shows all tenants. The console keeps it only while one of its tabs is open."
        >
          {(props) => (
            <div class="with-button">
              <input
                {...props}
                ref={field}
                name="credential"
                {...(revealed ? { type: "text" as const } : { type: "password" as const })}
                class="mono"
                value={text}
                placeholder="sg_test_…"
                autocomplete="current-password"
                autocapitalize="none"
                spellcheck={false}
                onInput={(event) => setText(event.currentTarget.value)}
              />
              <button
                type="button"
                class="button plain"
                aria-pressed={revealed}
                aria-label="Show what is typed"
                onClick={() => setRevealed(!revealed)}
              >
                {revealed ? "Hide" : "Show"}
              </button>
            </div>
          )}
        </Field>
        {failure === null ? null : <FailureNotice failure={failure} />}
        <Button kind="primary" type="submit" busy={busy}>
          Sign in
        </Button>
      </Form>
      <p class="quiet">
        No key yet? The operator of this gateway creates the first one. See the <a href="/docs">API reference</a>.
      </p>
    </SignInCard>
  );
}

interface RestoreSessionProps {
  readonly credential: Credential;
  onEnter(identity: Identity): void;
  onRejected(): void;
  onLeave(): void;
}

/** Restores the session of a stored credential. Failures are retried and never drop the credential. */
export function RestoreSession({ credential, onEnter, onRejected, onLeave }: RestoreSessionProps) {
  const [failed, setFailed] = useState<{ readonly failure: Failure; readonly nextAt: number } | null>(null);
  const retry = useRef<() => void>(() => undefined);

  useEffect(() => {
    document.title = "Signing in · Solvegate console";
    let history = FRESH;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let current: AbortController | null = null;
    const ask = async () => {
      if (current !== null) return;
      clearTimeout(timer);
      const mine = new AbortController();
      current = mine;
      const result = await resultOf(identify(credential, mine.signal), mine.signal);
      if (mine.signal.aborted) return;
      current = null;
      if (result.ok) return onEnter(result.value);
      if (result.failure.tag === "unauthenticated") return onRejected();
      const outcome = { tag: "failed", retryAfterMs: result.failure.retryAfterMs } as const;
      history = historyAfter(history, outcome);
      const wait = refreshIntervalMs(history, outcome, false);
      timer = setTimeout(() => void ask(), wait);
      setFailed({ failure: result.failure, nextAt: Date.now() + wait });
    };
    retry.current = () => void ask();
    void ask();
    return () => {
      clearTimeout(timer);
      current?.abort();
    };
  }, [credential]);

  return (
    <SignInCard title="Signing in">
      {failed === null ? (
        <Skeleton lines={3} />
      ) : (
        <>
          <FailureNotice failure={failed.failure} nextAt={failed.nextAt} retry={() => retry.current()} />
          <Button onClick={onLeave}>Sign in with another key</Button>
        </>
      )}
    </SignInCard>
  );
}

interface SignInCardProps {
  readonly title: string;
  readonly children: ComponentChildren;
}

function SignInCard({ title, children }: SignInCardProps) {
  return (
    <main class="alone" id="main" tabIndex={-1}>
      <div class="card sign-in">
        <p class="brand">
          <Mark />
          Solvegate
        </p>
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}
