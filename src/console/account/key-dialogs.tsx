// The dialogs of keys: rotating one, revoking one, and the new key, which is shown once. Creating one is in `create-key.tsx`.

import { useState } from "preact/hooks";
import type { CreatedKey, Key } from "../../client/index.ts";
import { useAction } from "../session/session.ts";
import { announce } from "../ui/announcer.tsx";
import { Button, Secret } from "../ui/controls.tsx";
import { ActionDialog, Dialog } from "../ui/dialog.tsx";
import { moment } from "../ui/formats.ts";
import { OverlapField } from "../ui/overlap-field.tsx";
import { CreateKeyDialog } from "./create-key.tsx";
import type { KeyManager } from "./key-manager.ts";

export type KeyDialog =
  | { readonly tag: "create" }
  | { readonly tag: "rotate"; readonly key: Key }
  | { readonly tag: "revoke"; readonly key: Key }
  /** A key that was just created. `adopted`: the console continues with it. */
  | { readonly tag: "show"; readonly created: CreatedKey; readonly adopted: boolean };

interface KeyDialogsState {
  readonly current: KeyDialog | null;
  /** Grows when the keys have changed. */
  readonly version: number;
  open(dialog: KeyDialog): void;
  close(): void;
  changed(): void;
}

export function useKeyDialogs(): KeyDialogsState {
  const [current, open] = useState<KeyDialog | null>(null);
  const [version, setVersion] = useState(0);
  return { current, version, open, close: () => open(null), changed: () => setVersion((last) => last + 1) };
}

interface KeyDialogsProps {
  readonly manager: KeyManager;
  readonly dialogs: KeyDialogsState;
  /** The key that is signed in was rotated. */
  onOwnReplaced?(created: CreatedKey): void;
  /** The key that is signed in was revoked. */
  onOwnRevoked?(name: string): void;
}

/** The dialog that is open, if any. */
export function KeyDialogs({ manager, dialogs, onOwnReplaced, onOwnRevoked }: KeyDialogsProps) {
  const { current, open, close, changed } = dialogs;
  if (current === null) return null;
  const shared = { key: current.tag, manager, onClose: close };
  const show = (created: CreatedKey, adopted: boolean) => {
    open({ tag: "show", created, adopted });
    changed();
  };
  switch (current.tag) {
    case "create":
      return <CreateKeyDialog {...shared} onCreated={(created) => show(created, false)} />;
    case "rotate": {
      const own = current.key.id === manager.ownKeyId;
      const onCreated = (created: CreatedKey) => {
        // At once, because the old key may have ended, and a reload must not lose the new one.
        if (own) onOwnReplaced?.(created);
        show(created, own);
      };
      return <RotateKeyDialog {...shared} target={current.key} own={own} onCreated={onCreated} />;
    }
    case "revoke": {
      const { id, name } = current.key;
      const onRevoked = () => {
        close();
        if (id === manager.ownKeyId) return onOwnRevoked?.(name);
        announce(`The key ${name} was revoked.`);
        changed();
      };
      return <RevokeKeyDialog {...shared} target={current.key} onRevoked={onRevoked} />;
    }
    case "show":
      return <NewKeyDialog key="show" created={current.created} adopted={current.adopted} onClose={close} />;
  }
}

/** The old key stays valid this long (s) unless another time is chosen. */
const HOUR_S = 3_600;

interface RotateKeyDialogProps {
  readonly manager: KeyManager;
  readonly target: Key;
  /** It is the key that is signed in. */
  readonly own: boolean;
  onClose(): void;
  onCreated(created: CreatedKey): void;
}

function RotateKeyDialog({ manager, target, own, onClose, onCreated }: RotateKeyDialogProps) {
  const [overlap, setOverlap] = useState(HOUR_S);
  const rotate = useAction((seconds: number) => manager.rotate(target.id, seconds), onCreated);
  return (
    <ActionDialog
      title={`Rotate “${target.name}”?`}
      action={rotate}
      word="Rotate key"
      keep="Keep the old key"
      onSubmit={() => rotate.run(overlap)}
      onClose={onClose}
    >
      <p>
        A new key with the same name, mode and scopes replaces it.
        {own ? " You are signed in with this key: the console continues with the new one." : ""}
      </p>
      <OverlapField
        label="The old key stays valid for"
        hint="Long enough to replace it wherever it is used."
        seconds={overlap}
        onSeconds={setOverlap}
      />
    </ActionDialog>
  );
}

interface RevokeKeyDialogProps {
  readonly manager: KeyManager;
  readonly target: Key;
  onClose(): void;
  onRevoked(): void;
}

function RevokeKeyDialog({ manager, target, onClose, onRevoked }: RevokeKeyDialogProps) {
  const own = target.id === manager.ownKeyId;
  const revoke = useAction(() => manager.revoke(target.id), onRevoked);
  return (
    <ActionDialog
      title={`Revoke “${target.name}”?`}
      action={revoke}
      word={own ? "Revoke my own key" : "Revoke key"}
      keep="Keep it"
      danger
      onSubmit={revoke.run}
      onClose={onClose}
    >
      <p>
        {own ? "You are signed in with this key: revoking it signs you out. " : ""}
        Programs that use it are rejected within 90 seconds. This cannot be undone.
      </p>
    </ActionDialog>
  );
}

interface NewKeyDialogProps {
  readonly created: CreatedKey;
  /** The console continues with it. */
  readonly adopted: boolean;
  onClose(): void;
}

function NewKeyDialog({ created, adopted, onClose }: NewKeyDialogProps) {
  return (
    <Dialog title={`The new key “${created.name}”`} onClose={onClose} locked>
      <p>
        It is shown only now. Copy it and store it where your program reads it.
        {created.expiresAt === null ? "" : ` It expires on ${moment(Date.parse(created.expiresAt))}.`}
        {adopted ? " The console uses it from now on." : ""}
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
