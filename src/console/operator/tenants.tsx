// All tenants: live tasks of the month, tasks in flight, and recent failures.

import { useState } from "preact/hooks";
import type { SolvegateAdmin, Tenant, TenantList } from "../../client/index.ts";
import { loadEvery, useWatch } from "../refresh/watch.ts";
import { hashOf } from "../route.ts";
import { useOperator } from "../session/session.ts";
import { Button } from "../ui/controls.tsx";
import { count, percent } from "../ui/formats.ts";
import { Loaded } from "../ui/loaded.tsx";
import { usePages } from "../ui/pages.tsx";
import { Badge, Empty, Heading, Meter, None } from "../ui/surfaces.tsx";
import { type Column, Table } from "../ui/table.tsx";
import type { TenantTotals } from "./all-usage-totals.ts";
import { byTenant, lastDays, loadUsage } from "./all-usage-totals.ts";
import { CreateTenantDialog } from "./create-tenant.tsx";

/** How often (ms) tenants are loaded: a page asks the object of each of its tenants. */
const REFRESH_MS = 30_000;

/** How often (ms) usage is loaded: it asks the objects of all tenants. */
const USAGE_REFRESH_MS = 300_000;

/** Days of usage in which failures are counted. */
const FAILURE_DAYS = 7;

/** Tenants of a page. */
const LIMIT = 50;

/** Usage of the last days by tenant. */
async function loadTotals(client: SolvegateAdmin, signal: AbortSignal): Promise<readonly TenantTotals[]> {
  return byTenant(await loadUsage(client, lastDays(Date.now(), FAILURE_DAYS), signal));
}

export function TenantsView() {
  const { client } = useOperator();
  const [creating, setCreating] = useState(false);
  const first = useWatch("tenants", (signal) => client.tenants.page({ limit: LIMIT, signal }), loadEvery(REFRESH_MS));
  const usage = useWatch("usage by tenant", (signal) => loadTotals(client, signal), loadEvery(USAGE_REFRESH_MS));
  return (
    <>
      <Heading
        aside={
          <Button kind="primary" onClick={() => setCreating(true)}>
            Create tenant
          </Button>
        }
      >
        Tenants
      </Heading>
      <Loaded watched={first} lines={8}>
        {(value) =>
          value.tenants.length === 0 ? (
            <Empty title="No tenants yet">
              <p>A tenant has keys, an allow-list of websites, and limits.</p>
            </Empty>
          ) : (
            <TenantTable first={value} usage={usage.value ?? []} />
          )
        }
      </Loaded>
      {creating ? <CreateTenantDialog onClose={() => setCreating(false)} onCreated={first.refresh} /> : null}
    </>
  );
}

interface TenantTableProps {
  readonly first: TenantList;
  /** Usage of the last days; empty until it is loaded. */
  readonly usage: readonly TenantTotals[];
}

function TenantTable({ first, usage }: TenantTableProps) {
  const { tenants } = useOperator().client;
  const [pages, more] = usePages(first, "Show more", (cursor) => tenants.page({ limit: LIMIT, cursor }));
  const failures: Column<Tenant> = {
    name: `Failed in ${FAILURE_DAYS} days`,
    number: true,
    cell: ({ id }) => <Failed usage={usage.find(({ tenantId }) => tenantId === id) ?? null} />,
  };
  return (
    <>
      <Table
        class="tenants cards"
        caption="Tenants, by id"
        columns={[...COLUMNS, failures]}
        rows={pages.flatMap((page) => page.tenants)}
        keyOf={({ id }) => id}
        rowProps={() => ({ class: "linked" })}
      />
      {more}
    </>
  );
}

const COLUMNS: readonly Column<Tenant>[] = [
  {
    name: "Tenant",
    class: "cell-name",
    cell: ({ id, name }) => (
      <>
        <a class="whole-row" href={hashOf({ view: "tenant", id, tab: "settings" })}>
          {name}
        </a>
        <code class="quiet">{id}</code>
      </>
    ),
  },
  { name: "Status", cell: ({ suspended }) => <TenantBadge suspended={suspended} /> },
  { name: "Live tasks this month", class: "cell-month", cell: ({ month }) => <Month month={month} /> },
  { name: "In flight", number: true, cell: ({ inFlight }) => <ByMode counts={inFlight} /> },
  { name: "Waiting", number: true, cell: ({ queued }) => <ByMode counts={queued} /> },
];

export function TenantBadge({ suspended }: Pick<Tenant, "suspended">) {
  return suspended ? <Badge tone="off">Suspended</Badge> : <Badge tone="on">Active</Badge>;
}

function Month({ month: { liveTasks, quota } }: Pick<Tenant, "month">) {
  if (quota === null) return <span class="number">{count(liveTasks)}</span>;
  return (
    <>
      <span class="number">
        {count(liveTasks)} of {count(quota)}
      </span>
      <Meter label="Live tasks this month" value={liveTasks} max={quota} />
    </>
  );
}

function ByMode({ counts }: { readonly counts: Tenant["inFlight"] }) {
  if (counts.live === 0 && counts.test === 0) return <span class="quiet">0</span>;
  return (
    <>
      {count(counts.live)} live{counts.test === 0 ? "" : `, ${count(counts.test)} test`}
    </>
  );
}

function Failed({ usage }: { readonly usage: TenantTotals | null }) {
  if (usage === null) return <None />;
  const { failed, ready } = usage;
  if (failed === 0) return <span class="quiet">0</span>;
  return (
    <span>
      {count(failed)} <span class="quiet">({percent(failed / (failed + ready))})</span>
    </span>
  );
}
