// The list of tasks: newest first, updated automatically, with search, filters and pages.

import { useEffect, useRef, useState } from "preact/hooks";
import type { TaskStatus, TaskSummary } from "../../client/index.ts";
import type { Watched } from "../refresh/watch.ts";
import { useAllEvents, useWatch } from "../refresh/watch.ts";
import type { ListFilter } from "../route.ts";
import { ALL_TASKS, hashOf, isFiltered } from "../route.ts";
import { useTenant } from "../session/session.ts";
import { announce } from "../ui/announcer.tsx";
import { Button } from "../ui/controls.tsx";
import { plural } from "../ui/formats.ts";
import { Loaded } from "../ui/loaded.tsx";
import { Empty, Heading } from "../ui/surfaces.tsx";
import { FilterForm, isNarrowed, StatusFilter, TaskSearchForm } from "./task-filters.tsx";
import { apiFilterOf, loadPage, pagePolicy } from "./task-pages.ts";
import { TaskTable } from "./task-rows.tsx";

interface TaskListProps {
  readonly filter: ListFilter;
  readonly cursor: string | null;
}

export function TaskListView({ filter, cursor }: TaskListProps) {
  const { client, stream } = useTenant();
  const name = hashOf({ view: "tasks", filter, cursor });
  const watched = useWatch(
    name,
    (signal) => loadPage((page) => client.tasks.page({ ...apiFilterOf(filter), ...page }), cursor, signal),
    pagePolicy,
    useAllEvents(),
  );
  const { value } = watched;
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
          <Button small onClick={watched.refresh}>
            Refresh
          </Button>
        </div>
      </div>
      {filtersShown ? <FilterForm key={name} filter={filter} /> : null}
      <Loaded watched={watched} lines={8}>
        {({ tasks, nextCursor }) => (
          <>
            {tasks.length === 0 ? (
              <NoTasks filter={filter} cursor={cursor} more={nextCursor !== null} />
            ) : (
              <TaskTable rows={tasks} caption="Tasks, newest first" />
            )}
            <Pages filter={filter} cursor={cursor} next={nextCursor} />
          </>
        )}
      </Loaded>
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
    <nav class="row" aria-label="Pages">
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
          No task of the last 30 days matches these filters. <a href={hashOf(ALL_TASKS)}>Show all tasks</a>.
        </p>
      </Empty>
    );
  }
  return <NoTasksYet />;
}

function NoTasksYet() {
  const { can, me } = useTenant();
  return (
    <Empty title="No tasks yet">
      <p>
        Tasks that your tenant creates with a {me.mode} key appear here.
        {me.mode === "live" ? " Test tasks need a test key." : ""}
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
