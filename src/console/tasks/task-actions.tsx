// The actions on a task: cancel it, run it again, deliver its webhook again. Those that its state and the key allow are offered.

import { useEffect, useState } from "preact/hooks";
import type { NewTask, Task } from "../../client/index.ts";
import { isFinal } from "../../tasks/status.ts";
import { hashOf } from "../route.ts";
import { useAction, useTenant } from "../session/session.ts";
import { announce } from "../ui/announcer.tsx";
import { Button } from "../ui/controls.tsx";
import { ActionDialog } from "../ui/dialog.tsx";
import { middle } from "../ui/formats.ts";
import { useIdempotencyKey } from "./idempotency-key.ts";
import { cancellationText } from "./submission-texts.ts";

interface TaskActionsProps {
  readonly task: Task;
  onTask(task: Task): void;
}

export function TaskActions({ task, onTask }: TaskActionsProps) {
  const { can } = useTenant();
  const [open, setOpen] = useState<"cancel" | "redeliver" | "run" | null>(null);
  const target = useRedeliveryTarget(task);
  if (!can("tasks:write")) return null;
  const close = () => setOpen(null);
  const changed = (next: Task, sentence: string) => {
    close();
    announce(sentence);
    onTask(next);
  };
  return (
    <>
      {isFinal(task.status) ? null : (
        <Button kind="danger" onClick={() => setOpen("cancel")}>
          Cancel task
        </Button>
      )}
      {target === null ? null : <Button onClick={() => setOpen("redeliver")}>Redeliver webhook</Button>}
      <Button onClick={() => setOpen("run")}>Run again</Button>
      {open === "cancel" ? (
        <CancelDialog task={task} onDone={(next) => changed(next, "The task is canceled.")} onClose={close} />
      ) : null}
      {open === "redeliver" && target !== null ? (
        <RedeliverDialog
          task={task}
          url={target}
          onDone={(next) => changed(next, "The webhook is being sent again.")}
          onClose={close}
        />
      ) : null}
      {open === "run" ? <RunAgainDialog task={task} onClose={close} /> : null}
    </>
  );
}

/**
 * Where a redelivery goes, or null where it is not possible: the task is not final, or there is no URL. A task without a webhook goes
 * to the endpoint, if one is set.
 */
function useRedeliveryTarget({ status, webhook }: Task): string | null {
  const { client, can } = useTenant();
  const [endpoint, setEndpoint] = useState<string | null>(null);
  const ask = isFinal(status) && webhook === null && can("account:read") && can("tasks:write");
  useEffect(() => {
    if (!ask) return;
    const asking = new AbortController();
    client.webhook.get({ signal: asking.signal }).then(
      ({ url, disabledAt }) => setEndpoint(disabledAt === null ? url : null),
      // Without the endpoint, no redelivery is offered.
      () => undefined,
    );
    return () => asking.abort();
  }, [ask, client]);
  if (!isFinal(status)) return null;
  return webhook?.url ?? endpoint;
}

interface DialogProps {
  readonly task: Task;
  onDone(task: Task): void;
  onClose(): void;
}

function CancelDialog({ task, onDone, onClose }: DialogProps) {
  const { tasks } = useTenant().client;
  const cancel = useAction(() => tasks.cancel(task.id), onDone);
  return (
    <ActionDialog
      title="Cancel this task?"
      action={cancel}
      word="Cancel task"
      keep="Keep it running"
      danger
      onSubmit={cancel.run}
      onClose={onClose}
    >
      <p>This cannot be undone. {cancellationText(task)}</p>
    </ActionDialog>
  );
}

function RedeliverDialog({ task, url, onDone, onClose }: DialogProps & { readonly url: string }) {
  const { tasks } = useTenant().client;
  const redeliver = useAction(() => tasks.redeliver(task.id), onDone);
  return (
    <ActionDialog
      title="Send the webhook again?"
      action={redeliver}
      word="Send again"
      keep="Do not send"
      onSubmit={redeliver.run}
      onClose={onClose}
    >
      <p class="wrap">
        A new delivery cycle to <code>{middle(url, 80, 20)}</code> begins
        {task.webhook === null ? "." : ", with the same webhook-id."}
        {task.webhook?.state === "delivered" ? " The receiver has accepted it before." : ""}
      </p>
    </ActionDialog>
  );
}

function RunAgainDialog({ task, onClose }: Omit<DialogProps, "onDone">) {
  const { tasks } = useTenant().client;
  const body = copyOf(task);
  const idempotencyKey = useIdempotencyKey(JSON.stringify(body));
  const create = useAction(
    () => tasks.create(body, { idempotencyKey: idempotencyKey.current() }),
    ({ id }) => {
      idempotencyKey.used();
      onClose();
      announce("A new task was created.");
      location.hash = hashOf({ view: "task", id });
    },
  );
  return (
    <ActionDialog
      title="Run this task again?"
      action={create}
      word="Create task"
      keep="Do not create"
      onSubmit={create.run}
      onClose={onClose}
    >
      <p>
        This creates a new {task.mode} task with the same request, reference, metadata and time limit.
        {task.mode === "live" ? " The upstream charges for it." : ""}
      </p>
      <p class="wrap">
        {task.webhook === null
          ? "Its webhook goes to your endpoint, if one is set."
          : `Its webhook goes to ${middle(task.webhook.url, 80, 20)}.`}
      </p>
    </ActionDialog>
  );
}

/** The request that creates the same task again. Its time limit is within the API's bounds because the first one was. */
function copyOf({ task, reference, metadata, webhook, createdAt, deadlineAt }: Task): NewTask {
  return {
    task,
    metadata,
    timeoutSeconds: Math.round((Date.parse(deadlineAt) - Date.parse(createdAt)) / 1_000),
    ...(reference == null ? {} : { reference }),
    ...(webhook === null ? {} : { webhookUrl: webhook.url }),
  };
}
