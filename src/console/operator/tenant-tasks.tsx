// A tenant's tasks, as the tenant's own list shows them. Solutions are not the operator's to see.

import { useState } from "preact/hooks";
import type { Mode } from "../api/wire.ts";
import type { RefreshPolicy } from "../refresh/watch.ts";
import { useWatch } from "../refresh/watch.ts";
import { useOperator } from "../session/session.ts";
import type { LoadedPage } from "../tasks/task-pages.ts";
import { loadPage } from "../tasks/task-pages.ts";
import { TaskTable } from "../tasks/task-rows.tsx";
import { isMoving } from "../tasks/task-status.tsx";
import { Button, FailureNotice } from "../ui/controls.tsx";
import { Empty, Skeleton } from "../ui/surfaces.tsx";
import { ModeChoice } from "./mode-choice.tsx";

const policyOf = (page: LoadedPage, now: number): RefreshPolicy => ({
  running: page.tasks.some((row) => isMoving(row, now)),
  nextChangeAt: null,
  final: page.requests > 1,
});

export function TenantTasks({ id }: { readonly id: string }) {
  const { api } = useOperator();
  const [mode, setMode] = useState<Mode>("live");
  const [cursor, setCursor] = useState<string | null>(null);
  const { value, failure, nextAt, refresh } = useWatch(
    `tasks of ${id} ${mode} ${cursor ?? ""}`,
    (signal) => loadPage((page, inner) => api.tasks(id, mode, {}, page, inner), cursor, signal),
    policyOf,
  );
  const next = value?.nextCursor ?? null;
  return (
    <>
      <div class="row">
        <ModeChoice
          mode={mode}
          onMode={(one) => {
            setMode(one);
            setCursor(null);
          }}
        />
      </div>
      {failure === null ? null : <FailureNotice failure={failure} nextAt={nextAt} retry={refresh} />}
      {value === null ? (
        failure === null && <Skeleton lines={8} />
      ) : value.tasks.length === 0 ? (
        <Empty title={`No ${mode} tasks`}>
          <p>The list reaches back 30 days.</p>
        </Empty>
      ) : (
        <TaskTable rows={value.tasks} caption={`The tenant's ${mode} tasks, newest first`} linked={false} />
      )}
      {cursor === null && next === null ? null : (
        <nav class="pages" aria-label="Pages">
          {cursor === null ? null : <Button onClick={() => setCursor(null)}>Newest</Button>}
          {next === null ? null : <Button onClick={() => setCursor(next)}>Older</Button>}
        </nav>
      )}
    </>
  );
}
