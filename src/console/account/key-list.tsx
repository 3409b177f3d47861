// The table of keys, for a tenant's own view and for the operator's.

import { useState } from "preact/hooks";
import type { Key } from "../../client/index.ts";
import { SCOPES } from "../../tenants/keys.ts";
import { LOAD_ONCE, useWatch } from "../refresh/watch.ts";
import { Button, CopyButton, Notice } from "../ui/controls.tsx";
import { day, middle, moment } from "../ui/formats.ts";
import { Loaded } from "../ui/loaded.tsx";
import { Empty, ModeBadge } from "../ui/surfaces.tsx";
import { type Column, Table } from "../ui/table.tsx";
import type { KeyDialog } from "./key-dialogs.tsx";
import { type KeyManager, mayRotate } from "./key-manager.ts";

interface KeyListProps {
  readonly manager: KeyManager;
  /** Another number loads the list again. */
  readonly version: number;
  onOpen(dialog: KeyDialog): void;
}

export function KeyList({ manager, version, onOpen }: KeyListProps) {
  const watched = useWatch(`${manager.name} ${version}`, manager.list, LOAD_ONCE);
  // The last list stays while it is loaded again.
  const [last, setLast] = useState<readonly Key[] | null>(null);
  if (watched.value !== null && watched.value !== last) setLast(watched.value);
  return (
    <Loaded watched={{ ...watched, value: watched.value ?? last }} lines={5}>
      {(keys) =>
        keys.length === 0 ? (
          <Empty title="No keys yet">
            <p>This tenant's programs authenticate with keys.</p>
          </Empty>
        ) : (
          <>
            <Table
              class="keys cards"
              caption="Keys, oldest first"
              columns={columnsOf(manager, onOpen)}
              rows={keys}
              keyOf={({ id }) => id}
            />
            {manager.canWrite && keys.some((key) => !mayRotate(manager, key)) ? (
              <Notice tone="plain" title="Some keys can't be rotated with this key.">
                <p>A key rotates only keys without scopes that it lacks. It can revoke any key of its mode.</p>
              </Notice>
            ) : null}
          </>
        )
      }
    </Loaded>
  );
}

function columnsOf(manager: KeyManager, onOpen: KeyListProps["onOpen"]): Column<Key>[] {
  const mode: Column<Key> = { name: "Mode", cell: (key) => <ModeBadge mode={key.mode} /> };
  const actions: Column<Key> = {
    name: "Actions",
    unnamed: true,
    class: "cell-actions",
    cell: (key) => (
      <div class="row end">
        {mayRotate(manager, key) ? (
          <Button small label={`Rotate ${key.name}`} onClick={() => onOpen({ tag: "rotate", key })}>
            Rotate
          </Button>
        ) : null}
        <Button small kind="danger" label={`Revoke ${key.name}`} onClick={() => onOpen({ tag: "revoke", key })}>
          Revoke
        </Button>
      </div>
    ),
  };
  return [
    {
      name: "Key",
      class: "cell-name",
      cell: ({ id, name }) => (
        <>
          <span class="key-name">
            {name}
            {id === manager.ownKeyId ? <span class="own">This key</span> : null}
          </span>
          <span class="key-id">
            <code title={id}>{middle(id, 10, 4)}</code>
            <CopyButton text={id} what={`the id of ${name}`} />
          </span>
        </>
      ),
    },
    ...(manager.modes.length > 1 ? [mode] : []),
    {
      name: "Scopes",
      cell: ({ scopes }) => (
        <ul class="scopes">
          {SCOPES.filter((scope) => scopes.includes(scope)).map((scope) => (
            <li key={scope}>
              <code>{scope}</code>
            </li>
          ))}
        </ul>
      ),
    },
    { name: "Created", cell: ({ createdAt }) => <Day time={createdAt} /> },
    {
      name: "Last used",
      cell: ({ lastUsedOn }) => (lastUsedOn === null ? "Never" : day(Date.parse(lastUsedOn), "UTC")),
    },
    { name: "Expires", cell: ({ expiresAt }) => (expiresAt === null ? "Never" : <Day time={expiresAt} />) },
    ...(manager.canWrite ? [actions] : []),
  ];
}

function Day({ time }: { readonly time: string }) {
  const at = Date.parse(time);
  return (
    <time dateTime={time} title={moment(at)}>
      {day(at)}
    </time>
  );
}
