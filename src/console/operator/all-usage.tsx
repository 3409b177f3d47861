// Usage of all tenants: who submits how much, and how much of it fails.

import { useMemo, useState } from "preact/hooks";
import type { Mode, TenantUsage } from "../api/wire.ts";
import type { RefreshPolicy } from "../refresh/watch.ts";
import { useWatch } from "../refresh/watch.ts";
import { hashOf } from "../route.ts";
import { useOperator } from "../session/session.ts";
import { Choice, FailureNotice } from "../ui/controls.tsx";
import { count, percent, shortDay } from "../ui/formats.ts";
import { Card, Empty, Figure, Heading, None, Skeleton } from "../ui/surfaces.tsx";
import { SPANS } from "../usage/overview.tsx";
import { PlotFigure } from "../usage/plot-figure.tsx";
import type { PlotSpec } from "../usage/plots.ts";
import { successRateOf } from "../usage/usage-totals.ts";
import type { Totals } from "./all-usage-totals.ts";
import { byDay, byTenant, inAll, lastDays, ofMode, stackOf } from "./all-usage-totals.ts";

const MODES: readonly { readonly value: Mode | "all"; readonly name: string }[] = [
  { value: "live", name: "Live" },
  { value: "test", name: "Test" },
  { value: "all", name: "Both" },
];

/** Tenants with a color of their own; the others share one. */
const COLORS = ["--series-1", "--series-2", "--series-3", "--series-4", "--series-5"] as const;
const OTHERS_COLOR = "--draw-quiet";

/** Counts are loaded once a minute (ms). */
const REFRESH_MS = 60_000;

const policyOf = (_rows: unknown, now: number): RefreshPolicy => ({
  running: false,
  nextChangeAt: now + REFRESH_MS,
  final: false,
});

export function AllUsageView() {
  const { api } = useOperator();
  const [span, setSpan] = useState<number>(30);
  const [mode, setMode] = useState<Mode | "all">("live");
  const { value, failure, nextAt, refresh } = useWatch(
    "usage of all",
    (signal) => {
      const days = lastDays(Date.now(), 30);
      return api.allUsage(days[0] ?? "", days.at(-1) ?? "", signal);
    },
    policyOf,
  );
  return (
    <>
      <Heading
        aside={
          <>
            <Choice label="Mode" options={MODES} value={mode} onValue={(next) => setMode(next)} />
            <Choice label="Days shown" options={SPANS} value={span} onValue={(next) => setSpan(next)} />
          </>
        }
      >
        Usage
      </Heading>
      <p class="lead">Tasks of all tenants, by the day (UTC) on which they were created.</p>
      {failure === null ? null : <FailureNotice failure={failure} nextAt={nextAt} retry={refresh} />}
      {value === null ? failure === null && <Skeleton lines={8} /> : <AllUsage rows={value} mode={mode} span={span} />}
    </>
  );
}

interface AllUsageProps {
  readonly rows: readonly TenantUsage[];
  readonly mode: Mode | "all";
  readonly span: number;
}

function AllUsage({ rows, mode, span }: AllUsageProps) {
  const { days, shown, layers, spec } = useMemo(() => {
    const days = lastDays(Date.now(), span);
    const [first = ""] = days;
    const shown = ofMode(rows, mode).filter(({ day }) => day >= first);
    const layers = stackOf(shown, days, COLORS.length);
    return { days, shown, layers, spec: specOf(days, layers) };
  }, [rows, mode, span]);
  const daily = byDay(shown, days);
  const all = inAll(shown);
  if (all.submitted === 0) {
    return (
      <Empty title={`No ${mode === "all" ? "" : `${mode} `}tasks in the last ${span} days`}>
        <p>Tasks of all tenants are counted here.</p>
      </Empty>
    );
  }
  return (
    <>
      <AllFigures totals={all} tenants={byTenant(shown).length} />
      <PlotFigure
        title="Tasks per day"
        spec={spec}
        legend={layers
          .map(({ id }, index) => ({ color: colorOf(layers.length - 1 - index, id), name: id ?? "Other tenants" }))
          .reverse()}
        describe={(index) => `${count(daily[index]?.submitted ?? 0)} tasks, ${count(daily[index]?.failed ?? 0)} failed`}
      />
      <TenantTable rows={shown} all={all} />
      <DayTable days={days} daily={daily} />
    </>
  );
}

const colorOf = (index: number, id: string | null): string =>
  id === null ? OTHERS_COLOR : (COLORS[index] ?? OTHERS_COLOR);

function specOf(days: readonly string[], layers: ReturnType<typeof stackOf>): PlotSpec {
  return {
    shape: "bars",
    days,
    series: layers.map(({ id, values }, index) => ({ values, color: colorOf(layers.length - 1 - index, id) })),
    top: (max) => Math.max(Math.ceil(max * 1.1), 4),
    format: (value) => (Number.isInteger(value) ? count(value) : ""),
  };
}

function AllFigures({ totals, tenants }: { readonly totals: Totals; readonly tenants: number }) {
  const rate = successRateOf(totals.ready, totals.failed);
  return (
    <dl class="figures">
      <Figure name="Tasks" more={`${count(totals.canceled)} canceled`}>
        {count(totals.submitted)}
      </Figure>
      <Figure name="Success rate" more={`${count(totals.ready)} ready`}>
        {rate === null ? "–" : percent(rate)}
      </Figure>
      <Figure name="Failed" more="Of all codes">
        {count(totals.failed)}
      </Figure>
      <Figure name="Tenants" more="With at least one task">
        {count(tenants)}
      </Figure>
    </dl>
  );
}

function TenantTable({ rows, all }: { readonly rows: readonly TenantUsage[]; readonly all: Totals }) {
  return (
    <Card title="By tenant">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region needs the focus to be scrolled by keyboard */}
      <section class="scroll" tabIndex={0} aria-label="Usage by tenant, scrolls sideways">
        <table class="table by-tenant">
          <caption class="visually-hidden">Usage by tenant, most tasks first</caption>
          <thead>
            <tr>
              <th scope="col">Tenant</th>
              {["Submitted", "Share", "Ready", "Failed", "Canceled", "Success"].map((name) => (
                <th key={name} scope="col" class="number">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {byTenant(rows).map(({ tenantId, submitted, ready, failed, canceled }) => {
              const rate = successRateOf(ready, failed);
              return (
                <tr key={tenantId}>
                  <th scope="row">
                    <a href={hashOf({ view: "tenant", id: tenantId, tab: "usage" })}>{tenantId}</a>
                    <span class="share" aria-hidden="true">
                      <span class="even" style={{ width: `${(submitted / all.submitted) * 100}%` }} />
                    </span>
                  </th>
                  <td class="number">{count(submitted)}</td>
                  <td class="number">{percent(submitted / all.submitted)}</td>
                  <td class="number">{count(ready)}</td>
                  <td class="number">{count(failed)}</td>
                  <td class="number">{count(canceled)}</td>
                  <td class="number">{rate === null ? <None /> : percent(rate)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </section>
    </Card>
  );
}

function DayTable({ days, daily }: { readonly days: readonly string[]; readonly daily: readonly Totals[] }) {
  return (
    <details class="card raw">
      <summary>
        <h2>Table of days</h2>
      </summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region needs the focus to be scrolled by keyboard */}
      <section class="scroll" tabIndex={0} aria-label="Table of days, scrolls sideways">
        <table class="table days">
          <caption class="visually-hidden">Each day, newest first</caption>
          <thead>
            <tr>
              <th scope="col">Day</th>
              {["Submitted", "Ready", "Failed", "Canceled"].map((name) => (
                <th key={name} scope="col" class="number">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {days
              .map((day, index) => ({ day, totals: daily[index] }))
              .reverse()
              .map(({ day, totals }) => (
                <tr key={day}>
                  <th scope="row">{shortDay(day)}</th>
                  {[totals?.submitted, totals?.ready, totals?.failed, totals?.canceled].map((n, index) => (
                    <td key={index} class="number">
                      {count(n ?? 0)}
                    </td>
                  ))}
                </tr>
              ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}
