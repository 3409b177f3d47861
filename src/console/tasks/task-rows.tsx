// A table of tasks. On a phone each row becomes a card.

import type { TaskSummary } from "../../client/index.ts";
import { isFinal } from "../../tasks/status.ts";
import { hashOf } from "../route.ts";
import { useNow } from "../ui/clock.ts";
import { ago, duration, middle, moment } from "../ui/formats.ts";
import { None } from "../ui/surfaces.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { StatusBadge, WebhookBadge } from "./task-status.tsx";

interface TaskTableProps {
  readonly rows: readonly TaskSummary[];
  readonly caption: string;
  /** Whether rows link to their tasks: the operator has no task page. */
  readonly linked?: boolean;
}

export function TaskTable({ rows, caption, linked = true }: TaskTableProps) {
  const now = useNow(1_000);
  const referenced = rows.some(({ reference }) => reference != null);
  return (
    <Table
      class="tasks stacks"
      caption={caption}
      columns={columnsOf(now, linked, referenced)}
      rows={rows}
      keyOf={({ id }) => id}
      rowProps={() => (linked ? { class: "linked" } : {})}
    />
  );
}

const REFERENCE: Column<TaskSummary> = {
  name: "Reference",
  class: "cell-reference",
  cell: ({ reference }) => (reference == null ? <None /> : <span title={reference}>{reference}</span>),
};

const columnsOf = (now: number, linked: boolean, referenced: boolean): Column<TaskSummary>[] => [
  { name: "Status", class: "cell-status", cell: ({ status }) => <StatusBadge status={status} /> },
  {
    name: "Task",
    class: "cell-task",
    cell: ({ id }) =>
      linked ? (
        <a class="mono whole-row" href={hashOf({ view: "task", id })} title={id}>
          {middle(id, 12, 6)}
        </a>
      ) : (
        <code title={id}>{middle(id, 12, 6)}</code>
      ),
  },
  ...(referenced ? [REFERENCE] : []),
  {
    name: "Website",
    class: "cell-website",
    cell: ({ website }) => (
      <span class="clamped" title={website}>
        {website}
      </span>
    ),
  },
  { name: "Result", class: "cell-result", cell: (row) => <TaskResult row={row} /> },
  { name: "Webhook", class: "cell-webhook", cell: ({ webhookState }) => <WebhookBadge state={webhookState} /> },
  {
    name: "Created",
    class: "cell-age",
    number: true,
    cell: ({ createdAt }) => (
      <time dateTime={createdAt} title={moment(Date.parse(createdAt))}>
        {ago(Date.parse(createdAt), now)}
      </time>
    ),
  },
];

/** The solve time of a solved task, or the error code of a failed one. */
function TaskResult({ row: { status, errorCode, solveMs } }: { readonly row: TaskSummary }) {
  if (errorCode !== null) return <code class="error-code">{errorCode}</code>;
  if (solveMs !== null) return <>Solved in {duration(solveMs)}</>;
  return isFinal(status) ? <None /> : <span class="quiet">Running</span>;
}
