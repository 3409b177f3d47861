// A task's webhook: where it goes, its state, and each attempt with the response of the receiver.

import { Fragment } from "preact";
import type { Task, TimelineEntry } from "../api/wire.ts";
import { useNow } from "../ui/clock.ts";
import { count, countdown, duration, moment, offset } from "../ui/formats.ts";
import { Card, Fact } from "../ui/surfaces.tsx";
import { isFinal, WebhookBadge } from "./task-status.tsx";
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
            ? "No webhook: the task named no URL, and there was no endpoint when it ended."
            : "The task names no URL. When it ends, its webhook goes to your endpoint, if one is set."}
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
    <table class="table attempts">
      <caption class="visually-hidden">Webhook attempts, oldest first</caption>
      <thead>
        <tr>
          <th scope="col">After the end</th>
          <th scope="col">Response</th>
          <th scope="col" class="number">
            Took
          </th>
        </tr>
      </thead>
      <tbody>
        {attempts.map((attempt, index) => (
          <Fragment key={index}>
            <tr class={hasBody(attempt) ? "with-body" : undefined}>
              <td class="cell-offset" title={moment(Date.parse(attempt.at))}>
                {offset(Date.parse(attempt.at) - finishedAt)}
              </td>
              <td class="cell-event">
                <span class={`dot ${toneOf(attempt)}`} aria-hidden="true" />
                {resultOf(attempt)}
              </td>
              <td class="number">{attempt.durationMs === undefined ? "" : duration(attempt.durationMs)}</td>
            </tr>
            {hasBody(attempt) ? (
              <tr>
                <td colSpan={3}>
                  <ResponseBody body={attempt.responseBody ?? ""} />
                </td>
              </tr>
            ) : null}
          </Fragment>
        ))}
      </tbody>
    </table>
  );
}

/** The API keeps this many characters of a response. */
const KEPT_CHARACTERS = 256;

const hasBody = ({ responseBody }: TimelineEntry): boolean => responseBody != null && responseBody !== "";

function ResponseBody({ body }: { readonly body: string }) {
  return (
    <code class="response-body">
      {body}
      {body.length >= KEPT_CHARACTERS ? <span class="quiet"> (first {KEPT_CHARACTERS} characters)</span> : null}
    </code>
  );
}
