// The dialog that creates a key. It offers the modes and scopes that may be granted.

import { useState } from "preact/hooks";
import type { CreatedKey, Mode, NewTenantKey, Scope } from "../../client/index.ts";
import { DEFAULT_SCOPES } from "../../tenants/keys.ts";
import { useAction } from "../session/session.ts";
import { Choice } from "../ui/controls.tsx";
import { ActionDialog } from "../ui/dialog.tsx";
import { useDraft } from "../ui/drafts.ts";
import { SelectField, TextField } from "../ui/form.tsx";
import type { KeyManager } from "./key-manager.ts";

const SCOPE_WORDS: Readonly<Record<Scope, string>> = {
  "tasks:write": "create, cancel, claim and redeliver tasks",
  "tasks:read": "read tasks, their timelines and events",
  "account:read": "read usage, the webhook endpoint, keys and the audit log",
  "account:write": "set the webhook endpoint; create, rotate and revoke keys",
};

const DAY_MS = 86_400_000;

/** How long a key is valid, in days; empty for no limit. */
const LIFETIMES = [
  { value: "", name: "Never" },
  { value: "1", name: "After 1 day" },
  { value: "30", name: "After 30 days" },
  { value: "90", name: "After 90 days" },
  { value: "365", name: "After 1 year" },
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
  const create = useAction(
    (body: NewTenantKey) => manager.create(body),
    (created) => {
      clearName();
      clearScopes();
      clearDays();
      onCreated(created);
    },
  );
  const errors = create.failure?.errors ?? [];

  const toggle = (scope: Scope, on: boolean) =>
    setScopesText(offered.filter((one) => (one === scope ? on : scopes.includes(one))).join(" "));
  const submit = () => {
    const found = {
      name: name.trim() === "" ? "Enter a name." : null,
      scopes: scopes.length === 0 ? "Choose at least one scope." : null,
    };
    setProblem(found);
    if (found.name !== null || found.scopes !== null) return;
    const expiresAt = days === "" ? undefined : new Date(Date.now() + Number(days) * DAY_MS).toISOString();
    create.run({ name: name.trim(), mode, scopes, expiresAt });
  };

  return (
    <ActionDialog
      title={manager.modes.length > 1 ? "Create a key" : `Create a ${mode} key`}
      action={create}
      word="Create key"
      onSubmit={submit}
      onClose={onClose}
    >
      {manager.modes.length > 1 ? (
        <Choice
          label="Mode"
          options={manager.modes.map((value) => ({ value, name: MODE_NAMES[value] }))}
          value={mode}
          onValue={setMode}
        />
      ) : null}
      <TextField
        label="Name"
        path="name"
        errors={errors}
        error={problem.name}
        hint="The program that uses the key, such as CI, Shop or Monitoring."
        maxLength={100}
        value={name}
        onValue={setName}
      />
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
      <SelectField
        label="Expires"
        path="expiresAt"
        errors={errors}
        options={LIFETIMES}
        value={days}
        onValue={setDays}
      />
      {manager.ownKeyId === null ? null : (
        <p class="hint">
          A {mode} key creates {mode} keys, with no scope that it lacks itself. The operator creates others.
        </p>
      )}
    </ActionDialog>
  );
}
