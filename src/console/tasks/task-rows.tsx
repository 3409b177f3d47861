// A table of tasks. On a phone each row becomes a card.

import type { TaskSummary } from "../api/wire.ts";
import { hashOf } from "../route.ts";
import { useNow } from "../ui/clock.ts";
import { age, duration, middle, moment } from "../ui/formats.ts";
import { None } from "../ui/surfaces.tsx";
import { isFinal, StatusBadge, WebhookBadge } from "./task-status.tsx";

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
    <table class="table tasks">
      <caption class="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Status</th>
          <th scope="col">Task</th>
          {referenced ? <th scope="col">Reference</th> : null}
          <th scope="col">Website</th>
          <th scope="col">Result</th>
          <th scope="col">Webhook</th>
          <th scope="col" class="number">
            Created
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Row key={row.id} row={row} now={now} linked={linked} referenced={referenced} />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  readonly row: TaskSummary;
  readonly now: number;
  readonly linked: boolean;
  /** Whether the table has a column for references. */
  readonly referenced: boolean;
}

function Row({ row, now, linked, referenced }: RowProps) {
  const createdAt = Date.parse(row.createdAt);
  const id = middle(row.id, 12, 6);
  const words = age(createdAt, now);
  return (
    <tr class={linked ? "linked" : undefined}>
      <td class="cell-status">
        <StatusBadge status={row.status} />
      </td>
      <td class="cell-task">
        {linked ? (
          <a class="mono whole-row" href={hashOf({ view: "task", id: row.id })} title={row.id}>
            {id}
          </a>
        ) : (
          <code title={row.id}>{id}</code>
        )}
      </td>
      {referenced ? (
        <td class={`cell-reference${row.reference === null ? " none" : ""}`} title={row.reference ?? undefined}>
          {row.reference ?? <None />}
        </td>
      ) : null}
      <td class="cell-website">
        <span class="clamped" title={row.website}>
          {row.website}
        </span>
      </td>
      <td class="cell-result">
        <RowResult row={row} />
      </td>
      <td class={`cell-webhook${row.webhookState === null ? " none" : ""}`}>
        <WebhookBadge state={row.webhookState} />
      </td>
      <td class="cell-age number">
        <time dateTime={row.createdAt} title={moment(createdAt)}>
          {words === "now" ? "just now" : `${words} ago`}
        </time>
      </td>
    </tr>
  );
}

/** The solve time of a solved task, or the error code of a failed one. */
function RowResult({ row: { status, errorCode, solveMs } }: Pick<RowProps, "row">) {
  if (errorCode !== null) return <code class="error-code">{errorCode}</code>;
  if (solveMs !== null) return <>Solved in {duration(solveMs)}</>;
  return isFinal(status) ? <None /> : <span class="quiet">Running</span>;
}
