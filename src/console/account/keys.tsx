// The tenant's keys: listed, made, rotated, revoked. A key gives no scope and no mode that it lacks, so none is offered; the key that is
// signed in is marked, and ending it is said to be that.

import { useState } from "preact/hooks";
import { SCOPES } from "../../tenants/keys.ts";
import type { CreatedKey, Key } from "../api/answers.ts";
import type { RefreshPolicy } from "../refresh/watch.ts";
import { useLive } from "../refresh/watch.ts";
import type { Session } from "../session/session.ts";
import { useAction, useSession } from "../session/session.ts";
import { announce } from "../ui/announcer.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { Button, CopyButton, Empty, FailureNotice, Heading, Notice, Skeleton } from "../ui/controls.tsx";
import { day, middle, moment } from "../ui/formats.ts";
import { MakeKeyDialog, NewKeyDialog, RotateKeyDialog } from "./key-dialogs.tsx";

/** Keys change by what is done here: looked at once. */
const refreshPolicyOf = (): RefreshPolicy => ({ running: false, nextChangeAt: null, settled: true });

type Asking =
  | { readonly tag: "make" }
  | { readonly tag: "rotate"; readonly key: Key }
  | { readonly tag: "revoke"; readonly key: Key }
  /** A key that was just made, shown this once. `adopted`: the console goes on with it. */
  | { readonly tag: "show"; readonly created: CreatedKey; readonly adopted: boolean };

export function KeysView() {
  const { can } = useSession();
  const [asking, setAsking] = useState<Asking | null>(null);
  const [version, setVersion] = useState(0);
  const changed = () => setVersion(version + 1);
  return (
    <>
      <Heading
        aside={
          can("account:write") ? (
            <Button kind="primary" onClick={() => setAsking({ tag: "make" })}>
              Make a key
            </Button>
          ) : undefined
        }
      >
        Keys
      </Heading>
      <p class="lead">
        Every key of your tenant, live and test. A key itself is shown once, when it is made; what is lost is replaced.
      </p>
      {can("account:read") ? (
        <KeyList version={version} onAsk={setAsking} />
      ) : (
        <Empty title="This key cannot list the others">
          <p>It lacks account:read. It can make keys all the same.</p>
        </Empty>
      )}
      <Asked asking={asking} onAsk={setAsking} onChanged={changed} />
    </>
  );
}

interface AskedProps {
  readonly asking: Asking | null;
  onAsk(asking: Asking | null): void;
  onChanged(): void;
}

/** The dialog that is open, if one is. */
function Asked({ asking, onAsk, onChanged }: AskedProps) {
  const { me, adopt } = useSession();
  if (asking === null) return null;
  switch (asking.tag) {
    case "make":
      return (
        <MakeKeyDialog
          key="make"
          onClose={() => onAsk(null)}
          onMade={(created) => {
            onAsk({ tag: "show", created, adopted: false });
            onChanged();
          }}
        />
      );
    case "rotate":
      return (
        <RotateKeyDialog
          key="rotate"
          target={asking.key}
          own={asking.key.id === me.id}
          onClose={() => onAsk(null)}
          onMade={(created) => {
            const own = asking.key.id === me.id;
            // At once: the old key may be dead already, and a reload must not lose the new one.
            if (own) adopt(created);
            onAsk({ tag: "show", created, adopted: own });
            onChanged();
          }}
        />
      );
    case "revoke":
      return <Revoke target={asking.key} onClose={() => onAsk(null)} onRevoked={onChanged} />;
    case "show":
      return <NewKeyDialog key="show" created={asking.created} adopted={asking.adopted} onClose={() => onAsk(null)} />;
  }
}

interface RevokeProps {
  readonly target: Key;
  onClose(): void;
  onRevoked(): void;
}

function Revoke({ target, onClose, onRevoked }: RevokeProps) {
  const { api, me, end } = useSession();
  const own = target.id === me.id;
  const revoke = useAction(() => api.revokeKey(target.id));
  const run = async () => {
    if ((await revoke.run()) === null) return;
    onClose();
    if (own) return end(`You have revoked the key “${target.name}”, with which you were signed in.`);
    announce(`The key ${target.name} is revoked.`);
    onRevoked();
  };
  return (
    <Confirm
      title={`Revoke “${target.name}”?`}
      words={
        own
          ? "This is the key that you are signed in with: revoking it signs you out, and whatever else uses it stops working within 90 seconds. It cannot be undone."
          : "Whatever uses it stops working within 90 seconds. It cannot be undone."
      }
      yes={own ? "Revoke my own key" : "Revoke key"}
      no="Keep it"
      danger
      busy={revoke.busy}
      failure={revoke.failure}
      onYes={() => void run()}
      onNo={onClose}
    />
  );
}

function KeyList({ version, onAsk }: { readonly version: number; onAsk(asking: Asking): void }) {
  const { api, me } = useSession();
  const { value, failure, nextAt, refresh } = useLive(
    `keys ${me.id} ${version}`,
    (signal) => api.keys(signal),
    refreshPolicyOf,
  );
  // What was shown stays while the list is read again.
  const [last, setLast] = useState<readonly Key[] | null>(null);
  if (value !== null && value.keys !== last) setLast(value.keys);
  const keys = value?.keys ?? last;
  return (
    <>
      {failure === null ? null : <FailureNotice failure={failure} nextAt={nextAt} retry={refresh} />}
      {keys === null ? failure === null && <Skeleton lines={5} /> : <KeyTable keys={keys} onAsk={onAsk} />}
    </>
  );
}

function KeyTable({ keys, onAsk }: { readonly keys: readonly Key[]; onAsk(asking: Asking): void }) {
  const session = useSession();
  const writes = session.can("account:write");
  return (
    <>
      <table class="table keys">
        <caption class="visually-hidden">Keys, oldest first</caption>
        <thead>
          <tr>
            <th scope="col">Key</th>
            <th scope="col">Mode</th>
            <th scope="col">Scopes</th>
            <th scope="col">Made</th>
            <th scope="col">Last used</th>
            <th scope="col">Ends</th>
            {writes ? (
              <th scope="col">
                <span class="visually-hidden">Actions</span>
              </th>
            ) : null}
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <KeyRow key={key.id} row={key} writes={writes} rotatable={mayRotate(session, key)} onAsk={onAsk} />
          ))}
        </tbody>
      </table>
      {writes && keys.some((key) => !mayRotate(session, key)) ? (
        <Notice tone="plain" title="Some keys cannot be rotated with this one.">
          <p>A key rotates only keys of its own mode, and with no scope that it lacks. It can revoke any.</p>
        </Notice>
      ) : null}
    </>
  );
}

const mayRotate = ({ me, can }: Session, key: Key): boolean =>
  key.mode === me.mode && key.scopes.every((scope) => can(scope));

interface KeyRowProps {
  readonly row: Key;
  readonly writes: boolean;
  readonly rotatable: boolean;
  onAsk(asking: Asking): void;
}

function KeyRow({ row, writes, rotatable, onAsk }: KeyRowProps) {
  const { me } = useSession();
  return (
    <tr>
      <td class="cell-key">
        <span class="key-name">
          {row.name}
          {row.id === me.id ? <span class="mine">This key</span> : null}
        </span>
        <span class="key-id">
          <code title={row.id}>{middle(row.id, 10, 4)}</code>
          <CopyButton text={row.id} what={`the id of ${row.name}`} />
        </span>
      </td>
      <td data-name="Mode">
        <span class={`mode ${row.mode}`}>{row.mode === "test" ? "Test" : "Live"}</span>
      </td>
      <td data-name="Scopes">
        <ul class="scopes">
          {SCOPES.filter((scope) => row.scopes.includes(scope)).map((scope) => (
            <li key={scope}>
              <code>{scope}</code>
            </li>
          ))}
        </ul>
      </td>
      <td data-name="Made">
        <time dateTime={row.createdAt} title={moment(Date.parse(row.createdAt))}>
          {day(Date.parse(row.createdAt))}
        </time>
      </td>
      <td data-name="Last used">{row.lastUsedOn === null ? "Never" : day(Date.parse(row.lastUsedOn), "UTC")}</td>
      <td data-name="Ends">
        {row.expiresAt === null ? (
          "Never"
        ) : (
          <time dateTime={row.expiresAt} title={moment(Date.parse(row.expiresAt))}>
            {day(Date.parse(row.expiresAt))}
          </time>
        )}
      </td>
      {writes ? (
        <td class="cell-actions">
          <div class="row end">
            {rotatable ? (
              <Button small label={`Rotate ${row.name}`} onClick={() => onAsk({ tag: "rotate", key: row })}>
                Rotate
              </Button>
            ) : null}
            <Button small kind="danger" label={`Revoke ${row.name}`} onClick={() => onAsk({ tag: "revoke", key: row })}>
              Revoke
            </Button>
          </div>
        </td>
      ) : null}
    </tr>
  );
}
