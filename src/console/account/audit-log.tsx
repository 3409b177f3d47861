// The audit log: who changed what, newest first. For a tenant's own view and for the operator's.

import type { AuditEntry, AuditList, CallOptions, PageOptions } from "../../client/index.ts";
import { LOAD_ONCE, useWatch } from "../refresh/watch.ts";
import { middle, moment } from "../ui/formats.ts";
import { Loaded } from "../ui/loaded.tsx";
import { usePages } from "../ui/pages.tsx";
import { Card } from "../ui/surfaces.tsx";
import { type Column, Table } from "../ui/table.tsx";

/** Entries of a page. */
const LIMIT = 50;

interface AuditLogProps {
  /** Names what is loaded. */
  readonly name: string;
  load(page: PageOptions & CallOptions): Promise<AuditList>;
}

export function AuditLog({ name, load }: AuditLogProps) {
  const first = useWatch(name, (signal) => load({ limit: LIMIT, signal }), LOAD_ONCE);
  return (
    <Card title="Audit log">
      <Loaded watched={first} lines={4}>
        {(value) => <Entries first={value} load={load} />}
      </Loaded>
    </Card>
  );
}

function Entries({ first, load }: Pick<AuditLogProps, "load"> & { readonly first: AuditList }) {
  const [pages, more] = usePages(first, "Show older", (cursor) => load({ limit: LIMIT, cursor }));
  const entries = pages.flatMap((page) => page.entries);
  if (entries.length === 0) return <p class="quiet">No changes yet.</p>;
  return (
    <>
      <Table class="audit stacks" caption="Changes, newest first" columns={COLUMNS} rows={entries} />
      {more}
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

const COLUMNS: readonly Column<AuditEntry>[] = [
  {
    name: "Time",
    class: "cell-when",
    cell: ({ at }) => <time dateTime={at}>{moment(Date.parse(at))}</time>,
  },
  { name: "Change", cell: (entry) => <Change entry={entry} /> },
  {
    name: "By",
    class: "cell-actor",
    cell: ({ actor }) => (actor.type === "operator" ? "Operator" : <KeyId id={actor.keyId ?? "key"} />),
  },
];

function Change({ entry: { action, target, mode, details } }: { readonly entry: AuditEntry }) {
  const facts = Object.entries(details)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${wordOf(value)}`);
  return (
    <>
      <span class="audit-action">{ACTIONS[action] ?? action}</span>{" "}
      {mode === null ? null : <span class="quiet">({mode})</span>}
      <span class="audit-details">
        {target === null ? null : <KeyId id={target} />}
        {facts.length === 0 ? null : ` · ${facts.join("; ")}`}
      </span>
    </>
  );
}

/** A change of the allow-list. The log keeps the first hosts of a long one. */
interface HostChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly addedCount: number;
  readonly removedCount: number;
}

const isHostChange = (value: unknown): value is HostChange =>
  typeof value === "object" && value !== null && "added" in value && "removed" in value;

const listOf = (hosts: readonly string[], total: number): string =>
  `${hosts.join(", ")}${total > hosts.length ? ` and ${total - hosts.length} more` : ""}`;

/** The id of a key, shortened; other targets are short. */
function KeyId({ id }: { readonly id: string }) {
  return <code title={id}>{middle(id, 10, 4)}</code>;
}

function wordOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(wordOf).join(", ");
  if (isHostChange(value)) {
    return (["added", "removed"] as const)
      .filter((name) => value[name].length > 0)
      .map((name) => `${name} ${listOf(value[name], value[`${name}Count`])}`)
      .join(", ");
  }
  return typeof value === "string" || typeof value === "number" ? String(value) : JSON.stringify(value);
}
