// The list of tasks: newest first, up to date by itself, searched and filtered, page by page.

import { useEffect, useRef, useState } from "preact/hooks";
import type { TaskStatus, TaskSummary } from "../api/wire.ts";
import type { RefreshPolicy, Watched } from "../refresh/watch.ts";
import { useAllEvents, useWatch } from "../refresh/watch.ts";
import type { ListFilter } from "../route.ts";
import { ALL_TASKS, hashOf, isFiltered } from "../route.ts";
import { useTenant } from "../session/session.ts";
import { announce } from "../ui/announcer.tsx";
import { Button, FailureNotice } from "../ui/controls.tsx";
import { plural } from "../ui/formats.ts";
import { Empty, Heading, Skeleton } from "../ui/surfaces.tsx";
import { FilterForm, isNarrowed, StatusFilter, TaskSearchForm } from "./task-filters.tsx";
import type { LoadedPage } from "./task-pages.ts";
import { apiFilterOf, loadPage } from "./task-pages.ts";
import { TaskTable } from "./task-rows.tsx";
import { isMoving } from "./task-status.tsx";

interface TaskListProps {
  readonly filter: ListFilter;
  readonly cursor: string | null;
}

/** A page that took several requests is not loaded again by itself. */
const policyOf = (page: LoadedPage, now: number): RefreshPolicy => ({
  running: page.tasks.some((row) => isMoving(row, now)),
  nextChangeAt: null,
  final: page.requests > 1,
});

export function TaskListView({ filter, cursor }: TaskListProps) {
  const { api, stream } = useTenant();
  const name = hashOf({ view: "tasks", filter, cursor });
  const watched = useWatch(
    name,
    (signal) => loadPage((page, inner) => api.tasks(apiFilterOf(filter), page, inner), cursor, signal),
    policyOf,
    useAllEvents(),
  );
  const { value, failure, nextAt, refresh } = watched;
  const [filtering, setFiltering] = useState(false);
  const filtersShown = filtering || isNarrowed(filter);
  useChangeAnnouncement(name, value?.tasks ?? null);
  return (
    <>
      <Heading aside={<TaskSearchForm filter={filter} />}>Tasks</Heading>
      <div class="bar">
        <StatusFilter filter={filter} />
        <div class="row">
          <UpdateStatus phase={watched.phase} streaming={stream.connected} />
          {filtersShown ? null : (
            <Button small onClick={() => setFiltering(true)}>
              More filters
            </Button>
          )}
          <Button small onClick={refresh}>
            Refresh
          </Button>
        </div>
      </div>
      {filtersShown ? <FilterForm key={name} filter={filter} /> : null}
      {failure === null ? null : <FailureNotice failure={failure} nextAt={nextAt} retry={refresh} />}
      {value === null ? (
        failure === null && <Skeleton lines={8} />
      ) : value.tasks.length === 0 ? (
        <NoTasks filter={filter} cursor={cursor} more={value.nextCursor !== null} />
      ) : (
        <TaskTable rows={value.tasks} caption="Tasks, newest first" />
      )}
      {value === null ? null : <Pages filter={filter} cursor={cursor} next={value.nextCursor} />}
    </>
  );
}

const UPDATE_WORDS: Readonly<Record<Watched<unknown>["phase"], string>> = {
  loading: "Loading",
  current: "Up to date",
  retrying: "Not up to date",
  paused: "Paused",
  final: "Updated on request",
};

interface UpdateStatusProps {
  readonly phase: Watched<unknown>["phase"];
  readonly streaming: boolean;
}

/** Whether the list is up to date. */
function UpdateStatus({ phase, streaming }: UpdateStatusProps) {
  const how = streaming ? "Updated by the event stream" : "Updated every few seconds";
  return (
    <span class={`update-word ${phase}`} title={phase === "current" ? how : undefined}>
      <span class="dot" aria-hidden="true" />
      {UPDATE_WORDS[phase]}
    </span>
  );
}

/** Announces new tasks and changed ones, once per load. */
function useChangeAnnouncement(name: string, rows: readonly TaskSummary[] | null): void {
  const known = useRef<{ readonly name: string; readonly rows: ReadonlyMap<string, TaskStatus> } | null>(null);
  useEffect(() => {
    if (rows === null) return;
    const last = known.current?.name === name ? known.current.rows : null;
    known.current = { name, rows: new Map(rows.map(({ id, status }) => [id, status])) };
    if (last === null) return;
    const added = rows.filter(({ id }) => !last.has(id)).length;
    const changed = rows.filter(({ id, status }) => last.has(id) && last.get(id) !== status);
    const sentences = [
      ...(added === 0 ? [] : [`${plural(added, "new task", "new tasks")}.`]),
      ...(changed.length === 1 && changed[0] !== undefined ? [`A task is ${changed[0].status}.`] : []),
      ...(changed.length > 1 ? [`${changed.length} tasks changed.`] : []),
    ];
    if (sentences.length > 0) announce(sentences.join(" "));
  }, [name, rows]);
}

function Pages({ filter, cursor, next }: TaskListProps & { readonly next: string | null }) {
  if (cursor === null && next === null) return null;
  return (
    <nav class="pages" aria-label="Pages">
      {cursor === null ? null : (
        <a class="button plain" href={hashOf({ view: "tasks", filter, cursor: null })}>
          Newest
        </a>
      )}
      {next === null ? (
        <span class="quiet">These are the oldest tasks: the list reaches back 30 days.</span>
      ) : (
        <a class="button plain" href={hashOf({ view: "tasks", filter, cursor: next })}>
          Older
        </a>
      )}
    </nav>
  );
}

function NoTasks({ filter, cursor, more }: TaskListProps & { readonly more: boolean }) {
  const { can, me } = useTenant();
  if (more) {
    return (
      <Empty title="No match so far">
        <p>Older tasks have not been searched yet.</p>
      </Empty>
    );
  }
  if (cursor !== null) {
    return (
      <Empty title="No older tasks">
        <p>The list reaches back 30 days.</p>
      </Empty>
    );
  }
  if (isFiltered(filter)) {
    return (
      <Empty title="No task matches">
        <p>
          None of the last 30 days' tasks matches these filters. <a href={hashOf(ALL_TASKS)}>Show all tasks</a>.
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="No tasks yet">
      <p>
        {me.mode === "test"
          ? "Tasks that your tenant creates with a test key appear here."
          : "Tasks that your tenant creates with a live key appear here. Test tasks need a test key."}
      </p>
      {me.mode === "test" && can("tasks:write") ? (
        <p>
          <a class="button primary" href="#/try">
            Create a test task
          </a>
        </p>
      ) : (
        <p>
          <a href="/docs">POST /v1/tasks in the reference</a> shows how to create one.
        </p>
      )}
    </Empty>
  );
}
