// The audit log: who changed what, newest first. For a tenant's own view and for the operator's.

import { useState } from "preact/hooks";
import type { Result } from "../api/failure.ts";
import type { AuditEntry, AuditList } from "../api/wire.ts";
import { LOAD_ONCE, useWatch } from "../refresh/watch.ts";
import { useAction } from "../session/session.ts";
import { Button, FailureNotice } from "../ui/controls.tsx";
import { middle, moment } from "../ui/formats.ts";
import { Card, Skeleton } from "../ui/surfaces.tsx";

interface AuditLogProps {
  /** Names what is loaded. */
  readonly name: string;
  load(cursor: string | null, signal?: AbortSignal): Promise<Result<AuditList>>;
}

export function AuditLog({ name, load }: AuditLogProps) {
  const { value, failure, nextAt, refresh } = useWatch(name, (signal) => load(null, signal), LOAD_ONCE);
  return (
    <Card title="Audit log">
      {failure === null ? null : <FailureNotice failure={failure} nextAt={nextAt} retry={refresh} />}
      {value === null ? failure === null && <Skeleton lines={4} /> : <Entries first={value} load={load} />}
    </Card>
  );
}

function Entries({ first, load }: Pick<AuditLogProps, "load"> & { readonly first: AuditList }) {
  const [older, setOlder] = useState<AuditList | null>(null);
  const more = useAction((cursor: string) => load(cursor));
  const entries = [...first.entries, ...(older?.entries ?? [])];
  const next = older === null ? first.nextCursor : older.nextCursor;
  const loadMore = async (cursor: string) => {
    const result = await more.run(cursor);
    if (result === null) return;
    setOlder({
      entries: [...(older?.entries ?? []), ...result.value.entries],
      nextCursor: result.value.nextCursor,
    });
  };
  if (entries.length === 0) return <p class="quiet">Nothing was changed yet.</p>;
  return (
    <>
      <table class="table audit">
        <caption class="visually-hidden">Changes, newest first</caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Change</th>
            <th scope="col">By</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry, index) => (
            <Row key={index} entry={entry} />
          ))}
        </tbody>
      </table>
      {more.failure === null ? null : <FailureNotice failure={more.failure} />}
      {next === null ? null : (
        <div class="row">
          <Button busy={more.busy} onClick={() => void loadMore(next)}>
            Show older
          </Button>
        </div>
      )}
    </>
  );
}

const ACTIONS: Readonly<Record<string, string>> = {
  "key.created": "Key created",
  "key.rotated": "Key rotated",
  "key.revoked": "Key revoked",
  "webhook.updated": "Endpoint saved",
  "webhook.deleted": "Endpoint removed",
  "webhook.secret_read": "Signing secret shown",
  "webhook.secret_rotated": "Signing secret rotated",
  "tenant.created": "Tenant created",
  "tenant.updated": "Tenant changed",
};

function Row({ entry }: { readonly entry: AuditEntry }) {
  const { at, action, actor, target, mode, details } = entry;
  const facts = Object.entries(details)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${wordOf(value)}`);
  return (
    <tr>
      <td class="cell-when">
        <time dateTime={at}>{moment(Date.parse(at))}</time>
      </td>
      <td>
        <span class="audit-action">{ACTIONS[action] ?? action}</span>{" "}
        {mode === null ? null : <span class="quiet">({mode})</span>}
        <span class="audit-details">
          {target === null ? null : <KeyId id={target} />}
          {facts.length === 0 ? null : ` · ${facts.join("; ")}`}
        </span>
      </td>
      <td class="cell-actor">{actor.type === "operator" ? "Operator" : <KeyId id={actor.keyId ?? "key"} />}</td>
    </tr>
  );
}

/** The id of a key, shortened; other targets are short. */
function KeyId({ id }: { readonly id: string }) {
  return <code title={id}>{middle(id, 10, 4)}</code>;
}

function wordOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(wordOf).join(", ");
  return typeof value === "string" || typeof value === "number" ? String(value) : JSON.stringify(value);
}
