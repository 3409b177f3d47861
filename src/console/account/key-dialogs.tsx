// The dialogs of the keys: making one, rotating one, and the new key, shown this once. They offer what the signed-in key may give.

import { useState } from "preact/hooks";
import type { Scope } from "../../tenants/keys.ts";
import { DEFAULT_SCOPES } from "../../tenants/keys.ts";
import type { CreatedKey, Key } from "../api/answers.ts";
import { useAction, useSession } from "../session/session.ts";
import { Button, FailureNotice, Field, Secret } from "../ui/controls.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { useDraft } from "../ui/drafts.ts";
import { moment } from "../ui/formats.ts";
import { OverlapField } from "../ui/overlap-field.tsx";

const SCOPE_WORDS: Readonly<Record<Scope, string>> = {
  "tasks:write": "make, cancel, claim and redeliver tasks",
  "tasks:read": "read tasks and their timelines",
  "account:read": "read usage, the webhook's address and the list of keys",
  "account:write": "set the webhook, make, rotate and revoke keys",
};

const DAY_MS = 86_400_000;

/** How long a key lives: a name, and days, or null for ever. */
const LIVES = [
  { value: "", name: "Until it is revoked" },
  { value: "1", name: "1 day" },
  { value: "30", name: "30 days" },
  { value: "90", name: "90 days" },
  { value: "365", name: "1 year" },
] as const;

interface MakeKeyDialogProps {
  onClose(): void;
  onMade(created: CreatedKey): void;
}

export function MakeKeyDialog({ onClose, onMade }: MakeKeyDialogProps) {
  const { api, me } = useSession();
  const offered = me.scopes;
  const usual = DEFAULT_SCOPES.filter((scope) => offered.includes(scope));
  const [name, setName, forgetName] = useDraft("keys.name", "");
  const [scopesText, setScopesText, forgetScopes] = useDraft(
    "keys.scopes",
    (usual.length > 0 ? usual : offered).join(" "),
  );
  const [life, setLife, forgetLife] = useDraft("keys.life", "");
  const [fault, setFault] = useState<{ readonly name: string | null; readonly scopes: string | null }>({
    name: null,
    scopes: null,
  });
  const scopes = offered.filter((scope) => scopesText.split(" ").includes(scope));
  const make = useAction((expiresAt: string | null) =>
    api.makeKey({ name: name.trim(), mode: me.mode, scopes, expiresAt }),
  );
  const errors = make.failure?.errors ?? [];

  const toggle = (scope: Scope, on: boolean) =>
    setScopesText(offered.filter((one) => (one === scope ? on : scopes.includes(one))).join(" "));
  const submit = async () => {
    const faults = {
      name: name.trim() === "" ? "Give it a name that says what uses it." : null,
      scopes: scopes.length === 0 ? "Choose at least one: a key without a scope can do nothing." : null,
    };
    setFault(faults);
    if (faults.name !== null || faults.scopes !== null) return;
    const expiresAt = life === "" ? null : new Date(Date.now() + Number(life) * DAY_MS).toISOString();
    const created = await make.run(expiresAt);
    if (created === null) return;
    forgetName();
    forgetScopes();
    forgetLife();
    onMade(created);
  };

  return (
    <Dialog title={`Make a ${me.mode} key`} onClose={onClose}>
      <form
        class="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Field label="Name" path="name" errors={errors} fault={fault.name} hint="What uses it: CI, Shop, Monitoring.">
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
        <fieldset class="stack tight" aria-describedby={fault.scopes === null ? undefined : "scopes-fault"}>
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
          {fault.scopes === null ? null : (
            <p class="fault" id="scopes-fault" role="alert">
              {fault.scopes}
            </p>
          )}
        </fieldset>
        <Field label="It ends" path="expiresAt" errors={errors}>
          {(props) => (
            <select {...props} value={life} onChange={(event) => setLife(event.currentTarget.value)}>
              {LIVES.map((one) => (
                <option key={one.value} value={one.value}>
                  {one.value === "" ? one.name : `After ${one.name}`}
                </option>
              ))}
            </select>
          )}
        </Field>
        <p class="hint">
          A {me.mode} key makes {me.mode} keys, with no scope that it lacks itself. The operator makes others.
        </p>
        {make.failure === null ? null : <FailureNotice failure={make.failure} />}
        <div class="row end">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" busy={make.busy}>
            Make key
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** An old key works this long (s) unless told otherwise. */
const HOUR_S = 3_600;

interface RotateKeyDialogProps {
  readonly target: Key;
  /** It is the key that is signed in. */
  readonly own: boolean;
  onClose(): void;
  onMade(created: CreatedKey): void;
}

export function RotateKeyDialog({ target, own, onClose, onMade }: RotateKeyDialogProps) {
  const { api } = useSession();
  const [overlap, setOverlap] = useState(HOUR_S);
  const rotate = useAction((seconds: number) => api.rotateKey(target.id, seconds));
  return (
    <Dialog title={`Rotate “${target.name}”?`} onClose={onClose}>
      <p>
        A new key of the same name, mode and scopes takes its place.
        {own ? " It is the key that you are signed in with: the console goes on with the new one." : ""}
      </p>
      <OverlapField
        label="The old key works for"
        hint="Long enough to put the new one where the old one is used."
        seconds={overlap}
        onSeconds={setOverlap}
      />
      {rotate.failure === null ? null : <FailureNotice failure={rotate.failure} />}
      <div class="row end">
        <Button onClick={onClose}>Keep the old one</Button>
        <Button
          kind="primary"
          busy={rotate.busy}
          onClick={() => {
            void rotate.run(overlap).then((created) => {
              if (created !== null) onMade(created);
            });
          }}
        >
          Rotate key
        </Button>
      </div>
    </Dialog>
  );
}

interface NewKeyDialogProps {
  readonly created: CreatedKey;
  /** The console goes on with it. */
  readonly adopted: boolean;
  onClose(): void;
}

export function NewKeyDialog({ created, adopted, onClose }: NewKeyDialogProps) {
  return (
    <Dialog title={`The new key “${created.name}”`} onClose={onClose} locked>
      <p>
        It is shown this once: copy it now and store it where its user reads it.
        {created.expiresAt === null ? "" : ` It ends on ${moment(Date.parse(created.expiresAt))}.`}
        {adopted ? " The console goes on with it already." : ""}
      </p>
      <Secret text={created.key} what="API key" />
      <div class="row end">
        <Button kind="primary" onClick={onClose}>
          I have stored it
        </Button>
      </div>
    </Dialog>
  );
}
