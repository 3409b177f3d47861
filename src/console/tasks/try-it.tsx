// Try it: a form that creates a test task, and the task as it runs. A live key is not offered a form, because a try must not cost money.

import { useState } from "preact/hooks";
import type { NewTask, Task } from "../api/wire.ts";
import { LOAD_ONCE, useWatch } from "../refresh/watch.ts";
import { hashOf } from "../route.ts";
import { useAction, useTenant } from "../session/session.ts";
import { useStatusAnnouncement } from "../ui/announcer.tsx";
import { Button, CopyButton, FailureNotice, Field, Notice } from "../ui/controls.tsx";
import { useDraft } from "../ui/drafts.ts";
import { Empty, Heading, Skeleton } from "../ui/surfaces.tsx";
import { wholeNumberOf } from "../ui/whole-number.ts";
import { firstWebsiteOf } from "./first-website.ts";
import { useIdempotencyKey } from "./idempotency-key.ts";
import { EXAMPLE, SCENARIOS } from "./scenarios.ts";
import { ErrorNotice, SolutionCard, Summary, WaitingNotice } from "./task-cards.tsx";
import { StatusBadge } from "./task-status.tsx";
import { useTaskWithEvents } from "./task-with-events.ts";
import { Timeline } from "./timeline.tsx";

/** A key that cannot read tasks learns the outcome from the response to the creation, by a long poll of this length (s). */
const LONG_POLL_S = 60;

export function TryView() {
  const { me } = useTenant();
  return (
    <>
      <Heading>Try it</Heading>
      {me.mode === "live" ? <NeedsTestKey /> : <TestTask />}
    </>
  );
}

function NeedsTestKey() {
  const { signOut } = useTenant();
  return (
    <Empty title="This needs a test key">
      <p>
        You are signed in with a live key, whose tasks go to the upstream and are charged. Test keys use the gateway's
        sandbox: it behaves the same and costs nothing.
      </p>
      <p>
        <Button kind="primary" onClick={() => signOut("Sign in with a test key: it begins with sg_test_.")}>
          Use a test key
        </Button>
      </p>
    </Empty>
  );
}

function TestTask() {
  const { api, can } = useTenant();
  const [task, setTask] = useState<Task | null>(null);
  const account = useWatch("account", (signal) => api.account(signal), LOAD_ONCE);
  if (account.value === null && account.failure === null) return <Skeleton lines={8} />;
  // Without the account, the example's website is as good as any.
  const website = account.value === null ? EXAMPLE.websiteURL : firstWebsiteOf(account.value.allowedHosts);
  return (
    <>
      {website === null ? (
        <Notice tone="warn" title="Your tenant may not use any website yet.">
          <p>
            Ask the operator to add the hosts of your websites to the allow-list. Until then every task is rejected.
          </p>
        </Notice>
      ) : null}
      <div class="try">
        <TestTaskForm website={website ?? EXAMPLE.websiteURL} onTask={setTask} />
        <div class="stack">
          {task === null ? (
            <Empty title="No task yet">
              <p>Create a test task, and see here how it runs.</p>
            </Empty>
          ) : can("tasks:read") ? (
            <RunningTask key={task.id} id={task.id} />
          ) : (
            <Outcome task={task} />
          )}
        </div>
      </div>
    </>
  );
}

interface TestTaskFormProps {
  /** The website that the form starts with. */
  readonly website: string;
  onTask(task: Task): void;
}

function TestTaskForm({ website, onTask }: TestTaskFormProps) {
  const { api, can } = useTenant();
  const [websiteURL, setWebsiteURL] = useDraft("try.websiteURL", website);
  const [websiteKey, setWebsiteKey] = useDraft("try.websiteKey", EXAMPLE.websiteKey);
  const [pageAction, setPageAction] = useDraft("try.pageAction", EXAMPLE.pageAction);
  const [reference, setReference] = useDraft("try.reference", "");
  const [webhookUrl, setWebhookUrl] = useDraft("try.webhookUrl", "");
  const [timeout, setTimeoutText] = useDraft("try.timeoutSeconds", "60");
  const create = useAction((body: NewTask, key: string) =>
    api.createTask(body, key, can("tasks:read") ? 0 : LONG_POLL_S),
  );
  const [timeoutError, setTimeoutError] = useState<string | null>(null);
  const errors = create.failure?.errors ?? [];
  const scenario = SCENARIOS.find((one) => one.websiteKey === websiteKey);

  const timeoutSeconds = wholeNumberOf(timeout);
  const body: NewTask = {
    task: {
      type: "RecaptchaV3TaskProxyless",
      websiteURL: websiteURL.trim(),
      websiteKey: websiteKey.trim(),
      pageAction: pageAction.trim(),
    },
    ...(reference.trim() === "" ? {} : { reference: reference.trim() }),
    ...(webhookUrl.trim() === "" ? {} : { webhookUrl: webhookUrl.trim() }),
    ...(timeoutSeconds === null ? {} : { timeoutSeconds }),
  };
  const idempotencyKey = useIdempotencyKey(JSON.stringify(body));

  const submit = async () => {
    const valid = timeoutSeconds !== null || timeout.trim() === "";
    setTimeoutError(valid ? null : "Enter a whole number of seconds.");
    if (!valid) return;
    const result = await create.run(body, idempotencyKey.current());
    if (result === null) return;
    idempotencyKey.used();
    onTask(result.value);
  };

  return (
    <section class="card" aria-labelledby="test-task-title">
      <h2 id="test-task-title">Test task</h2>
      <form
        class="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Field label="What happens to it" hint={scenario?.hint ?? "What the sandbox does with this website key."}>
          {(props) => (
            <select {...props} value={websiteKey} onChange={(event) => setWebsiteKey(event.currentTarget.value)}>
              {SCENARIOS.map(({ websiteKey: key, name }) => (
                <option key={key} value={key}>
                  {name}
                </option>
              ))}
              {scenario === undefined ? <option value={websiteKey}>Your own website key</option> : null}
            </select>
          )}
        </Field>
        <Field
          label="Website URL"
          path="task.websiteURL"
          errors={errors}
          hint="Its host must be on your tenant's allow-list."
        >
          {(props) => (
            <input
              {...props}
              type="url"
              value={websiteURL}
              onInput={(event) => setWebsiteURL(event.currentTarget.value)}
            />
          )}
        </Field>
        <Field label="Website key" path="task.websiteKey" errors={errors}>
          {(props) => (
            <input
              {...props}
              class="mono"
              value={websiteKey}
              spellcheck={false}
              onInput={(event) => setWebsiteKey(event.currentTarget.value)}
            />
          )}
        </Field>
        <div class="pair">
          <Field label="Page action" path="task.pageAction" errors={errors}>
            {(props) => (
              <input {...props} value={pageAction} onInput={(event) => setPageAction(event.currentTarget.value)} />
            )}
          </Field>
          <Field label="Time limit in seconds" path="timeoutSeconds" errors={errors} error={timeoutError}>
            {(props) => (
              <input
                {...props}
                inputMode="numeric"
                value={timeout}
                onInput={(event) => setTimeoutText(event.currentTarget.value)}
              />
            )}
          </Field>
        </div>
        <Field
          label="Reference"
          path="reference"
          errors={errors}
          hint="Optional: your own name for the task, such as order-1042."
        >
          {(props) => (
            <input {...props} value={reference} onInput={(event) => setReference(event.currentTarget.value)} />
          )}
        </Field>
        <Field
          label="Webhook URL"
          path="webhookUrl"
          errors={errors}
          hint="Optional: by default your endpoint, if one is set."
        >
          {(props) => (
            <input
              {...props}
              type="url"
              value={webhookUrl}
              onInput={(event) => setWebhookUrl(event.currentTarget.value)}
            />
          )}
        </Field>
        {create.failure === null ? null : <FailureNotice failure={create.failure} />}
        <div class="row">
          <Button kind="primary" type="submit" busy={create.busy}>
            Create task
          </Button>
          <CopyButton text={curlOf(body)} what="the call as curl" word="Copy as curl" />
        </div>
      </form>
    </section>
  );
}

/** The same call for a terminal. The key is a variable, because copied text ends up in chats and tickets. */
function curlOf(body: NewTask): string {
  const quoted = JSON.stringify(body, null, 2).replaceAll("'", "'\\''");
  return [
    `curl -s ${location.origin}/v1/tasks \\`,
    `  -H "Authorization: Bearer $SOLVEGATE_KEY" \\`,
    `  -H "Content-Type: application/json" -H "Prefer: wait=30" \\`,
    `  -d '${quoted}'`,
  ].join("\n");
}

/** The task as it runs. */
function RunningTask({ id }: { readonly id: string }) {
  const { value, failure, nextAt, refresh } = useTaskWithEvents(id);
  return (
    <>
      {failure === null ? null : <FailureNotice failure={failure} nextAt={nextAt} retry={refresh} />}
      {value === null ? (
        failure === null && <Skeleton lines={6} />
      ) : (
        <>
          <Outcome task={value.task} />
          <Timeline task={value.task} events={value.events} />
        </>
      )}
    </>
  );
}

function Outcome({ task }: { readonly task: Task }) {
  const { can } = useTenant();
  useStatusAnnouncement(task.status);
  return (
    <>
      <div class="bar">
        <h2>
          The task <StatusBadge status={task.status} />
        </h2>
        {can("tasks:read") ? (
          <a class="button plain small" href={hashOf({ view: "task", id: task.id })}>
            Open the task
          </a>
        ) : null}
      </div>
      <ErrorNotice task={task} />
      <WaitingNotice task={task} />
      <Summary task={task} />
      {task.solution === null ? null : <SolutionCard task={task} />}
    </>
  );
}
