// The door of the console: a key is pasted, checked for its form here and for its life by the gateway, and kept for this tab. It
// travels in a header only. Refuses to say "invalid" and no more: each fault has its sentence.

import { useEffect, useRef, useState } from "preact/hooks";
import type { CurrentKey } from "../api/answers.ts";
import { Api } from "../api/api.ts";
import type { Failure } from "../api/failure.ts";
import { FRESH, historyAfter, refreshIntervalMs } from "../refresh/refresh-interval.ts";
import { Mark } from "../ui/brand.tsx";
import { Button, FailureNotice, Notice, Skeleton } from "../ui/controls.tsx";
import { pastedKey } from "./pasted-text.ts";

const UNKNOWN =
  "The gateway does not take this key: it was revoked, has expired, or belongs to another gateway. Use another key, or ask whoever manages your keys for a new one.";

interface SignInProps {
  readonly reason: string | null;
  onEnter(key: string, me: CurrentKey): void;
}

export function SignIn({ reason, onEnter }: SignInProps) {
  const [text, setText] = useState("");
  const [shown, setShown] = useState(false);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const field = useRef<HTMLInputElement>(null);

  useEffect(() => {
    document.title = "Sign in · Solvegate console";
    field.current?.focus();
  }, []);

  const refuse = (sentence: string) => {
    setFault(sentence);
    field.current?.focus();
  };
  const signIn = async () => {
    setFailure(null);
    setFault(null);
    const pasted = pastedKey(text);
    if (!pasted.ok) return refuse(pasted.sentence);
    setBusy(true);
    const result = await new Api(pasted.value).currentKey();
    setBusy(false);
    if (result.ok) return onEnter(pasted.value, result.value);
    if (result.failure.tag === "unauthenticated") return refuse(UNKNOWN);
    setFailure(result.failure);
  };

  return (
    <main class="alone" id="main" tabIndex={-1}>
      <div class="sign-in">
        <p class="brand">
          <Mark />
          Solvegate
        </p>
        <h1>Sign in to the console</h1>
        {reason === null ? null : <Notice tone="warn" title={reason} alert />}
        <form
          method="post"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            void signIn();
          }}
        >
          <div class="field">
            <label for="key">API key</label>
            <div class="with-button">
              <input
                ref={field}
                id="key"
                name="key"
                {...(shown ? { type: "text" as const } : { type: "password" as const })}
                class="mono"
                value={text}
                placeholder="sg_test_…"
                autocomplete="current-password"
                autocapitalize="none"
                spellcheck={false}
                aria-invalid={fault !== null}
                aria-describedby={fault === null ? "key-hint" : "key-fault key-hint"}
                onInput={(event) => setText(event.currentTarget.value)}
              />
              <button
                type="button"
                class="button plain"
                aria-pressed={shown}
                aria-label="Show the key"
                onClick={() => setShown(!shown)}
              >
                {shown ? "Hide" : "Show"}
              </button>
            </div>
            {fault === null ? null : (
              <p class="fault" id="key-fault" role="alert">
                {fault}
              </p>
            )}
            <p class="hint" id="key-hint">
              A test key tries things out at no cost; a live key shows what your users' tasks did. The key stays in this
              tab and goes nowhere but to this gateway.
            </p>
          </div>
          {failure === null ? null : <FailureNotice failure={failure} />}
          <Button kind="primary" type="submit" busy={busy}>
            Sign in
          </Button>
        </form>
        <p class="quiet">
          No key yet? The operator of this gateway makes the first one. The API is described in the{" "}
          <a href="/docs">reference</a>.
        </p>
      </div>
    </main>
  );
}

interface ReturningProps {
  readonly stored: string;
  onEnter(key: string, me: CurrentKey): void;
  onLost(): void;
  onLeave(): void;
}

/** A reload: the tab still has its key, and the gateway is asked what it is. Faults are waited out, and never cost the key. */
export function Returning({ stored, onEnter, onLost, onLeave }: ReturningProps) {
  const [fault, setFault] = useState<{ readonly failure: Failure; readonly nextAt: number } | null>(null);
  const retry = useRef<() => void>(() => undefined);

  useEffect(() => {
    document.title = "Signing in · Solvegate console";
    let history = FRESH;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let asking: AbortController | null = null;
    const ask = async () => {
      if (asking !== null) return;
      clearTimeout(timer);
      const mine = new AbortController();
      asking = mine;
      const result = await new Api(stored).currentKey(mine.signal);
      if (mine.signal.aborted) return;
      asking = null;
      if (result.ok) return onEnter(stored, result.value);
      if (result.failure.tag === "unauthenticated") return onLost();
      const look = { tag: "failed", retryAfterMs: result.failure.retryAfterMs } as const;
      history = historyAfter(history, look);
      const pause = refreshIntervalMs(history, look, false);
      timer = setTimeout(() => void ask(), pause);
      setFault({ failure: result.failure, nextAt: Date.now() + pause });
    };
    retry.current = () => void ask();
    void ask();
    return () => {
      clearTimeout(timer);
      asking?.abort();
    };
  }, [stored]);

  return (
    <main class="alone" id="main" tabIndex={-1}>
      <div class="sign-in">
        <p class="brand">
          <Mark />
          Solvegate
        </p>
        <h1>Signing in</h1>
        {fault === null ? (
          <Skeleton lines={3} />
        ) : (
          <>
            <FailureNotice failure={fault.failure} nextAt={fault.nextAt} retry={() => retry.current()} />
            <Button onClick={onLeave}>Use another key</Button>
          </>
        )}
      </div>
    </main>
  );
}
