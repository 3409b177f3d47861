// What is known of a task, card by card: the figures at a glance, why it failed, the request, the solution, the webhook, the metadata.
// Shows and never asks.

import type { ComponentChildren } from "preact";
import { isFinal } from "../../tasks/status.ts";
import type { Task } from "../api/answers.ts";
import { explainTask } from "../api/explanations.ts";
import { useNow } from "../ui/clock.ts";
import { Card, CopyButton, Notice, Secret } from "../ui/controls.tsx";
import { age, count, countdown, duration, moment } from "../ui/formats.ts";
import { WebhookBadge, webhookStateOf } from "./task-badges.tsx";

interface TaskProps {
  readonly task: Task;
}

const ms = (time: string): number => Date.parse(time);

/** The figures at a glance. */
export function Summary({ task }: TaskProps) {
  const now = useNow(1_000);
  const end = task.finishedAt === null ? now : ms(task.finishedAt);
  const solve = task.submittedAt === null ? null : end - ms(task.submittedAt);
  const ended = isFinal(task.status);
  return (
    <dl class="figures">
      <Figure name="Site" title={hostOf(task.task.websiteURL)}>
        <span class="clamped">{hostOf(task.task.websiteURL)}</span>
      </Figure>
      <Figure name="Created" title={moment(ms(task.createdAt))}>
        {agoWords(ms(task.createdAt), now)}
      </Figure>
      <Figure name={task.status === "ready" ? "Solve time" : "With the upstream"}>
        {solve === null ? "Never" : duration(Math.max(solve, 0))}
      </Figure>
      {ended ? (
        <Figure name="Total time">{duration(end - ms(task.createdAt))}</Figure>
      ) : (
        <Figure name="Deadline in" title={moment(ms(task.deadlineAt))}>
          {countdown(ms(task.deadlineAt) - now)}
        </Figure>
      )}
      <Figure name="Polls">{count(task.polls)}</Figure>
      <Figure name="Submissions">{count(task.submissions)}</Figure>
    </dl>
  );
}

const agoWords = (at: number, now: number): string => {
  const words = age(at, now);
  return words === "now" ? "Just now" : `${words} ago`;
};

function Figure({
  name,
  title,
  children,
}: {
  readonly name: string;
  readonly title?: string;
  readonly children: ComponentChildren;
}) {
  return (
    <div class="figure" title={title}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function hostOf(url: string): string {
  return URL.parse(url)?.host ?? url;
}

/** Why the task failed, and what to do; nothing for one that did not. */
export function ErrorCard({ task: { error } }: TaskProps) {
  if (error === null) return null;
  const explanation = explainTask(error.code);
  return (
    <Notice tone="bad" title={explanation?.what ?? error.message}>
      {explanation === null ? null : <p>{explanation.next}</p>}
      <p class="error-facts">
        <code>{error.code}</code>
        {error.upstreamCode === undefined ? null : (
          <>
            {" "}
            · upstream <code>{error.upstreamCode}</code>
          </>
        )}{" "}
        · {error.message}
      </p>
    </Notice>
  );
}

/** A name and its value; long values wrap. */
function Fact({
  name,
  copy,
  mono,
  children,
}: {
  readonly name: string;
  readonly copy?: string;
  readonly mono?: boolean;
  readonly children: ComponentChildren;
}) {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>
        <span class={mono === true ? "mono" : undefined}>{children}</span>
        {copy === undefined ? null : <CopyButton text={copy} what={name} />}
      </dd>
    </div>
  );
}

export function RequestCard({ task: { task } }: TaskProps) {
  return (
    <Card title="Request">
      <dl class="facts">
        <Fact name="websiteURL" copy={task.websiteURL} mono>
          {task.websiteURL}
        </Fact>
        <Fact name="websiteKey" copy={task.websiteKey} mono>
          {task.websiteKey}
        </Fact>
        <Fact name="pageAction" mono>
          {task.pageAction}
        </Fact>
        {task.websiteTitle === undefined ? null : (
          <Fact name="websiteTitle" mono>
            {task.websiteTitle}
          </Fact>
        )}
        {task.checkField === undefined ? null : (
          <Fact name="checkField" mono>
            {task.checkField}
          </Fact>
        )}
        <Fact name="type" mono>
          {task.type}
        </Fact>
      </dl>
    </Card>
  );
}

export function MetadataCard({ task: { metadata } }: TaskProps) {
  const entries = Object.entries(metadata);
  return (
    <Card title="Metadata">
      {entries.length === 0 ? (
        <p class="quiet">None. What you send as metadata with a task, such as your order's number, stands here.</p>
      ) : (
        <dl class="facts">
          {entries.map(([name, value]) => (
            <Fact key={name} name={name} copy={value} mono>
              {value}
            </Fact>
          ))}
        </dl>
      )}
    </Card>
  );
}

export function WebhookCard({ task }: TaskProps) {
  const { webhook } = task;
  const now = useNow(1_000);
  if (webhook === null) {
    return (
      <Card title="Webhook">
        <p class="quiet">
          {isFinal(task.status)
            ? "None was sent: the task named no address, and your tenant had no endpoint."
            : "The task names no address. When it ends, its webhook goes to your tenant's endpoint, if one is set."}
        </p>
      </Card>
    );
  }
  const next = webhook.nextAttemptAt === null ? null : ms(webhook.nextAttemptAt);
  return (
    <Card title="Webhook">
      <dl class="facts">
        <Fact name="Address" copy={webhook.url} mono>
          {webhook.url}
        </Fact>
        <Fact name="State">{<WebhookBadge state={webhookStateOf(task)} />}</Fact>
        <Fact name="Attempts">{count(webhook.attempts)}</Fact>
        <Fact name="Last status">
          {webhook.lastStatus === null
            ? webhook.attempts === 0
              ? "None yet"
              : "No answer"
            : `HTTP ${webhook.lastStatus}`}
        </Fact>
        {next === null ? null : (
          <Fact name="Next attempt">
            <time dateTime={webhook.nextAttemptAt ?? ""} title={moment(next)}>
              {next > now ? `In ${countdown(next - now)}` : "Now"}
            </time>
          </Fact>
        )}
      </dl>
    </Card>
  );
}

const GONE: Readonly<Record<Exclude<Task["solutionState"], "available">, string>> = {
  none: "There is none.",
  claimed: "It was claimed: handed out once, and erased as it was.",
  expired: "It expired 120 seconds after the last moment at which it did not exist yet, and was erased.",
};

export function SolutionCard({ task }: TaskProps) {
  const { solution, solutionState, solutionExpiresAt, solutionBestBefore } = task;
  const now = useNow(solutionState === "available" ? 1_000 : null);
  if (solutionState !== "available" || solution === null) {
    return (
      <Card title="Solution">
        <p class="quiet">{solutionState === "available" ? "It is not shown to this key." : goneWords(task)}</p>
      </Card>
    );
  }
  const left = solutionExpiresAt === null ? null : ms(solutionExpiresAt) - now;
  const best = solutionBestBefore === null ? null : ms(solutionBestBefore) - now;
  return (
    <Card title="Solution">
      <Secret text={solution.gRecaptchaResponse} what="gRecaptchaResponse" />
      <dl class="facts">
        {left === null ? null : (
          <Fact name="Life left">
            {left > 0 ? countdown(left) : "None: it is being erased"}
            {left > 0 && best !== null ? (
              <span class="quiet">{best > 0 ? `, best used within ${countdown(best)}` : ", past its best"}</span>
            ) : null}
          </Fact>
        )}
        <Fact name="user-agent" copy={solution.userAgent} mono>
          {solution.userAgent}
        </Fact>
        <Fact name="sec-ch-ua" copy={solution.secChUa} mono>
          {solution.secChUa}
        </Fact>
      </dl>
      <p class="hint">A site takes a token once. Looking at it here does not use it up.</p>
    </Card>
  );
}

function goneWords({ status, solutionState }: Task): string {
  if (!isFinal(status)) return "Not yet: the task is running.";
  return solutionState === "available" ? "" : GONE[solutionState];
}
