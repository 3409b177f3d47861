// What is known of a task, card by card: figures, notices, the request, the solution, metadata and the raw JSON.

import { explainTask } from "../api/explanations.ts";
import type { Solution, Task, TimelineEntry } from "../api/wire.ts";
import { useNow } from "../ui/clock.ts";
import { CopyButton, Notice, Secret } from "../ui/controls.tsx";
import { age, count, countdown, duration, moment } from "../ui/formats.ts";
import { Card, Fact, Figure } from "../ui/surfaces.tsx";
import { isFinal, waitingSentence } from "./task-status.tsx";

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
        {agoWords(ms(task.createdAt), now)}
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

const agoWords = (at: number, now: number): string => {
  const words = age(at, now);
  return words === "now" ? "Just now" : `${words} ago`;
};

/** What holds a task that is not with the upstream yet. */
export function WaitingNotice({ task }: TaskProps) {
  const sentence = waitingSentence(task);
  if (sentence === null) return null;
  return (
    <Notice tone={task.waitingFor === "upstream" ? "warn" : "plain"} title={sentence}>
      <p>
        {task.waitingFor === "upstream"
          ? "The gateway submits it as soon as an account works again. Otherwise it fails at its deadline, without a charge."
          : "It is submitted when one of them ends. Otherwise it fails at its deadline, without a charge."}
      </p>
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
  return (
    <Card title="Request">
      <dl class="facts">
        {task.reference == null ? null : (
          <Fact name="reference" copy={task.reference} mono>
            {task.reference}
          </Fact>
        )}
        <Fact name="websiteURL" copy={websiteURL} mono>
          {websiteURL}
        </Fact>
        <Fact name="websiteKey" copy={websiteKey} mono>
          {websiteKey}
        </Fact>
        <Fact name="pageAction" mono>
          {pageAction}
        </Fact>
        {websiteTitle === undefined ? null : (
          <Fact name="websiteTitle" mono>
            {websiteTitle}
          </Fact>
        )}
        {checkField === undefined ? null : (
          <Fact name="checkField" mono>
            {checkField}
          </Fact>
        )}
        {isInvisible ? null : (
          <Fact name="isInvisible" mono>
            false
          </Fact>
        )}
        <Fact name="type" mono>
          {type}
        </Fact>
        {task.compatTaskId == null ? null : (
          <Fact name="compatTaskId" copy={String(task.compatTaskId)} mono>
            {task.compatTaskId}
          </Fact>
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
        <p class="quiet">None. Metadata that you send with a task is shown here.</p>
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
              <span class="quiet">{best > 0 ? `, best used within ${countdown(best)}` : ", past its best"}</span>
            ) : null}
          </Fact>
        )}
        <Cookies solution={solution} />
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

/** The cookies to send with the token, one fact each. */
function Cookies({ solution: { cookies } }: { readonly solution: Solution }) {
  const entries = Object.entries(cookies ?? {});
  if (entries.length === 0) return null;
  return (
    <>
      {entries.map(([name, value]) => (
        <Fact key={name} name={`Cookie ${name}`} copy={`${name}=${value}`} mono>
          {value}
        </Fact>
      ))}
    </>
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
    <details class="card raw">
      <summary>
        <h2>Raw JSON</h2>
      </summary>
      <div class="row">
        <CopyButton text={text} what="the JSON" word="Copy JSON" />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region needs the focus to be scrolled by keyboard */}
      <pre class="json" tabIndex={0}>
        {text}
      </pre>
    </details>
  );
}
