// The dialog that creates a key. It offers the modes and scopes that may be granted.

import { useState } from "preact/hooks";
import type { CreatedKey, Mode, NewKey, Scope } from "../api/wire.ts";
import { useAction } from "../session/session.ts";
import { Button, Choice, FailureNotice, Field } from "../ui/controls.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { useDraft } from "../ui/drafts.ts";
import type { KeyManager } from "./key-manager.ts";

const SCOPE_WORDS: Readonly<Record<Scope, string>> = {
  "tasks:write": "create, cancel, claim and redeliver tasks",
  "tasks:read": "read tasks, their timelines and events",
  "account:read": "read usage, the webhook endpoint, keys and the audit log",
  "account:write": "set the webhook endpoint; create, rotate and revoke keys",
};

/** The scopes that a key gets by default. */
const DEFAULT_SCOPES: readonly Scope[] = ["tasks:write", "tasks:read"];

const DAY_MS = 86_400_000;

/** How long a key is valid, in days; empty for no limit. */
const LIFETIMES = [
  { days: "", name: "Never" },
  { days: "1", name: "After 1 day" },
  { days: "30", name: "After 30 days" },
  { days: "90", name: "After 90 days" },
  { days: "365", name: "After 1 year" },
] as const;

const MODE_NAMES: Readonly<Record<Mode, string>> = { test: "Test", live: "Live" };

interface CreateKeyDialogProps {
  readonly manager: KeyManager;
  onClose(): void;
  onCreated(created: CreatedKey): void;
}

export function CreateKeyDialog({ manager, onClose, onCreated }: CreateKeyDialogProps) {
  const offered = manager.scopes;
  const usual = DEFAULT_SCOPES.filter((scope) => offered.includes(scope));
  const [mode, setMode] = useState<Mode>(manager.modes[0] ?? "test");
  const [name, setName, clearName] = useDraft("keys.name", "");
  const [scopesText, setScopesText, clearScopes] = useDraft(
    "keys.scopes",
    (usual.length > 0 ? usual : offered).join(" "),
  );
  const [days, setDays, clearDays] = useDraft("keys.days", "");
  const [problem, setProblem] = useState<{ readonly name: string | null; readonly scopes: string | null }>({
    name: null,
    scopes: null,
  });
  const scopes = offered.filter((scope) => scopesText.split(" ").includes(scope));
  const create = useAction((body: NewKey) => manager.create(body));
  const errors = create.failure?.errors ?? [];

  const toggle = (scope: Scope, on: boolean) =>
    setScopesText(offered.filter((one) => (one === scope ? on : scopes.includes(one))).join(" "));
  const submit = async () => {
    const found = {
      name: name.trim() === "" ? "Enter a name that says what uses the key." : null,
      scopes: scopes.length === 0 ? "Choose at least one scope." : null,
    };
    setProblem(found);
    if (found.name !== null || found.scopes !== null) return;
    const expiresAt = days === "" ? undefined : new Date(Date.now() + Number(days) * DAY_MS).toISOString();
    const result = await create.run({ name: name.trim(), mode, scopes, expiresAt });
    if (result === null) return;
    clearName();
    clearScopes();
    clearDays();
    onCreated(result.value);
  };

  return (
    <Dialog title={manager.modes.length > 1 ? "Create a key" : `Create a ${mode} key`} onClose={onClose}>
      <form
        class="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        {manager.modes.length > 1 ? (
          <Choice
            label="Mode"
            options={manager.modes.map((value) => ({ value, name: MODE_NAMES[value] }))}
            value={mode}
            onValue={(next) => setMode(next)}
          />
        ) : null}
        <Field label="Name" path="name" errors={errors} error={problem.name} hint="What uses it: CI, Shop, Monitoring.">
          {(props) => (
            <input
              {...props}
              value={name}
              maxLength={100}
              autocomplete="off"
              onInput={(event) => setName(event.currentTarget.value)}
            />
          )}
        </Field>
        <fieldset class="stack tight" aria-describedby={problem.scopes === null ? undefined : "scopes-error"}>
          <legend class="legend">Scopes</legend>
          {offered.map((scope) => (
            <label key={scope} class="check">
              <input
                type="checkbox"
                checked={scopes.includes(scope)}
                onChange={(event) => toggle(scope, event.currentTarget.checked)}
              />
              <span>
                <code>{scope}</code>
                <span class="hint"> {SCOPE_WORDS[scope]}</span>
              </span>
            </label>
          ))}
          {problem.scopes === null ? null : (
            <p class="field-error" id="scopes-error" role="alert">
              {problem.scopes}
            </p>
          )}
        </fieldset>
        <Field label="Expires" path="expiresAt" errors={errors}>
          {(props) => (
            <select {...props} value={days} onChange={(event) => setDays(event.currentTarget.value)}>
              {LIFETIMES.map((one) => (
                <option key={one.days} value={one.days}>
                  {one.name}
                </option>
              ))}
            </select>
          )}
        </Field>
        {manager.ownKeyId === null ? null : (
          <p class="hint">
            A {mode} key creates {mode} keys, with no scope that it lacks itself. The operator creates others.
          </p>
        )}
        {create.failure === null ? null : <FailureNotice failure={create.failure} />}
        <div class="row end">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" busy={create.busy}>
            Create key
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
