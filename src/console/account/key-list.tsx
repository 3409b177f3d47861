// The table of keys, for a tenant's own view and for the operator's.

import { useState } from "preact/hooks";
import type { Key } from "../api/wire.ts";
import { LOAD_ONCE, useWatch } from "../refresh/watch.ts";
import { Button, CopyButton, FailureNotice, Notice } from "../ui/controls.tsx";
import { day, middle, moment } from "../ui/formats.ts";
import { Empty, ModeBadge, Skeleton } from "../ui/surfaces.tsx";
import type { KeyDialog } from "./key-dialogs.tsx";
import { ALL_SCOPES, type KeyManager, mayRotate } from "./key-manager.ts";

interface KeyListProps {
  readonly manager: KeyManager;
  /** Another number loads the list again. */
  readonly version: number;
  onOpen(dialog: KeyDialog): void;
}

export function KeyList({ manager, version, onOpen }: KeyListProps) {
  const { value, failure, nextAt, refresh } = useWatch(`${manager.name} ${version}`, manager.list, LOAD_ONCE);
  // The last list stays while it is loaded again.
  const [last, setLast] = useState<readonly Key[] | null>(null);
  if (value !== null && value !== last) setLast(value);
  const keys = value ?? last;
  return (
    <>
      {failure === null ? null : <FailureNotice failure={failure} nextAt={nextAt} retry={refresh} />}
      {keys === null ? (
        failure === null && <Skeleton lines={5} />
      ) : keys.length === 0 ? (
        <Empty title="No keys yet">
          <p>A key is what this tenant's programs authenticate with.</p>
        </Empty>
      ) : (
        <KeyTable manager={manager} keys={keys} onOpen={onOpen} />
      )}
    </>
  );
}

interface KeyTableProps {
  readonly manager: KeyManager;
  readonly keys: readonly Key[];
  onOpen(dialog: KeyDialog): void;
}

function KeyTable({ manager, keys, onOpen }: KeyTableProps) {
  const withMode = manager.modes.length > 1;
  return (
    <>
      <table class="table keys">
        <caption class="visually-hidden">Keys, oldest first</caption>
        <thead>
          <tr>
            <th scope="col">Key</th>
            {withMode ? <th scope="col">Mode</th> : null}
            <th scope="col">Scopes</th>
            <th scope="col">Created</th>
            <th scope="col">Last used</th>
            <th scope="col">Expires</th>
            {manager.canWrite ? (
              <th scope="col">
                <span class="visually-hidden">Actions</span>
              </th>
            ) : null}
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <KeyRow key={key.id} row={key} manager={manager} withMode={withMode} onOpen={onOpen} />
          ))}
        </tbody>
      </table>
      {manager.canWrite && keys.some((key) => !mayRotate(manager, key)) ? (
        <Notice tone="plain" title="Some keys can't be rotated with this key.">
          <p>A key rotates only keys without scopes that it lacks. It can revoke any key of its mode.</p>
        </Notice>
      ) : null}
    </>
  );
}

interface KeyRowProps {
  readonly row: Key;
  readonly manager: KeyManager;
  readonly withMode: boolean;
  onOpen(dialog: KeyDialog): void;
}

function KeyRow({ row, manager, withMode, onOpen }: KeyRowProps) {
  return (
    <tr>
      <td class="cell-key">
        <span class="key-name">
          {row.name}
          {row.id === manager.ownKeyId ? <span class="own">This key</span> : null}
        </span>
        <span class="key-id">
          <code title={row.id}>{middle(row.id, 10, 4)}</code>
          <CopyButton text={row.id} what={`the id of ${row.name}`} />
        </span>
      </td>
      {withMode ? (
        <td data-name="Mode">
          <ModeBadge mode={row.mode} />
        </td>
      ) : null}
      <td data-name="Scopes">
        <ul class="scopes">
          {ALL_SCOPES.filter((scope) => row.scopes.includes(scope)).map((scope) => (
            <li key={scope}>
              <code>{scope}</code>
            </li>
          ))}
        </ul>
      </td>
      <td data-name="Created">
        <time dateTime={row.createdAt} title={moment(Date.parse(row.createdAt))}>
          {day(Date.parse(row.createdAt))}
        </time>
      </td>
      <td data-name="Last used">{row.lastUsedOn === null ? "Never" : day(Date.parse(row.lastUsedOn), "UTC")}</td>
      <td data-name="Expires">
        {row.expiresAt === null ? (
          "Never"
        ) : (
          <time dateTime={row.expiresAt} title={moment(Date.parse(row.expiresAt))}>
            {day(Date.parse(row.expiresAt))}
          </time>
        )}
      </td>
      {manager.canWrite ? (
        <td class="cell-actions">
          <div class="row end">
            {mayRotate(manager, row) ? (
              <Button small label={`Rotate ${row.name}`} onClick={() => onOpen({ tag: "rotate", key: row })}>
                Rotate
              </Button>
            ) : null}
            <Button
              small
              kind="danger"
              label={`Revoke ${row.name}`}
              onClick={() => onOpen({ tag: "revoke", key: row })}
            >
              Revoke
            </Button>
          </div>
        </td>
      ) : null}
    </tr>
  );
}
