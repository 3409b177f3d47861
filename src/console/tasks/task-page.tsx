// The page of a task: its status, timeline, solution, request and webhook, and the actions on it.

import { useTenant } from "../session/session.ts";
import { useStatusAnnouncement } from "../ui/announcer.tsx";
import { Loaded } from "../ui/loaded.tsx";
import { Empty, Heading } from "../ui/surfaces.tsx";
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
  const watched = useTaskWithEvents(id);
  const { value, replace } = watched;
  useStatusAnnouncement(value?.task.status ?? null);
  return (
    <>
      <p class="back">
        <a href="#/tasks">Tasks</a>
      </p>
      <Heading
        id={id}
        aside={
          value === null ? undefined : (
            <TaskActions task={value.task} onTask={(task) => replace({ task, events: value.events })} />
          )
        }
      >
        Task {value === null ? null : <StatusBadge status={value.task.status} />}
      </Heading>
      <Loaded watched={watched} lines={8} absent={<Absent />}>
        {({ task, events }) => (
          <>
            <ErrorNotice task={task} />
            <WaitingNotice task={task} />
            <Summary task={task} />
            <Timeline task={task} events={events} />
            <div class="columns">
              <div class="stack">
                <SolutionCard task={task} />
                <RequestCard task={task} />
              </div>
              <div class="stack">
                <WebhookCard task={task} events={events} />
                <MetadataCard task={task} />
              </div>
            </div>
            <RawCard task={task} events={events} />
          </>
        )}
      </Loaded>
    </>
  );
}

function Absent() {
  const { me } = useTenant();
  return (
    <Empty title="There is no such task for this key">
      <p>
        A finished task is deleted after its retention, by default a day; its row stays in the list for 30 days. This{" "}
        {me.mode} key can't read {me.mode === "test" ? "live" : "test"} tasks or tasks of another tenant.
      </p>
      <p>
        <a class="button plain" href="#/tasks">
          Back to the tasks
        </a>
      </p>
    </Empty>
  );
}
