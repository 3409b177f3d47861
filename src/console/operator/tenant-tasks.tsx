// A tenant's tasks, as in the tenant's own list. The operator can't read solutions, so rows do not link to task pages.

import { useState } from "preact/hooks";
import type { Mode } from "../../client/index.ts";
import { useWatch } from "../refresh/watch.ts";
import { useOperator } from "../session/session.ts";
import { loadPage, pagePolicy } from "../tasks/task-pages.ts";
import { TaskTable } from "../tasks/task-rows.tsx";
import { Button, Choice } from "../ui/controls.tsx";
import { Loaded } from "../ui/loaded.tsx";
import { Empty } from "../ui/surfaces.tsx";

export const MODES: readonly { readonly value: Mode; readonly name: string }[] = [
  { value: "live", name: "Live" },
  { value: "test", name: "Test" },
];

export function TenantTasks({ id }: { readonly id: string }) {
  const { tenants } = useOperator().client;
  const [{ mode, cursor }, setPage] = useState<{ mode: Mode; cursor: string | null }>({ mode: "live", cursor: null });
  const watched = useWatch(
    `tasks of ${id} ${mode} ${cursor ?? ""}`,
    (signal) => loadPage((page) => tenants.tasksPage(id, { ...page, mode }), cursor, signal),
    pagePolicy,
  );
  const next = watched.value?.nextCursor ?? null;
  return (
    <>
      <div class="row">
        <Choice label="Mode" options={MODES} value={mode} onValue={(value) => setPage({ mode: value, cursor: null })} />
      </div>
      <Loaded watched={watched} lines={8}>
        {({ tasks }) =>
          tasks.length === 0 ? (
            <Empty title={`No ${mode} tasks`}>
              <p>The list reaches back 30 days.</p>
            </Empty>
          ) : (
            <TaskTable rows={tasks} caption={`The tenant's ${mode} tasks, newest first`} linked={false} />
          )
        }
      </Loaded>
      {cursor === null && next === null ? null : (
        <nav class="row" aria-label="Pages">
          {cursor === null ? null : <Button onClick={() => setPage({ mode, cursor: null })}>Newest</Button>}
          {next === null ? null : <Button onClick={() => setPage({ mode, cursor: next })}>Older</Button>}
        </nav>
      )}
    </>
  );
}
