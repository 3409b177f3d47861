// Recent deliveries: the newest tasks by the state of their webhook.

import { useState } from "preact/hooks";
import type { WebhookState } from "../api/wire.ts";
import type { RefreshPolicy } from "../refresh/watch.ts";
import { useAllEvents, useWatch } from "../refresh/watch.ts";
import { hashOf, NO_FILTER } from "../route.ts";
import { useTenant } from "../session/session.ts";
import type { LoadedPage } from "../tasks/task-pages.ts";
import { loadPage } from "../tasks/task-pages.ts";
import { TaskTable } from "../tasks/task-rows.tsx";
import { isMoving } from "../tasks/task-status.tsx";
import { Choice, FailureNotice } from "../ui/controls.tsx";
import { Card, Skeleton } from "../ui/surfaces.tsx";

/** Rows shown; the list of tasks has all of them. */
const SHOWN = 10;

const STATES: readonly { readonly value: WebhookState; readonly name: string; readonly none: string }[] = [
  { value: "exhausted", name: "Failed", none: "No webhook has failed in the last 30 days." },
  { value: "pending", name: "Pending", none: "No webhook is waiting for an attempt." },
  { value: "delivered", name: "Delivered", none: "No webhook was delivered in the last 30 days." },
];

const policyOf = (page: LoadedPage, now: number): RefreshPolicy => ({
  running: page.tasks.some((row) => isMoving(row, now)),
  nextChangeAt: null,
  final: page.requests > 1,
});

export function DeliveriesCard() {
  const { api } = useTenant();
  const [state, setState] = useState<WebhookState>("exhausted");
  const { value, failure, nextAt, refresh } = useWatch(
    `deliveries ${state}`,
    (signal) => loadPage((page, inner) => api.tasks({ webhookState: state }, page, inner), null, signal),
    policyOf,
    useAllEvents(),
  );
  const more = (value?.tasks.length ?? 0) > SHOWN || value?.nextCursor != null;
  return (
    <Card
      title="Deliveries"
      aside={<Choice label="State" options={STATES} value={state} onValue={(next) => setState(next)} />}
    >
      {failure === null ? null : <FailureNotice failure={failure} nextAt={nextAt} retry={refresh} />}
      {value === null ? (
        failure === null && <Skeleton lines={3} />
      ) : value.tasks.length === 0 ? (
        <p class="quiet">{STATES.find((one) => one.value === state)?.none}</p>
      ) : (
        <TaskTable rows={value.tasks.slice(0, SHOWN)} caption="Tasks by the state of their webhook, newest first" />
      )}
      {more ? (
        <p>
          <a href={hashOf({ view: "tasks", filter: { ...NO_FILTER, webhook: state }, cursor: null })}>Show all</a>
        </p>
      ) : null}
    </Card>
  );
}
