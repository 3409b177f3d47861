// What can be done about a task: cancel it, run it again, or deliver its webhook again. Only what its state and the key allow is offered.

import { useEffect, useState } from "preact/hooks";
import type { NewTask, Task } from "../api/wire.ts";
import { hashOf } from "../route.ts";
import { useAction, useTenant } from "../session/session.ts";
import { announce } from "../ui/announcer.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { Button } from "../ui/controls.tsx";
import { middle } from "../ui/formats.ts";
import { useIdempotencyKey } from "./idempotency-key.ts";
import { isFinal } from "./task-status.tsx";

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
 * to the endpoint, if one is set by now.
 */
function useRedeliveryTarget({ status, webhook }: Task): string | null {
  const { api, can } = useTenant();
  const [endpoint, setEndpoint] = useState<string | null>(null);
  const ask = isFinal(status) && webhook === null && can("account:read") && can("tasks:write");
  useEffect(() => {
    if (!ask) return;
    const asking = new AbortController();
    void api.endpoint(asking.signal).then((result) => {
      if (asking.signal.aborted || !result.ok) return;
      setEndpoint(result.value.disabledAt === null ? result.value.url : null);
    });
    return () => asking.abort();
  }, [ask, api]);
  if (!isFinal(status)) return null;
  return webhook?.url ?? endpoint;
}

interface DialogProps {
  readonly task: Task;
  onDone(task: Task): void;
  onClose(): void;
}

function CancelDialog({ task, onDone, onClose }: DialogProps) {
  const { api } = useTenant();
  const cancel = useAction(() => api.cancelTask(task.id));
  return (
    <Confirm
      title="Cancel this task?"
      action="Cancel task"
      keep="Keep it running"
      danger
      busy={cancel.busy}
      failure={cancel.failure}
      onConfirm={() => void cancel.run().then((result) => result !== null && onDone(result.value))}
      onCancel={onClose}
    >
      <p>
        This cannot be undone.
        {task.submittedAt === null
          ? " It has not been submitted, so nothing is charged."
          : " The upstream may still charge for what it has begun, and its result is not fetched."}
      </p>
    </Confirm>
  );
}

function RedeliverDialog({ task, url, onDone, onClose }: DialogProps & { readonly url: string }) {
  const { api } = useTenant();
  const redeliver = useAction(() => api.redeliver(task.id));
  return (
    <Confirm
      title="Send the webhook again?"
      action="Send again"
      keep="Do not send"
      busy={redeliver.busy}
      failure={redeliver.failure}
      onConfirm={() => void redeliver.run().then((result) => result !== null && onDone(result.value))}
      onCancel={onClose}
    >
      <p>
        It goes to <code>{middle(url, 80, 20)}</code>, with a new cycle of attempts
        {task.webhook === null ? "." : " under the same webhook-id."}
        {task.webhook?.state === "delivered" ? " The receiver has accepted it before." : ""}
      </p>
    </Confirm>
  );
}

function RunAgainDialog({ task, onClose }: { readonly task: Task; onClose(): void }) {
  const { api } = useTenant();
  const body = copyOf(task);
  const idempotencyKey = useIdempotencyKey(JSON.stringify(body));
  const create = useAction(() => api.createTask(body, idempotencyKey.current()));
  const run = async () => {
    const result = await create.run();
    if (result === null) return;
    idempotencyKey.used();
    onClose();
    announce("A new task was created.");
    location.hash = hashOf({ view: "task", id: result.value.id });
  };
  return (
    <Confirm
      title="Run this task again?"
      action="Create task"
      keep="Do not create"
      busy={create.busy}
      failure={create.failure}
      onConfirm={() => void run()}
      onCancel={onClose}
    >
      <p>
        This creates a new {task.mode} task with the same request, reference, metadata and time limit.
        {task.mode === "live" ? " The upstream charges for it." : ""}
      </p>
      <p>
        {task.webhook === null
          ? "Its webhook goes to your endpoint, if one is set."
          : `Its webhook goes to ${middle(task.webhook.url, 80, 20)}.`}
      </p>
    </Confirm>
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
