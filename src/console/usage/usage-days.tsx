// Usage of a tenant by day: figures, plots, failures by code, usage by key and a table. For the overview and for the operator's page of
// a tenant.

import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import type { UsageDay } from "../../client/index.ts";
import { explainTask } from "../api/explanations.ts";
import { count, duration, middle, percent, plural } from "../ui/formats.ts";
import { Card, Figure, None, Share } from "../ui/surfaces.tsx";
import { Table } from "../ui/table.tsx";
import { DayTable } from "./day-table.tsx";
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
  const describe = (sentence: (day: UsageDay) => string) => (index: number) => {
    const day = days[index];
    return day === undefined ? "" : sentence(day);
  };
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
        describe={describe(tasksSentence)}
      />
      <div class="columns">
        <PlotFigure
          title="Success rate"
          spec={specs.success}
          legend={[{ color: "--draw-good", name: "Ready among ready and failed" }]}
          describe={describe(successSentence)}
        />
        <PlotFigure
          title="Solve time"
          spec={specs.solve}
          legend={[
            { color: "--draw-busy", name: "p50" },
            { color: "--draw-aging", name: "p95" },
          ]}
          describe={describe(solveSentence)}
        />
      </div>
      <FailuresCard totals={totals} />
      {keys.length === 0 ? null : <KeysCard keys={keys} names={keyNames} />}
      <DayTable days={days} dayOf={({ day }) => day} columns={DAY_COLUMNS} />
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

const tasksSentence = (day: UsageDay): string =>
  `${count(day.submitted)} submitted, ${count(day.ready)} ready, ${count(failedOf(day))} failed`;

function successSentence(day: UsageDay): string {
  const rate = successRateOf(day.ready, failedOf(day));
  return rate === null ? "nothing finished" : percent(rate);
}

const solveSentence = ({ solveMs: { p50, p95 } }: UsageDay): string =>
  p50 === null ? "nothing solved" : `p50 ${duration(p50)}, p95 ${p95 === null ? "none" : duration(p95)}`;

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

function FailuresCard({ totals: { failures } }: { readonly totals: UsageTotals }) {
  return (
    <Card title="Failures by code">
      {failures.length === 0 ? (
        <p class="quiet">None.</p>
      ) : (
        <Table
          class="failures stacks"
          caption="Failures by code, most frequent first"
          rows={failures}
          columns={[
            {
              name: "Code",
              heading: true,
              cell: ({ code, share }) => (
                <>
                  <code>{code}</code>
                  <Share share={share} tone="bad" />
                </>
              ),
            },
            { name: "Tasks", number: true, cell: ({ n }) => count(n) },
            { name: "Share", number: true, cell: ({ share }) => percent(share) },
            { name: "What it means", class: "cell-meaning", cell: ({ code }) => explainTask(code)?.what ?? "" },
          ]}
        />
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
      <Table
        caption="Tasks by key, most tasks first"
        rows={keys}
        columns={[
          {
            name: "Key",
            heading: true,
            cell: ({ keyId }) => names?.get(keyId) ?? <code title={keyId}>{middle(keyId, 10, 4)}</code>,
          },
          { name: "Submitted", number: true, cell: ({ submitted }) => count(submitted) },
          { name: "Ready", number: true, cell: ({ ready }) => count(ready) },
        ]}
      />
    </Card>
  );
}

const durationOrNone = (ms: number | null) => (ms === null ? <None /> : duration(ms));

const DAY_COLUMNS: readonly (readonly [name: string, cell: (day: UsageDay) => ComponentChildren])[] = [
  ["Submitted", (day) => count(day.submitted)],
  ["Ready", (day) => count(day.ready)],
  ["Failed", (day) => count(failedOf(day))],
  ["Canceled", (day) => count(day.canceled)],
  ["Not finished", (day) => count(unfinishedOf(day))],
  [
    "Success",
    (day) => {
      const rate = successRateOf(day.ready, failedOf(day));
      return rate === null ? <None /> : percent(rate);
    },
  ],
  ["p50", (day) => durationOrNone(day.solveMs.p50)],
  ["p95", (day) => durationOrNone(day.solveMs.p95)],
];
