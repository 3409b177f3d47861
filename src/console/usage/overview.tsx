// The overview: how the last days went, for the tenant and mode of the key.

import { useMemo, useState } from "preact/hooks";
import type { Result } from "../api/failure.ts";
import type { TenantApi } from "../api/tenant-api.ts";
import type { Key, UsageDay } from "../api/wire.ts";
import type { RefreshPolicy } from "../refresh/watch.ts";
import { useAllEvents, useWatch } from "../refresh/watch.ts";
import { useTenant } from "../session/session.ts";
import { Choice, FailureNotice } from "../ui/controls.tsx";
import { Empty, Heading, Skeleton } from "../ui/surfaces.tsx";
import { UsageDays } from "./usage-days.tsx";

/** Counts of a month change slowly: they are loaded at most once a minute (ms). */
const REFRESH_MS = 60_000;

const policyOf = (_value: unknown, now: number): RefreshPolicy => ({
  running: false,
  nextChangeAt: null,
  pollAt: now + REFRESH_MS,
  final: false,
});

export const SPANS = [
  { value: 7, name: "7 days" },
  { value: 30, name: "30 days" },
] as const;

interface Overview {
  readonly days: readonly UsageDay[];
  readonly keys: readonly Key[];
}

/** Usage by key, and the names of the keys. */
async function load(api: TenantApi, signal: AbortSignal): Promise<Result<Overview>> {
  const days = await api.usage(signal);
  if (!days.ok) return days;
  const keys = await api.keys(signal);
  return { ok: true, value: { days: days.value, keys: keys.ok ? keys.value : [] } };
}

export function OverviewView() {
  const { api, me } = useTenant();
  const { value, failure, nextAt, refresh } = useWatch(
    "usage",
    (signal) => load(api, signal),
    policyOf,
    useAllEvents(REFRESH_MS),
  );
  const [span, setSpan] = useState<number>(30);
  const days = useMemo(() => value?.days.slice(-span) ?? [], [value, span]);
  const names = useMemo(() => new Map(value?.keys.map(({ id, name }) => [id, name])), [value]);
  return (
    <>
      <Heading aside={<Choice label="Days shown" options={SPANS} value={span} onValue={(next) => setSpan(next)} />}>
        Overview
      </Heading>
      <p class="lead">Your tenant's {me.mode} tasks, by the day (UTC) on which they were created.</p>
      {failure === null ? null : (
        <FailureNotice failure={failure} nextAt={failure.tag === "rejected" ? null : nextAt} retry={refresh} />
      )}
      {value === null ? (
        failure === null && <Skeleton lines={8} />
      ) : days.every(({ submitted }) => submitted === 0) ? (
        <NoTasks span={span} />
      ) : (
        <UsageDays days={days} keyNames={names} />
      )}
    </>
  );
}

function NoTasks({ span }: { readonly span: number }) {
  return (
    <Empty title={`No tasks in the last ${span} days`}>
      <p>Create a task, and its outcome is counted here.</p>
      <p>
        <a class="button primary" href="#/try">
          Try it
        </a>
      </p>
    </Empty>
  );
}
