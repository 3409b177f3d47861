// The list of tasks: newest first, live, by status, page by page. It asks for one page and never for all: a ledger of any length opens
// as fast as a short one.

import { useEffect, useRef, useState } from "preact/hooks";
import type { TaskStatus } from "../../tasks/status.ts";
import { isFinal } from "../../tasks/status.ts";
import type { TaskPage, TaskRow } from "../api/answers.ts";
import type { Live, RefreshPolicy } from "../refresh/watch.ts";
import { useLive } from "../refresh/watch.ts";
import { hashOf, STATUSES } from "../route.ts";
import { pastedTaskId } from "../session/pasted-text.ts";
import { useSession } from "../session/session.ts";
import { announce } from "../ui/announcer.tsx";
import { useNow } from "../ui/clock.ts";
import { Button, Empty, FailureNotice, Heading, Skeleton } from "../ui/controls.tsx";
import { age, duration, middle, moment, plural } from "../ui/formats.ts";
import { StatusBadge, statusWord, WebhookBadge } from "./task-badges.tsx";

interface Wanted {
  readonly status: TaskStatus | null;
  readonly cursor: string | null;
}

/** A webhook that waits for hours to be tried again is nothing that runs. */
const refreshPolicyOf = (page: TaskPage): RefreshPolicy => ({
  running: page.tasks.some((row) => !isFinal(row.status)),
  nextChangeAt: null,
  settled: false,
});

export function TasksView({ status, cursor }: Wanted) {
  const { api } = useSession();
  const name = hashOf({ view: "tasks", status, cursor });
  const live = useLive(name, (signal) => api.tasks({ status, cursor }, signal), refreshPolicyOf);
  const { value, failure, nextAt, refresh } = live;
  useNews(name, value?.tasks ?? null);
  return (
    <>
      <Heading aside={<OpenTask />}>Tasks</Heading>
      <div class="bar">
        <Filter status={status} />
        <Pulse live={live} />
      </div>
      {failure === null ? null : <FailureNotice failure={failure} nextAt={nextAt} retry={refresh} />}
      {value === null ? (
        failure === null && <Skeleton lines={8} />
      ) : value.tasks.length === 0 ? (
        <NoTasks status={status} cursor={cursor} more={value.nextCursor !== null} />
      ) : (
        <TaskTable rows={value.tasks} />
      )}
      {value === null ? null : <Pages status={status} cursor={cursor} next={value.nextCursor} />}
    </>
  );
}

function Filter({ status }: Pick<Wanted, "status">) {
  return (
    <nav class="filter" aria-label="Filter by status">
      {[null, ...STATUSES].map((one) => (
        <a
          key={one}
          href={hashOf({ view: "tasks", status: one, cursor: null })}
          aria-current={one === status ? "true" : undefined}
        >
          {one === null ? "All" : statusWord(one)}
        </a>
      ))}
    </nav>
  );
}

/** Opens a task by an id from a log or a webhook. */
function OpenTask() {
  const [text, setText] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  const open = () => {
    const pasted = pastedTaskId(text);
    setFault(pasted.ok ? null : pasted.sentence);
    if (pasted.ok) location.hash = hashOf({ view: "task", id: pasted.value });
  };
  return (
    <search class="open-task">
      {" "}
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          open();
        }}
      >
        <div class="with-button">
          <input
            class="mono"
            aria-label="Task id"
            placeholder="Task id, tsk_…"
            value={text}
            autocapitalize="none"
            autocomplete="off"
            spellcheck={false}
            aria-invalid={fault !== null}
            aria-describedby={fault === null ? undefined : "open-task-fault"}
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <Button type="submit">Open</Button>
        </div>
        {fault === null ? null : (
          <p class="fault" id="open-task-fault" role="alert">
            {fault}
          </p>
        )}
      </form>
    </search>
  );
}

/** Whether the list is live, for the eye; with the means to look now. */
function Pulse({ live }: { readonly live: Live<TaskPage> }) {
  const words = {
    loading: "Loading",
    live: "Live",
    retrying: "Not up to date",
    paused: "Paused",
    settled: "Not up to date",
  } as const;
  return (
    <div class="pulse">
      <span class={`pulse-word ${live.phase}`}>
        <span class="dot" aria-hidden="true" />
        {words[live.phase]}
      </span>
      <Button small onClick={live.refresh}>
        Refresh
      </Button>
    </div>
  );
}

/** Tells a screen reader of new tasks and of those that ended, once for each look. */
function useNews(name: string, rows: readonly TaskRow[] | null): void {
  const known = useRef<{ readonly name: string; readonly rows: ReadonlyMap<string, TaskStatus> } | null>(null);
  useEffect(() => {
    if (rows === null) return;
    const last = known.current?.name === name ? known.current.rows : null;
    known.current = { name, rows: new Map(rows.map(({ id, status }) => [id, status])) };
    if (last === null) return;
    const fresh = rows.filter(({ id }) => !last.has(id)).length;
    const changed = rows.filter(({ id, status }) => last.has(id) && last.get(id) !== status);
    const sentences = [
      ...(fresh === 0 ? [] : [`${plural(fresh, "new task", "new tasks")}.`]),
      ...(changed.length === 1 && changed[0] !== undefined ? [`A task is ${changed[0].status}.`] : []),
      ...(changed.length > 1 ? [`${changed.length} tasks changed.`] : []),
    ];
    if (sentences.length > 0) announce(sentences.join(" "));
  }, [name, rows]);
}

function TaskTable({ rows }: { readonly rows: readonly TaskRow[] }) {
  const now = useNow(1_000);
  return (
    <table class="table tasks">
      <caption class="visually-hidden">Tasks, newest first</caption>
      <thead>
        <tr>
          <th scope="col">Status</th>
          <th scope="col">Task</th>
          <th scope="col">Site</th>
          <th scope="col" class="number">
            Age
          </th>
          <th scope="col" class="number">
            Solve time
          </th>
          <th scope="col">Webhook</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Row key={row.id} row={row} now={now} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ row, now }: { readonly row: TaskRow; readonly now: number }) {
  const createdAt = Date.parse(row.createdAt);
  return (
    <tr>
      <td class="cell-status">
        <StatusBadge status={row.status} />
        {row.errorCode === null ? null : <span class="error-code">{row.errorCode}</span>}
      </td>
      <td class="cell-id">
        <a class="mono whole-row" href={hashOf({ view: "task", id: row.id })} title={row.id}>
          {middle(row.id, 12, 6)}
        </a>
      </td>
      <td class="cell-site">
        <span class="clamped" title={row.website}>
          {row.website}
        </span>
      </td>
      <td class="cell-age number">
        <time dateTime={row.createdAt} title={moment(createdAt)}>
          {age(createdAt, now)}
        </time>
      </td>
      <td class={`cell-solve number${row.solveMs === null ? " none" : ""}`}>
        {row.solveMs === null ? (
          <span class="quiet">
            <span aria-hidden="true">–</span>
            <span class="visually-hidden">None</span>
          </span>
        ) : (
          duration(row.solveMs)
        )}
      </td>
      <td class={`cell-webhook${row.webhookState === null ? " none" : ""}`}>
        <WebhookBadge state={row.webhookState} />
      </td>
    </tr>
  );
}

function Pages({ status, cursor, next }: Wanted & { readonly next: string | null }) {
  if (cursor === null && next === null) return null;
  return (
    <nav class="pages" aria-label="Pages">
      {cursor === null ? null : (
        <a class="button plain" href={hashOf({ view: "tasks", status, cursor: null })}>
          Newest
        </a>
      )}
      {next === null ? (
        <span class="quiet">These are the oldest: the list reaches back 30 days.</span>
      ) : (
        <a class="button plain" href={hashOf({ view: "tasks", status, cursor: next })}>
          Older
        </a>
      )}
    </nav>
  );
}

function NoTasks({ status, cursor, more }: Wanted & { readonly more: boolean }) {
  const { can, me } = useSession();
  if (more) {
    return (
      <Empty title="None on this page">
        <p>There may be some among the older ones.</p>
      </Empty>
    );
  }
  if (cursor !== null) {
    return (
      <Empty title="Nothing older">
        <p>The list reaches back 30 days.</p>
      </Empty>
    );
  }
  if (status !== null) {
    return (
      <Empty title={`No ${status} tasks`}>
        <p>
          None of the last 30 days is {status} now.{" "}
          <a href={hashOf({ view: "tasks", status: null, cursor: null })}>Show all tasks</a>.
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="No tasks yet">
      <p>
        {me.mode === "test"
          ? "Tasks made with a test key of your tenant appear here as they are made."
          : "Tasks made with a live key of your tenant appear here as they are made. A live key does not see test tasks."}
      </p>
      {me.mode === "test" && can("tasks:write") ? (
        <p>
          <a class="button primary" href="#/try">
            Make a test task
          </a>
        </p>
      ) : (
        <p>
          See <a href="/docs">POST /v1/tasks in the reference</a> for how to make one.
        </p>
      )}
    </Empty>
  );
}
