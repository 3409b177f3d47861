// Usage of all tenants: who submits how much, and how much of it fails.

import { useMemo, useState } from "preact/hooks";
import type { Mode, TenantUsage } from "../../client/index.ts";
import { loadEvery, useWatch } from "../refresh/watch.ts";
import { hashOf } from "../route.ts";
import { useOperator } from "../session/session.ts";
import { Choice } from "../ui/controls.tsx";
import { count, percent } from "../ui/formats.ts";
import { Loaded } from "../ui/loaded.tsx";
import { Card, Empty, Figure, Heading, None, Share } from "../ui/surfaces.tsx";
import { Scroll, Table } from "../ui/table.tsx";
import { DayTable } from "../usage/day-table.tsx";
import { SPANS, USAGE_REFRESH_MS } from "../usage/overview.tsx";
import { PlotFigure } from "../usage/plot-figure.tsx";
import type { PlotSpec } from "../usage/plots.ts";
import { successRateOf } from "../usage/usage-totals.ts";
import type { Totals } from "./all-usage-totals.ts";
import { byDay, byTenant, inAll, lastDays, loadUsage, ofMode, stackOf } from "./all-usage-totals.ts";

const MODES: readonly { readonly value: Mode | "all"; readonly name: string }[] = [
  { value: "live", name: "Live" },
  { value: "test", name: "Test" },
  { value: "all", name: "Both" },
];

/** The largest tenants have a color each; the others share one. */
const COLORS = ["--series-1", "--series-2", "--series-3", "--series-4", "--series-5"] as const;
const OTHERS_COLOR = "--draw-quiet";

export function AllUsageView() {
  const { client } = useOperator();
  const [span, setSpan] = useState<number>(30);
  const [mode, setMode] = useState<Mode | "all">("live");
  const watched = useWatch(
    "usage of all",
    (signal) => loadUsage(client, lastDays(Date.now(), 30), signal),
    loadEvery(USAGE_REFRESH_MS),
  );
  return (
    <>
      <Heading
        aside={
          <>
            <Choice label="Mode" options={MODES} value={mode} onValue={setMode} />
            <Choice label="Days shown" options={SPANS} value={span} onValue={setSpan} />
          </>
        }
      >
        Usage
      </Heading>
      <p class="lead">Tasks of all tenants, by the day (UTC) on which they were created.</p>
      <Loaded watched={watched} lines={8}>
        {(rows) => <AllUsage rows={rows} mode={mode} span={span} />}
      </Loaded>
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
      <DayTable
        days={days.map((day, index) => ({ day, totals: daily[index] ?? all }))}
        dayOf={({ day }) => day}
        columns={[
          ["Submitted", ({ totals }) => count(totals.submitted)],
          ["Ready", ({ totals }) => count(totals.ready)],
          ["Failed", ({ totals }) => count(totals.failed)],
          ["Canceled", ({ totals }) => count(totals.canceled)],
        ]}
      />
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
      <Scroll label="Usage by tenant">
        <Table
          class="by-tenant"
          caption="Usage by tenant, most tasks first"
          rows={byTenant(rows)}
          keyOf={({ tenantId }) => tenantId}
          columns={[
            {
              name: "Tenant",
              heading: true,
              cell: ({ tenantId, submitted }) => (
                <>
                  <a href={hashOf({ view: "tenant", id: tenantId, tab: "usage" })}>{tenantId}</a>
                  <Share share={submitted / all.submitted} tone="busy" />
                </>
              ),
            },
            { name: "Submitted", number: true, cell: ({ submitted }) => count(submitted) },
            { name: "Share", number: true, cell: ({ submitted }) => percent(submitted / all.submitted) },
            { name: "Ready", number: true, cell: ({ ready }) => count(ready) },
            { name: "Failed", number: true, cell: ({ failed }) => count(failed) },
            { name: "Canceled", number: true, cell: ({ canceled }) => count(canceled) },
            {
              name: "Success",
              number: true,
              cell: ({ ready, failed }) => {
                const rate = successRateOf(ready, failed);
                return rate === null ? <None /> : percent(rate);
              },
            },
          ]}
        />
      </Scroll>
    </Card>
  );
}
