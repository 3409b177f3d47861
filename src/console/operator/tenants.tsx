// All tenants: their month, what they have in flight, and what failed lately.

import { useState } from "preact/hooks";
import type { Result } from "../api/failure.ts";
import type { OperatorApi } from "../api/operator-api.ts";
import type { Tenant, TenantList } from "../api/wire.ts";
import type { RefreshPolicy } from "../refresh/watch.ts";
import { useWatch } from "../refresh/watch.ts";
import { hashOf } from "../route.ts";
import { useAction, useOperator } from "../session/session.ts";
import { Button, FailureNotice } from "../ui/controls.tsx";
import { count, percent } from "../ui/formats.ts";
import { Badge, Empty, Heading, Meter, None, Skeleton } from "../ui/surfaces.tsx";
import { successRateOf } from "../usage/usage-totals.ts";
import type { TenantTotals } from "./all-usage-totals.ts";
import { byTenant, lastDays } from "./all-usage-totals.ts";
import { CreateTenantDialog } from "./create-tenant.tsx";

/** How often (ms) tenants are loaded: a page asks the object of each of its tenants. */
const REFRESH_MS = 30_000;

/** How often (ms) usage is loaded: it asks the objects of all tenants. */
const USAGE_REFRESH_MS = 300_000;

/** Days of usage from which failures are counted. */
const FAILURE_DAYS = 7;

const policyEvery =
  (refreshMs: number) =>
  (_value: unknown, now: number): RefreshPolicy => ({ running: false, nextChangeAt: now + refreshMs, final: false });

/** Usage of the last days by tenant. */
async function loadUsage(api: OperatorApi, signal: AbortSignal): Promise<Result<readonly TenantTotals[]>> {
  const days = lastDays(Date.now(), FAILURE_DAYS);
  const usage = await api.allUsage(days[0] ?? "", days.at(-1) ?? "", signal);
  return usage.ok ? { ok: true, value: byTenant(usage.value) } : usage;
}

export function TenantsView() {
  const { api } = useOperator();
  const [creating, setCreating] = useState(false);
  const { value, failure, nextAt, refresh } = useWatch(
    "tenants",
    (signal) => api.tenants(null, signal),
    policyEvery(REFRESH_MS),
  );
  const usage = useWatch("usage by tenant", (signal) => loadUsage(api, signal), policyEvery(USAGE_REFRESH_MS));
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
      {failure === null ? null : <FailureNotice failure={failure} nextAt={nextAt} retry={refresh} />}
      {value === null ? (
        failure === null && <Skeleton lines={8} />
      ) : value.tenants.length === 0 ? (
        <Empty title="No tenants yet">
          <p>A tenant has keys, an allow-list of websites, and limits of its own.</p>
        </Empty>
      ) : (
        <TenantTable first={value} usage={usage.value ?? []} />
      )}
      {creating ? <CreateTenantDialog onClose={() => setCreating(false)} onCreated={refresh} /> : null}
    </>
  );
}

interface TenantTableProps {
  readonly first: TenantList;
  /** Usage of the last days; empty until it is loaded. */
  readonly usage: readonly TenantTotals[];
}

function TenantTable({ first, usage }: TenantTableProps) {
  const { api } = useOperator();
  const [older, setOlder] = useState<TenantList | null>(null);
  const more = useAction((cursor: string) => api.tenants(cursor));
  const tenants = [...first.tenants, ...(older?.tenants ?? [])];
  const next = older === null ? first.nextCursor : older.nextCursor;
  const loadMore = async (cursor: string) => {
    const result = await more.run(cursor);
    if (result === null) return;
    setOlder({ tenants: [...(older?.tenants ?? []), ...result.value.tenants], nextCursor: result.value.nextCursor });
  };
  return (
    <>
      <table class="table tenants">
        <caption class="visually-hidden">Tenants, by id</caption>
        <thead>
          <tr>
            <th scope="col">Tenant</th>
            <th scope="col">Status</th>
            <th scope="col">Live tasks this month</th>
            <th scope="col" class="number">
              In flight
            </th>
            <th scope="col" class="number">
              Waiting
            </th>
            <th scope="col" class="number">
              Failed in {FAILURE_DAYS} days
            </th>
          </tr>
        </thead>
        <tbody>
          {tenants.map((tenant) => (
            <Row key={tenant.id} tenant={tenant} usage={usage.find(({ tenantId }) => tenantId === tenant.id) ?? null} />
          ))}
        </tbody>
      </table>
      {more.failure === null ? null : <FailureNotice failure={more.failure} />}
      {next === null ? null : (
        <div class="row">
          <Button busy={more.busy} onClick={() => void loadMore(next)}>
            Show more
          </Button>
        </div>
      )}
    </>
  );
}

interface RowProps {
  readonly tenant: Tenant;
  readonly usage: TenantTotals | null;
}

function Row({ tenant, usage }: RowProps) {
  const { id, name, suspended, inFlight, queued } = tenant;
  return (
    <tr class="linked">
      <td class="cell-tenant">
        <a class="whole-row" href={hashOf({ view: "tenant", id, tab: "settings" })}>
          {name}
        </a>
        <code class="quiet">{id}</code>
      </td>
      <td data-name="Status">{suspended ? <Badge tone="off">Suspended</Badge> : <Badge tone="on">Active</Badge>}</td>
      <td data-name="Live tasks this month" class="cell-month">
        <Month tenant={tenant} />
      </td>
      <td data-name="In flight" class="number">
        <ByMode counts={inFlight} />
      </td>
      <td data-name="Waiting" class="number">
        <ByMode counts={queued} />
      </td>
      <td data-name={`Failed in ${FAILURE_DAYS} days`} class="number">
        <Failed usage={usage} />
      </td>
    </tr>
  );
}

function Month({ tenant: { month } }: Pick<RowProps, "tenant">) {
  const { liveTasks, quota } = month;
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

function Failed({ usage }: Pick<RowProps, "usage">) {
  if (usage === null) return <None />;
  const rate = successRateOf(usage.ready, usage.failed);
  if (usage.failed === 0) return <span class="quiet">0</span>;
  return (
    <span>
      {count(usage.failed)}{" "}
      <span class="quiet">({rate === null ? "–" : percent(usage.failed / (usage.failed + usage.ready))})</span>
    </span>
  );
}
