// Recent deliveries: the newest tasks by the state of their webhook.

import { useState } from "preact/hooks";
import type { WebhookState } from "../../client/index.ts";
import { useAllEvents, useWatch } from "../refresh/watch.ts";
import { hashOf, NO_FILTER } from "../route.ts";
import { useTenant } from "../session/session.ts";
import { loadPage, pagePolicy } from "../tasks/task-pages.ts";
import { TaskTable } from "../tasks/task-rows.tsx";
import { Choice } from "../ui/controls.tsx";
import { Loaded } from "../ui/loaded.tsx";
import { Card } from "../ui/surfaces.tsx";

/** Rows shown; the list of tasks has all of them. */
const SHOWN = 10;

const STATES: readonly { readonly value: WebhookState; readonly name: string; readonly empty: string }[] = [
  { value: "exhausted", name: "Failed", empty: "No webhook failed in the last 30 days." },
  { value: "pending", name: "Pending", empty: "No webhook is waiting for an attempt." },
  { value: "delivered", name: "Delivered", empty: "No webhook was delivered in the last 30 days." },
];

export function DeliveriesCard() {
  const { client } = useTenant();
  const [webhookState, setState] = useState<WebhookState>("exhausted");
  const watched = useWatch(
    `deliveries ${webhookState}`,
    (signal) => loadPage((page) => client.tasks.page({ ...page, webhookState }), null, signal),
    pagePolicy,
    useAllEvents(),
  );
  return (
    <Card title="Deliveries" aside={<Choice label="State" options={STATES} value={webhookState} onValue={setState} />}>
      <Loaded watched={watched} lines={3}>
        {({ tasks, nextCursor }) => (
          <>
            {tasks.length === 0 ? (
              <p class="quiet">{STATES.find(({ value }) => value === webhookState)?.empty}</p>
            ) : (
              <TaskTable rows={tasks.slice(0, SHOWN)} caption="Tasks by the state of their webhook, newest first" />
            )}
            {tasks.length > SHOWN || nextCursor !== null ? (
              <p>
                <a href={hashOf({ view: "tasks", filter: { ...NO_FILTER, webhook: webhookState }, cursor: null })}>
                  Show all
                </a>
              </p>
            ) : null}
          </>
        )}
      </Loaded>
    </Card>
  );
}
