// Try it: a form that creates a test task, and the task as it runs. With a live key there is no form, because its tasks are charged.

import { useState } from "preact/hooks";
import type { NewTask, Task } from "../../client/index.ts";
import { LOAD_ONCE, useWatch } from "../refresh/watch.ts";
import { hashOf } from "../route.ts";
import { useAction, useTenant } from "../session/session.ts";
import { useStatusAnnouncement } from "../ui/announcer.tsx";
import { Button, CopyButton, FailureNotice, Notice } from "../ui/controls.tsx";
import { useDraft } from "../ui/drafts.ts";
import { Form, SelectField, TextField, wholeNumberOf } from "../ui/form.tsx";
import { Loaded } from "../ui/loaded.tsx";
import { Card, Empty, Heading, Skeleton } from "../ui/surfaces.tsx";
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
        You are signed in with a live key, whose tasks go to the upstream and are charged. Tasks of a test key go to the
        gateway's sandbox and cost nothing.
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
  const { client, can } = useTenant();
  const [task, setTask] = useState<Task | null>(null);
  const account = useWatch("account", (signal) => client.account({ signal }), LOAD_ONCE);
  if (account.value === null && account.failure === null) return <Skeleton lines={8} />;
  // Where the account can't be read, the form starts with the example.
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
              <p>Create a test task to see here how it runs.</p>
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
  const { client, can } = useTenant();
  const [websiteURL, setWebsiteURL] = useDraft("try.websiteURL", website);
  const [websiteKey, setWebsiteKey] = useDraft("try.websiteKey", EXAMPLE.websiteKey);
  const [pageAction, setPageAction] = useDraft("try.pageAction", EXAMPLE.pageAction);
  const [reference, setReference] = useDraft("try.reference", "");
  const [webhookUrl, setWebhookUrl] = useDraft("try.webhookUrl", "");
  const [timeout, setTimeoutText] = useDraft("try.timeoutSeconds", "60");
  const [timeoutError, setTimeoutError] = useState<string | null>(null);
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
  const create = useAction(
    () => {
      const waitSeconds = can("tasks:read") ? 0 : LONG_POLL_S;
      return client.tasks.create(body, { idempotencyKey: idempotencyKey.current(), waitSeconds });
    },
    (task) => {
      idempotencyKey.used();
      onTask(task);
    },
  );
  const errors = create.failure?.errors ?? [];
  const submit = () => {
    const valid = timeoutSeconds !== null || timeout.trim() === "";
    setTimeoutError(valid ? null : "Enter a whole number of seconds.");
    if (valid) create.run();
  };

  return (
    <Card title="Test task">
      <Form onSubmit={submit}>
        <SelectField
          label="Scenario"
          hint={scenario?.hint ?? "What the sandbox does with this website key."}
          options={[
            ...SCENARIOS.map(({ websiteKey: value, name }) => ({ value, name })),
            ...(scenario === undefined ? [{ value: websiteKey, name: "Your own website key" }] : []),
          ]}
          value={websiteKey}
          onValue={setWebsiteKey}
        />
        <TextField
          label="Website URL"
          path="task.websiteURL"
          errors={errors}
          hint="Its host must be on your tenant's allow-list."
          type="url"
          value={websiteURL}
          onValue={setWebsiteURL}
        />
        <TextField
          label="Website key"
          path="task.websiteKey"
          errors={errors}
          code
          value={websiteKey}
          onValue={setWebsiteKey}
        />
        <div class="pair">
          <TextField
            label="Page action"
            path="task.pageAction"
            errors={errors}
            value={pageAction}
            onValue={setPageAction}
          />
          <TextField
            label="Time limit in seconds"
            path="timeoutSeconds"
            errors={errors}
            error={timeoutError}
            numeric
            value={timeout}
            onValue={setTimeoutText}
          />
        </div>
        <TextField
          label="Reference"
          path="reference"
          errors={errors}
          hint="Optional: your own name for the task, such as order-1042."
          value={reference}
          onValue={setReference}
        />
        <TextField
          label="Webhook URL"
          path="webhookUrl"
          errors={errors}
          hint="Optional: by default your endpoint, if one is set."
          type="url"
          value={webhookUrl}
          onValue={setWebhookUrl}
        />
        {create.failure === null ? null : <FailureNotice failure={create.failure} />}
        <div class="row">
          <Button kind="primary" type="submit" busy={create.busy}>
            Create task
          </Button>
          <CopyButton text={curlOf(body)} what="the call as curl" word="Copy as curl" />
        </div>
      </Form>
    </Card>
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

function RunningTask({ id }: { readonly id: string }) {
  return (
    <Loaded watched={useTaskWithEvents(id)} lines={6}>
      {({ task, events }) => (
        <>
          <Outcome task={task} />
          <Timeline task={task} events={events} />
        </>
      )}
    </Loaded>
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
