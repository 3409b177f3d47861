// Try it: a form that makes a test task, and the task as it runs. With a live key it explains and offers nothing: a trial must not
// spend money. What the gateway refuses is told beside the field that it names.

import { useRef, useState } from "preact/hooks";
import type { Task } from "../api/answers.ts";
import type { NewTask } from "../api/api.ts";
import { useLive } from "../refresh/watch.ts";
import { hashOf } from "../route.ts";
import { useAction, useSession } from "../session/session.ts";
import { useStatusNews } from "../ui/announcer.tsx";
import { Button, CopyButton, Empty, FailureNotice, Field, Heading, Skeleton } from "../ui/controls.tsx";
import { useDraft } from "../ui/drafts.ts";
import { EXAMPLE, SCENARIOS } from "./scenarios.ts";
import { StatusBadge } from "./task-badges.tsx";
import { ErrorCard, SolutionCard, Summary } from "./task-cards.tsx";
import type { TaskWithEvents } from "./task-with-events.ts";
import { readTaskWithEvents, refreshPolicyOf } from "./task-with-events.ts";
import { Timeline } from "./timeline.tsx";

/** A key that cannot read tasks is told the end by the submission's own answer, held this long (s). */
const HOLD_S = 60;

export function TryView() {
  const { me } = useSession();
  return (
    <>
      <Heading>Try it</Heading>
      {me.mode === "live" ? <NeedsTestKey /> : <Trial />}
    </>
  );
}

function NeedsTestKey() {
  const { end } = useSession();
  return (
    <Empty title="This needs a test key">
      <p>
        You are signed in with a live key: a task made with it goes to the upstream and is paid for. Test keys go to the
        sandbox inside the gateway, behave the same and cost nothing. Sign in with one, or ask whoever manages your keys
        for one.
      </p>
      <p>
        <Button kind="primary" onClick={() => end("Sign in with a test key: it begins with sg_test_.")}>
          Use a test key
        </Button>
      </p>
    </Empty>
  );
}

function Trial() {
  const { can } = useSession();
  const [task, setTask] = useState<Task | null>(null);
  return (
    <div class="trial">
      <TrialForm onTask={setTask} />
      <div class="stack">
        {task === null ? (
          <Empty title="Nothing has run yet">
            <p>Choose what the sandbox shall play, and make the task: it is shown here as it runs.</p>
          </Empty>
        ) : can("tasks:read") ? (
          <Run key={task.id} id={task.id} />
        ) : (
          <Outcome task={task} />
        )}
      </div>
    </div>
  );
}

function TrialForm({ onTask }: { onTask(task: Task): void }) {
  const { api, can } = useSession();
  const [websiteURL, setWebsiteURL] = useDraft("try.websiteURL", EXAMPLE.websiteURL);
  const [websiteKey, setWebsiteKey] = useDraft("try.websiteKey", EXAMPLE.websiteKey);
  const [pageAction, setPageAction] = useDraft("try.pageAction", EXAMPLE.pageAction);
  const [websiteTitle, setWebsiteTitle] = useDraft("try.websiteTitle", EXAMPLE.websiteTitle);
  const [webhookUrl, setWebhookUrl] = useDraft("try.webhookUrl", "");
  const [timeout, setTimeoutText] = useDraft("try.timeoutSeconds", "60");
  const make = useAction((body: NewTask, key: string) => api.createTask(body, key, can("tasks:read") ? 0 : HOLD_S));
  const errors = make.failure?.errors ?? [];
  const scenario = SCENARIOS.find((one) => one.websiteKey === websiteKey);

  const body: NewTask = {
    task: {
      type: "RecaptchaV3TaskProxyless",
      websiteURL: websiteURL.trim(),
      websiteKey: websiteKey.trim(),
      pageAction: pageAction.trim(),
      ...(websiteTitle.trim() === "" ? {} : { websiteTitle: websiteTitle.trim() }),
    },
    ...(webhookUrl.trim() === "" ? {} : { webhookUrl: webhookUrl.trim() }),
    ...(timeout.trim() === "" ? {} : { timeoutSeconds: Number(timeout) }),
  };
  const idempotencyKey = useIdempotencyKey(JSON.stringify(body));

  const submit = async () => {
    const task = await make.run(body, idempotencyKey.current());
    if (task === null) return;
    idempotencyKey.used();
    onTask(task);
  };

  return (
    <section class="card" aria-labelledby="trial-title">
      <h2 id="trial-title">A test task</h2>
      <form
        class="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Field label="What the sandbox plays" hint={scenario?.hint ?? "As your site key asks."}>
          {(props) => (
            <select {...props} value={websiteKey} onChange={(event) => setWebsiteKey(event.currentTarget.value)}>
              {SCENARIOS.map(({ websiteKey: key, name }) => (
                <option key={key} value={key}>
                  {name}
                </option>
              ))}
              {scenario === undefined ? <option value={websiteKey}>A site key of your own</option> : null}
            </select>
          )}
        </Field>
        <Field
          label="Website URL"
          path="task.websiteURL"
          errors={errors}
          hint="Its host must be on your tenant's list."
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
          <Field label="Deadline in seconds" path="timeoutSeconds" errors={errors}>
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
        <Field label="Website title" path="task.websiteTitle" errors={errors} hint="Optional.">
          {(props) => (
            <input {...props} value={websiteTitle} onInput={(event) => setWebsiteTitle(event.currentTarget.value)} />
          )}
        </Field>
        <Field
          label="Webhook URL"
          path="webhookUrl"
          errors={errors}
          hint="Optional: your tenant's endpoint where it is left empty."
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
        {make.failure === null ? null : <FailureNotice failure={make.failure} />}
        <div class="row">
          <Button kind="primary" type="submit" busy={make.busy}>
            Make the task
          </Button>
          <CopyButton text={curlOf(body)} what="the call as curl" word="Copy as curl" />
        </div>
      </form>
    </section>
  );
}

/**
 * A key that repeats of the same body share until one was answered: a second click after a lost answer makes no second task. Another
 * body gets another key.
 */
function useIdempotencyKey(body: string) {
  const kept = useRef<{ readonly body: string; readonly key: string } | null>(null);
  return {
    current: (): string => {
      if (kept.current?.body !== body) kept.current = { body, key: `console-${randomHex()}` };
      return kept.current.key;
    },
    used: () => {
      kept.current = null;
    },
  };
}

function randomHex(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The same call for a terminal. The key stays a variable: what is copied ends up in chats and tickets. */
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
function Run({ id }: { readonly id: string }) {
  const { api } = useSession();
  const live = useLive<TaskWithEvents>(id, (signal) => readTaskWithEvents(api, id, signal), refreshPolicyOf);
  const { value, failure, nextAt, refresh } = live;
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
  const { can } = useSession();
  useStatusNews(task.status);
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
      <ErrorCard task={task} />
      <Summary task={task} />
      {task.solution === null ? null : <SolutionCard task={task} />}
    </>
  );
}
