// A task's webhook: where it goes, its state, and each attempt with the response of the receiver.

import type { Task, TimelineEntry } from "../../client/index.ts";
import { isFinal } from "../../tasks/status.ts";
import { useNow } from "../ui/clock.ts";
import { count, countdown, duration, moment, offset } from "../ui/formats.ts";
import { Card, Fact } from "../ui/surfaces.tsx";
import { Table } from "../ui/table.tsx";
import { WebhookBadge } from "./task-status.tsx";
import { isWebhookAttempt, resultOf, toneOf } from "./timeline-rows.ts";

interface WebhookCardProps {
  readonly task: Task;
  readonly events: readonly TimelineEntry[];
}

export function WebhookCard({ task, events }: WebhookCardProps) {
  const { webhook, finishedAt } = task;
  const now = useNow(1_000);
  const attempts = events.filter(isWebhookAttempt);
  const next = webhook?.nextAttemptAt == null ? null : Date.parse(webhook.nextAttemptAt);
  return (
    <Card title="Webhook">
      {webhook === null ? (
        <p class="quiet">
          {isFinal(task.status)
            ? "None: the task has no webhook URL, and no endpoint was set when it ended."
            : "When the task ends, its webhook goes to your endpoint, if one is set."}
        </p>
      ) : (
        <dl class="facts">
          <Fact name="URL" copy={webhook.url} mono>
            {webhook.url}
          </Fact>
          <Fact name="State">
            <WebhookBadge state={webhook.state} />
          </Fact>
          <Fact name="Attempts">{count(webhook.attempts)}</Fact>
          {next === null || !isFinal(task.status) ? null : (
            <Fact name="Next attempt">
              <time dateTime={webhook.nextAttemptAt ?? ""} title={moment(next)}>
                {next > now ? `In ${countdown(next - now)}` : "Now"}
              </time>
            </Fact>
          )}
        </dl>
      )}
      {attempts.length === 0 || finishedAt === null ? null : (
        <AttemptTable attempts={attempts} finishedAt={Date.parse(finishedAt)} />
      )}
    </Card>
  );
}

interface AttemptTableProps {
  readonly attempts: readonly TimelineEntry[];
  /** ms since the epoch. */
  readonly finishedAt: number;
}

function AttemptTable({ attempts, finishedAt }: AttemptTableProps) {
  return (
    <Table
      class="attempts"
      caption="Webhook attempts, oldest first"
      rows={attempts}
      columns={[
        {
          name: "After the end",
          class: "cell-offset",
          cell: ({ at }) => <span title={moment(Date.parse(at))}>{offset(Date.parse(at) - finishedAt)}</span>,
        },
        {
          name: "Response",
          class: "cell-event",
          cell: (attempt) => (
            <>
              <span class={`dot ${toneOf(attempt)}`} aria-hidden="true" />
              {resultOf(attempt)}
              <ResponseBody body={attempt.responseBody ?? ""} />
            </>
          ),
        },
        {
          name: "Took",
          number: true,
          cell: ({ durationMs }) => (durationMs === undefined ? "" : duration(durationMs)),
        },
      ]}
    />
  );
}

/** The API keeps this many characters of a response. */
const KEPT_CHARACTERS = 256;

function ResponseBody({ body }: { readonly body: string }) {
  if (body === "") return null;
  return (
    <code class="response-body">
      {body}
      {body.length >= KEPT_CHARACTERS ? <span class="quiet"> (first {KEPT_CHARACTERS} characters)</span> : null}
    </code>
  );
}
