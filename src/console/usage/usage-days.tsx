// Usage of a tenant by day: figures, plots, failures by code, usage by key and a table. For the overview and for the operator's page of
// a tenant.

import { useMemo, useState } from "preact/hooks";
import { explainTask } from "../api/explanations.ts";
import type { UsageDay } from "../api/wire.ts";
import { Button } from "../ui/controls.tsx";
import { count, duration, middle, percent, plural, shortDay } from "../ui/formats.ts";
import { Card, Figure } from "../ui/surfaces.tsx";
import { PlotFigure } from "./plot-figure.tsx";
import type { PlotSpec } from "./plots.ts";
import type { KeyTotals, UsageTotals } from "./usage-totals.ts";
import { failedOf, keyTotalsOf, successRateOf, totalsOf, unfinishedOf } from "./usage-totals.ts";

interface UsageDaysProps {
  readonly days: readonly UsageDay[];
  /** Names of keys by their ids, as far as they are known. */
  readonly keyNames?: ReadonlyMap<string, string>;
}

export function UsageDays({ days, keyNames }: UsageDaysProps) {
  const totals = useMemo(() => totalsOf(days), [days]);
  const keys = useMemo(() => keyTotalsOf(days), [days]);
  const specs = useMemo(() => specsOf(days), [days]);
  const at = (index: number): UsageDay | undefined => days[index];
  return (
    <>
      <Figures totals={totals} />
      <PlotFigure
        title="Tasks per day"
        spec={specs.tasks}
        legend={[
          { color: "--draw-good", name: "Ready" },
          { color: "--draw-bad", name: "Failed" },
          { color: "--draw-quiet", name: "Canceled or running" },
        ]}
        describe={(index) => tasksSentence(at(index))}
      />
      <div class="columns">
        <PlotFigure
          title="Success rate"
          spec={specs.success}
          legend={[{ color: "--draw-good", name: "Ready among ready and failed" }]}
          describe={(index) => successSentence(at(index))}
        />
        <PlotFigure
          title="Solve time"
          spec={specs.solve}
          legend={[
            { color: "--draw-busy", name: "p50" },
            { color: "--draw-aging", name: "p95" },
          ]}
          describe={(index) => solveSentence(at(index))}
        />
      </div>
      <FailuresCard totals={totals} />
      {keys.length === 0 ? null : <KeysCard keys={keys} names={keyNames} />}
      <DayTable days={days} />
    </>
  );
}

function specsOf(usage: readonly UsageDay[]): Readonly<Record<"tasks" | "success" | "solve", PlotSpec>> {
  const days = usage.map(({ day }) => day);
  return {
    tasks: {
      shape: "bars",
      days,
      series: [
        { values: usage.map((day) => day.submitted), color: "--draw-quiet" },
        { values: usage.map((day) => day.ready + failedOf(day)), color: "--draw-bad" },
        { values: usage.map((day) => day.ready), color: "--draw-good" },
      ],
      top: (max) => Math.max(Math.ceil(max * 1.1), 4),
      format: (value) => (Number.isInteger(value) ? count(value) : ""),
    },
    success: {
      shape: "lines",
      days,
      series: [{ values: usage.map((day) => successRateOf(day.ready, failedOf(day))), color: "--draw-good" }],
      top: () => 1.04,
      format: (value) => (value <= 1 ? percent(value) : ""),
    },
    solve: {
      shape: "lines",
      days,
      series: [
        { values: usage.map((day) => day.solveMs.p50), color: "--draw-busy" },
        { values: usage.map((day) => day.solveMs.p95), color: "--draw-aging" },
      ],
      top: (max) => Math.max(max * 1.1, 1_000),
      format: (value) => `${value / 1_000} s`,
    },
  };
}

const tasksSentence = (day: UsageDay | undefined): string =>
  day === undefined
    ? ""
    : `${count(day.submitted)} submitted, ${count(day.ready)} ready, ${count(failedOf(day))} failed`;

function successSentence(day: UsageDay | undefined): string {
  const rate = day === undefined ? null : successRateOf(day.ready, failedOf(day));
  return rate === null ? "nothing finished" : percent(rate);
}

function solveSentence(day: UsageDay | undefined): string {
  const { p50, p95 } = day?.solveMs ?? { p50: null, p95: null };
  return p50 === null ? "nothing solved" : `p50 ${duration(p50)}, p95 ${p95 === null ? "none" : duration(p95)}`;
}

function Figures({ totals }: { readonly totals: UsageTotals }) {
  const { successRate, solveMs, solvedDays } = totals;
  const over = solvedDays === 0 ? "Nothing solved" : `Median of ${plural(solvedDays, "day", "days")}`;
  return (
    <dl class="figures">
      <Figure name="Tasks" more={totals.unfinished === 0 ? "All finished" : `${count(totals.unfinished)} not finished`}>
        {count(totals.submitted)}
      </Figure>
      <Figure name="Success rate" more={`${count(totals.ready)} ready`}>
        {successRate === null ? "–" : percent(successRate)}
      </Figure>
      <Figure name="Failed" more={totals.canceled === 0 ? "None canceled" : `${count(totals.canceled)} canceled`}>
        {count(totals.failed)}
      </Figure>
      <Figure name="Solve time p50" more={over}>
        {solveMs.p50 === null ? "–" : duration(solveMs.p50)}
      </Figure>
      <Figure name="Solve time p95" more={over}>
        {solveMs.p95 === null ? "–" : duration(solveMs.p95)}
      </Figure>
    </dl>
  );
}

function FailuresCard({ totals }: { readonly totals: UsageTotals }) {
  return (
    <Card title="Failures by code">
      {totals.failures.length === 0 ? (
        <p class="quiet">None.</p>
      ) : (
        <table class="table failures">
          <caption class="visually-hidden">Failures by code, most frequent first</caption>
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
            {totals.failures.map(({ code, n, share }) => (
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
    </Card>
  );
}

interface KeysCardProps {
  readonly keys: readonly KeyTotals[];
  readonly names: ReadonlyMap<string, string> | undefined;
}

function KeysCard({ keys, names }: KeysCardProps) {
  return (
    <Card title="Usage by key">
      <table class="table">
        <caption class="visually-hidden">Tasks by key, most tasks first</caption>
        <thead>
          <tr>
            <th scope="col">Key</th>
            <th scope="col" class="number">
              Submitted
            </th>
            <th scope="col" class="number">
              Ready
            </th>
          </tr>
        </thead>
        <tbody>
          {keys.map(({ keyId, submitted, ready }) => (
            <tr key={keyId}>
              <th scope="row">{names?.get(keyId) ?? <code title={keyId}>{middle(keyId, 10, 4)}</code>}</th>
              <td class="number">{count(submitted)}</td>
              <td class="number">{count(ready)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}

/** The numbers of the plots. */
function DayTable({ days }: { readonly days: readonly UsageDay[] }) {
  const [open, setOpen] = useState(false);
  const columns = ["Submitted", "Ready", "Failed", "Canceled", "Not finished", "Success", "p50", "p95"];
  return (
    <Card
      title="Table of days"
      aside={
        <Button small onClick={() => setOpen(!open)}>
          {open ? "Hide the table" : "Show the table"}
        </Button>
      }
    >
      {open ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region needs the focus to be scrolled by keyboard
        <section class="scroll" tabIndex={0} aria-label="Table of days, scrolls sideways">
          <table class="table days">
            <caption class="visually-hidden">Each day, newest first</caption>
            <thead>
              <tr>
                <th scope="col">Day</th>
                {columns.map((name) => (
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
    </Card>
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
