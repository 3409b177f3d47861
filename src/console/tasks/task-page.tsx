// One task: what it is, what happened to it and when, and what can still be done about it. Live while something can change; an id
// that is none, or a task that is no more, gets a sentence.

import { useState } from "preact/hooks";
import { isFinal } from "../../tasks/status.ts";
import type { Task } from "../api/answers.ts";
import { useLive } from "../refresh/watch.ts";
import { pastedTaskId } from "../session/pasted-text.ts";
import { useAction, useSession } from "../session/session.ts";
import { announce, useStatusNews } from "../ui/announcer.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { Button, CopyButton, Empty, FailureNotice, Heading, Skeleton } from "../ui/controls.tsx";
import { middle } from "../ui/formats.ts";
import { StatusBadge } from "./task-badges.tsx";
import { ErrorCard, MetadataCard, RequestCard, SolutionCard, Summary, WebhookCard } from "./task-cards.tsx";
import type { TaskWithEvents } from "./task-with-events.ts";
import { readTaskWithEvents, refreshPolicyOf } from "./task-with-events.ts";
import { Timeline } from "./timeline.tsx";

export function TaskView({ id }: { readonly id: string }) {
  const pasted = pastedTaskId(id);
  return (
    <>
      <p class="back">
        <a href="#/tasks">Tasks</a>
      </p>
      {pasted.ok ? (
        <KnownTask id={pasted.value} />
      ) : (
        <>
          <Heading>Task</Heading>
          <Empty title="This is not a task's address">
            <p>{pasted.sentence}</p>
            <p>
              <a class="button plain" href="#/tasks">
                Back to the tasks
              </a>
            </p>
          </Empty>
        </>
      )}
    </>
  );
}

function KnownTask({ id }: { readonly id: string }) {
  const { api } = useSession();
  const live = useLive<TaskWithEvents>(id, (signal) => readTaskWithEvents(api, id, signal), refreshPolicyOf);
  const { value, failure, nextAt, refresh } = live;
  useStatusNews(value?.task.status ?? null);
  const absent = failure?.status === 404;
  return (
    <>
      <Heading
        aside={
          value === null ? undefined : (
            <Actions task={value.task} onTask={(task) => live.replace({ task, events: value.events })} />
          )
        }
      >
        Task {value === null ? null : <StatusBadge status={value.task.status} />}
      </Heading>
      <p class="task-id">
        <code>{id}</code>
        <CopyButton text={id} what="the task id" />
      </p>
      {absent && value === null ? (
        <Absent />
      ) : failure === null ? null : (
        <FailureNotice failure={failure} nextAt={nextAt} retry={refresh} />
      )}
      {value === null ? (
        failure === null && <Skeleton lines={8} />
      ) : (
        <>
          <ErrorCard task={value.task} />
          <Summary task={value.task} />
          <Timeline task={value.task} events={value.events} />
          <div class="columns">
            <div class="stack">
              <SolutionCard task={value.task} />
              <RequestCard task={value.task} />
            </div>
            <div class="stack">
              <WebhookCard task={value.task} />
              <MetadataCard task={value.task} />
            </div>
          </div>
        </>
      )}
    </>
  );
}

function Absent() {
  const { me } = useSession();
  return (
    <Empty title="There is no such task for this key">
      <p>
        A finished task is forgotten at the end of its retention, a day unless the operator chose otherwise; its row
        stays in the list for 30 days. This {me.mode} key does not see {me.mode === "test" ? "live" : "test"} tasks, nor
        another tenant's.
      </p>
      <p>
        <a class="button plain" href="#/tasks">
          Back to the tasks
        </a>
      </p>
    </Empty>
  );
}

interface ActionsProps {
  readonly task: Task;
  onTask(task: Task): void;
}

/** What can be done about the task, as far as its state and the key allow. */
function Actions({ task, onTask }: ActionsProps) {
  const { api, can } = useSession();
  const [asking, setAsking] = useState<"cancel" | "redeliver" | null>(null);
  const cancel = useAction(() => api.cancel(task.id));
  const redeliver = useAction(() => api.redeliver(task.id));
  if (!can("tasks:write")) return null;
  const doing = async (action: typeof cancel, done: string) => {
    const changed = await action.run();
    if (changed === null) return;
    setAsking(null);
    announce(done);
    onTask(changed);
  };
  const close = () => {
    cancel.clear();
    redeliver.clear();
    setAsking(null);
  };
  return (
    <>
      {isFinal(task.status) ? (
        <Button onClick={() => setAsking("redeliver")}>Redeliver webhook</Button>
      ) : (
        <Button kind="danger" onClick={() => setAsking("cancel")}>
          Cancel task
        </Button>
      )}
      {asking === "cancel" ? (
        <Confirm
          title="Cancel this task?"
          words="It ends here for good. What the upstream has begun may still be charged for, and its result is not fetched."
          yes="Cancel task"
          no="Keep it running"
          danger
          busy={cancel.busy}
          failure={cancel.failure}
          onYes={() => void doing(cancel, "The task is canceled.")}
          onNo={close}
        />
      ) : null}
      {asking === "redeliver" ? (
        <Confirm
          title="Send the webhook again?"
          words={redeliveryWords(task)}
          yes="Send again"
          no="Do not send"
          busy={redeliver.busy}
          failure={redeliver.failure}
          onYes={() => void doing(redeliver, "The webhook is on its way.")}
          onNo={close}
        />
      ) : null}
    </>
  );
}

function redeliveryWords({ webhook }: Task): string {
  if (webhook === null) return "The task has had no webhook. It goes to your tenant's endpoint, if one is set by now.";
  const again =
    webhook.state === "delivered"
      ? "The receiver has answered it before, and will see it twice under the same webhook-id."
      : "A fresh round of attempts begins, under the same webhook-id.";
  return `It goes to ${middle(webhook.url, 80, 20)}. ${again}`;
}
