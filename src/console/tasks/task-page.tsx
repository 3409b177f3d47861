// One task: what it is, what happened to it and when, and what can be done about it.

import { useTenant } from "../session/session.ts";
import { useStatusAnnouncement } from "../ui/announcer.tsx";
import { CopyButton, FailureNotice } from "../ui/controls.tsx";
import { Empty, Heading, Skeleton } from "../ui/surfaces.tsx";
import { TaskActions } from "./task-actions.tsx";
import {
  ErrorNotice,
  MetadataCard,
  RawCard,
  RequestCard,
  SolutionCard,
  Summary,
  WaitingNotice,
} from "./task-cards.tsx";
import { StatusBadge } from "./task-status.tsx";
import { useTaskWithEvents } from "./task-with-events.ts";
import { Timeline } from "./timeline.tsx";
import { WebhookCard } from "./webhook-card.tsx";

export function TaskView({ id }: { readonly id: string }) {
  const { value, failure, nextAt, refresh, replace } = useTaskWithEvents(id);
  useStatusAnnouncement(value?.task.status ?? null);
  const absent = value === null && failure?.status === 404;
  return (
    <>
      <p class="back">
        <a href="#/tasks">Tasks</a>
      </p>
      <Heading
        aside={
          value === null ? undefined : (
            <TaskActions task={value.task} onTask={(task) => replace({ task, events: value.events })} />
          )
        }
      >
        Task {value === null ? null : <StatusBadge status={value.task.status} />}
      </Heading>
      <p class="task-id">
        <code>{id}</code>
        <CopyButton text={id} what="the task id" />
      </p>
      {absent ? (
        <Absent />
      ) : failure === null ? null : (
        <FailureNotice failure={failure} nextAt={nextAt} retry={refresh} />
      )}
      {value === null ? (
        failure === null && <Skeleton lines={8} />
      ) : (
        <>
          <ErrorNotice task={value.task} />
          <WaitingNotice task={value.task} />
          <Summary task={value.task} />
          <Timeline task={value.task} events={value.events} />
          <div class="columns">
            <div class="stack">
              <SolutionCard task={value.task} />
              <RequestCard task={value.task} />
            </div>
            <div class="stack">
              <WebhookCard task={value.task} events={value.events} />
              <MetadataCard task={value.task} />
            </div>
          </div>
          <RawCard task={value.task} events={value.events} />
        </>
      )}
    </>
  );
}

function Absent() {
  const { me } = useTenant();
  return (
    <Empty title="There is no such task for this key">
      <p>
        A finished task is deleted at the end of its retention, which is a day unless the operator chose another time;
        its row stays in the list for 30 days. This {me.mode} key sees neither {me.mode === "test" ? "live" : "test"}{" "}
        tasks nor those of another tenant.
      </p>
      <p>
        <a class="button plain" href="#/tasks">
          Back to the tasks
        </a>
      </p>
    </Empty>
  );
}
