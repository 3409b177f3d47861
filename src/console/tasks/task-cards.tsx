// The parts of a task page: figures, notices, the request, the solution, metadata and the raw JSON.

import type { Task, TimelineEntry } from "../../client/index.ts";
import { isFinal } from "../../tasks/status.ts";
import { explainTask } from "../api/explanations.ts";
import { useNow } from "../ui/clock.ts";
import { CopyButton, Notice, Secret } from "../ui/controls.tsx";
import { ago, count, countdown, duration, moment } from "../ui/formats.ts";
import { Card, Disclosure, Fact, Figure } from "../ui/surfaces.tsx";
import { Scroll } from "../ui/table.tsx";
import { waitingText } from "./submission-texts.ts";

interface TaskProps {
  readonly task: Task;
}

const ms = (time: string): number => Date.parse(time);

/** The most important figures. */
export function Summary({ task }: TaskProps) {
  const now = useNow(1_000);
  const end = task.finishedAt === null ? now : ms(task.finishedAt);
  const solve = task.submittedAt === null ? null : end - ms(task.submittedAt);
  const ended = isFinal(task.status);
  const host = URL.parse(task.task.websiteURL)?.host ?? task.task.websiteURL;
  return (
    <dl class="figures">
      <Figure name="Website" title={host} wide>
        <span class="clamped">{host}</span>
      </Figure>
      <Figure name="Created" title={moment(ms(task.createdAt))}>
        {ago(ms(task.createdAt), now).replace("just", "Just")}
      </Figure>
      {solve === null ? null : (
        <Figure name={task.status === "ready" ? "Solve time" : "With the upstream"}>
          {duration(Math.max(solve, 0))}
        </Figure>
      )}
      {ended ? (
        <Figure name="Total time">{duration(end - ms(task.createdAt))}</Figure>
      ) : (
        <Figure name="Deadline in" title={moment(ms(task.deadlineAt))}>
          {countdown(ms(task.deadlineAt) - now)}
        </Figure>
      )}
      {ended ? null : <NextStep task={task} now={now} />}
      <Figure name="Polls">{count(task.polls)}</Figure>
      <Figure name="Submissions">{count(task.submissions)}</Figure>
    </dl>
  );
}

/** What the gateway does next for a running task, and when. */
function NextStep({ task, now }: TaskProps & { readonly now: number }) {
  if (task.nextStepAt == null) return null;
  const name =
    task.status === "processing" ? "Next poll in" : task.waitingFor == null ? "Next step in" : "Next attempt in";
  const left = ms(task.nextStepAt) - now;
  return (
    <Figure name={name} title={moment(ms(task.nextStepAt))}>
      {left > 0 ? countdown(left) : "Now"}
    </Figure>
  );
}

/** Why a task waits. */
export function WaitingNotice({ task }: TaskProps) {
  const text = waitingText(task);
  if (text === null) return null;
  return (
    <Notice tone={task.waitingFor === "upstream" ? "warn" : "plain"} title={text.title}>
      <p>{text.detail}</p>
    </Notice>
  );
}

/** What happened to a failed task, and what to do. */
export function ErrorNotice({ task: { error } }: TaskProps) {
  if (error === null) return null;
  const next = explainTask(error.code)?.next;
  return (
    <Notice tone="bad" title={error.message}>
      {next === undefined ? null : <p>{next}</p>}
      <p class="error-facts">
        <code>{error.code}</code>
        {error.upstreamCode === undefined ? null : (
          <>
            {" "}
            · upstream code <code>{error.upstreamCode}</code>
          </>
        )}
      </p>
    </Notice>
  );
}

export function RequestCard({ task }: TaskProps) {
  const { type, websiteURL, websiteKey, pageAction, websiteTitle, checkField, isInvisible } = task.task;
  const facts: readonly (readonly [name: string, value: string | null | undefined, copied?: boolean])[] = [
    ["reference", task.reference, true],
    ["websiteURL", websiteURL, true],
    ["websiteKey", websiteKey, true],
    ["pageAction", pageAction],
    ["websiteTitle", websiteTitle],
    ["checkField", checkField],
    ["isInvisible", isInvisible ? null : "false"],
    ["type", type],
    ["compatTaskId", task.compatTaskId?.toString(), true],
  ];
  return (
    <Card title="Request">
      <dl class="facts">
        {facts.map(([name, value, copied]) =>
          value == null ? null : (
            <Fact key={name} name={name} copy={copied === true ? value : undefined} mono>
              {value}
            </Fact>
          ),
        )}
      </dl>
    </Card>
  );
}

export function MetadataCard({ task: { metadata } }: TaskProps) {
  const entries = Object.entries(metadata);
  return (
    <Card title="Metadata">
      {entries.length === 0 ? (
        <p class="quiet">None.</p>
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

export function SolutionCard({ task }: TaskProps) {
  const { solution, solutionState, solutionExpiresAt, solutionBestBefore } = task;
  const now = useNow(solutionState === "available" ? 1_000 : null);
  if (solutionState !== "available" || solution === null) {
    return (
      <Card title="Solution">
        <p class="quiet">{absentSolution(task)}</p>
      </Card>
    );
  }
  const left = solutionExpiresAt === null ? null : ms(solutionExpiresAt) - now;
  const best = solutionBestBefore === null ? null : ms(solutionBestBefore) - now;
  return (
    <Card
      title="Solution"
      aside={<CopyButton text={JSON.stringify(solution, null, 2)} what="the solution as JSON" word="Copy as JSON" />}
    >
      <Secret text={solution.gRecaptchaResponse} what="gRecaptchaResponse" />
      <dl class="facts">
        {left === null ? null : (
          <Fact name="Valid for">
            {left > 0 ? countdown(left) : "Expired; it is being deleted"}
            {left > 0 && best !== null ? (
              <span class="quiet">{best > 0 ? `, best used within ${countdown(best)}` : ", no longer fresh"}</span>
            ) : null}
          </Fact>
        )}
        {Object.entries(solution.cookies ?? {}).map(([name, value]) => (
          <Fact key={name} name={`Cookie ${name}`} copy={`${name}=${value}`} mono>
            {value}
          </Fact>
        ))}
        <Fact name="userAgent" copy={solution.userAgent} mono>
          {solution.userAgent}
        </Fact>
        <Fact name="secChUa" copy={solution.secChUa} mono>
          {solution.secChUa}
        </Fact>
      </dl>
      <p class="hint">A website accepts a token once. Viewing it here does not use it up.</p>
    </Card>
  );
}

function absentSolution({ status, solutionState }: Task): string {
  if (!isFinal(status)) return "Not yet: the task is running.";
  switch (solutionState) {
    case "claimed":
      return "Claimed: it was handed out once and deleted.";
    case "expired":
      return "Expired after 120 seconds and deleted.";
    case "available":
      return "This key may not see it.";
    default:
      return "None: the task ended without one.";
  }
}

/** The responses of the API, for a bug report or a test. */
export function RawCard({ task, events }: TaskProps & { readonly events: readonly TimelineEntry[] }) {
  const text = JSON.stringify({ task, events }, null, 2);
  return (
    <Disclosure title="Raw JSON">
      <div class="row">
        <CopyButton text={text} what="the JSON" word="Copy JSON" />
      </div>
      <Scroll label="Raw JSON" class="tall">
        <pre class="json">{text}</pre>
      </Scroll>
    </Disclosure>
  );
}
