// The overview: how the last days went. Success rate, failures by code, solve times, tasks per day; plotted, and as a table. Refuses to
// merge what cannot be merged: the days' percentiles are shown by day, and their middle is called that.

import { useMemo, useState } from "preact/hooks";
import type { UsageDay } from "../api/answers.ts";
import { explainTask } from "../api/explanations.ts";
import type { RefreshPolicy } from "../refresh/watch.ts";
import { useLive } from "../refresh/watch.ts";
import { useSession } from "../session/session.ts";
import { Button, Empty, FailureNotice, Heading, Skeleton } from "../ui/controls.tsx";
import { count, duration, percent, plural, shortDay } from "../ui/formats.ts";
import { PlotFigure } from "./plot-figure.tsx";
import type { Month } from "./usage-totals.ts";
import { failedOf, monthOf, successRateOf, unfinishedOf } from "./usage-totals.ts";

/** A month's counts change slowly and cost the gateway a walk through the ledger: asked for once a minute (ms). */
const EVERY_MS = 60_000;

const refreshPolicyOf = (_value: unknown, now: number): RefreshPolicy => ({
  running: false,
  nextChangeAt: now + EVERY_MS,
  settled: false,
});

const SPANS = [7, 30] as const;

export function OverviewView() {
  const { api, me } = useSession();
  const live = useLive("usage", (signal) => api.usage(signal), refreshPolicyOf);
  const [span, setSpan] = useState<(typeof SPANS)[number]>(30);
  const { value, failure, nextAt, refresh } = live;
  const days = useMemo(() => value?.days.slice(-span) ?? [], [value, span]);
  return (
    <>
      <Heading
        aside={
          <fieldset class="choice">
            <legend class="visually-hidden">Days shown</legend>
            {SPANS.map((one) => (
              <button key={one} type="button" aria-pressed={one === span} onClick={() => setSpan(one)}>
                {one} days
              </button>
            ))}
          </fieldset>
        }
      >
        Overview
      </Heading>
      <p class="lead">
        {me.mode === "test" ? "Test tasks" : "Live tasks"} of your tenant, by the day (UTC) on which they were made.
      </p>
      {failure === null ? null : (
        <FailureNotice failure={failure} nextAt={failure.tag === "refused" ? null : nextAt} retry={refresh} />
      )}
      {value === null ? failure === null && <Skeleton lines={8} /> : <Days days={days} span={span} />}
    </>
  );
}

function Days({ days, span }: { readonly days: readonly UsageDay[]; readonly span: number }) {
  const month = useMemo(() => monthOf(days), [days]);
  if (month.submitted === 0) {
    return (
      <Empty title={`No tasks in the last ${span} days`}>
        <p>Make one, and its outcome is counted here.</p>
        <p>
          <a class="button primary" href="#/try">
            Try it
          </a>
        </p>
      </Empty>
    );
  }
  return (
    <>
      <Figures month={month} />
      <PlotFigure kind="tasks" days={days} />
      <div class="columns">
        <PlotFigure kind="success" days={days} />
        <PlotFigure kind="solve" days={days} />
      </div>
      <FailuresCard month={month} />
      <DayTable days={days} />
    </>
  );
}

function Figures({ month }: { readonly month: Month }) {
  const { successRate, solveMs, solvedDays } = month;
  const over = `Median of ${plural(solvedDays, "day", "days")}`;
  const figures: readonly (readonly [name: string, value: string, more: string])[] = [
    [
      "Tasks",
      count(month.submitted),
      month.unfinished === 0 ? "All finished" : `${count(month.unfinished)} not finished`,
    ],
    ["Success rate", successRate === null ? "–" : percent(successRate), `${count(month.ready)} ready`],
    ["Failed", count(month.failed), month.canceled === 0 ? "None canceled" : `${count(month.canceled)} canceled`],
    [
      "Solve time p50",
      solveMs.p50 === null ? "–" : duration(solveMs.p50),
      solveMs.p50 === null ? "Nothing solved" : over,
    ],
    [
      "Solve time p95",
      solveMs.p95 === null ? "–" : duration(solveMs.p95),
      solveMs.p95 === null ? "Nothing solved" : over,
    ],
  ];
  return (
    <dl class="figures five">
      {figures.map(([name, value, more]) => (
        <div key={name} class="figure">
          <dt>{name}</dt>
          <dd class="large">{value}</dd>
          <dd class="more">{more}</dd>
        </div>
      ))}
    </dl>
  );
}

function FailuresCard({ month }: { readonly month: Month }) {
  return (
    <section class="card">
      <h2>Failures by code</h2>
      {month.failures.length === 0 ? (
        <p class="quiet">None.</p>
      ) : (
        <table class="table failures">
          <caption class="visually-hidden">Failures by code, the most frequent first</caption>
          <thead>
            <tr>
              <th scope="col">Code</th>
              <th scope="col" class="number">
                Tasks
              </th>
              <th scope="col" class="number">
                Share
              </th>
              <th scope="col">What it means</th>
            </tr>
          </thead>
          <tbody>
            {month.failures.map(({ code, n, share }) => (
              <tr key={code}>
                <th scope="row">
                  <code>{code}</code>
                  <span class="share" aria-hidden="true">
                    <span style={{ width: `${share * 100}%` }} />
                  </span>
                </th>
                <td class="number">{count(n)}</td>
                <td class="number">{percent(share)}</td>
                <td class="cell-meaning">{explainTask(code)?.what ?? ""}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

/** The numbers of the plots, for those who read or copy them. */
function DayTable({ days }: { readonly days: readonly UsageDay[] }) {
  const [open, setOpen] = useState(false);
  return (
    <section class="card">
      <div class="bar">
        <h2>Table of days</h2>
        <Button small onClick={() => setOpen(!open)}>
          {open ? "Hide the table" : "Show the table"}
        </Button>
      </div>
      {open ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must take the focus, or no keyboard can scroll it
        <section class="scroll" tabIndex={0} aria-label="Table of days, scrolls sideways">
          <table class="table days">
            <caption class="visually-hidden">Each day, newest first</caption>
            <thead>
              <tr>
                <th scope="col">Day</th>
                {["Submitted", "Ready", "Failed", "Canceled", "Not finished", "Success", "p50", "p95"].map((name) => (
                  <th key={name} scope="col" class="number">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {days.toReversed().map((day) => (
                <DayRow key={day.day} day={day} />
              ))}
            </tbody>
          </table>
        </section>
      ) : null}
    </section>
  );
}

function DayRow({ day }: { readonly day: UsageDay }) {
  const rate = successRateOf(day.ready, failedOf(day));
  const { p50, p95 } = day.solveMs;
  const cells = [
    count(day.submitted),
    count(day.ready),
    count(failedOf(day)),
    count(day.canceled),
    count(unfinishedOf(day)),
    rate === null ? "–" : percent(rate),
    p50 === null ? "–" : duration(p50),
    p95 === null ? "–" : duration(p95),
  ];
  return (
    <tr>
      <th scope="row">{shortDay(day.day)}</th>
      {cells.map((cell, index) => (
        <td key={index} class="number">
          {cell}
        </td>
      ))}
    </tr>
  );
}
