// A tenant's usage, as the tenant sees it.

import { useMemo, useState } from "preact/hooks";
import type { Mode } from "../api/wire.ts";
import type { RefreshPolicy } from "../refresh/watch.ts";
import { useWatch } from "../refresh/watch.ts";
import { useOperator } from "../session/session.ts";
import { Choice, FailureNotice } from "../ui/controls.tsx";
import { Empty, Skeleton } from "../ui/surfaces.tsx";
import { SPANS } from "../usage/overview.tsx";
import { UsageDays } from "../usage/usage-days.tsx";
import { ModeChoice } from "./mode-choice.tsx";

/** Counts are loaded once a minute (ms). */
const REFRESH_MS = 60_000;

const policyOf = (_days: unknown, now: number): RefreshPolicy => ({
  running: false,
  nextChangeAt: now + REFRESH_MS,
  final: false,
});

export function TenantUsage({ id }: { readonly id: string }) {
  const { api } = useOperator();
  const [mode, setMode] = useState<Mode>("live");
  const [span, setSpan] = useState<number>(30);
  const { value, failure, nextAt, refresh } = useWatch(
    `usage of ${id} ${mode}`,
    (signal) => api.usage(id, mode, signal),
    policyOf,
  );
  const days = useMemo(() => value?.slice(-span) ?? [], [value, span]);
  return (
    <>
      <div class="row">
        <ModeChoice mode={mode} onMode={setMode} />
        <Choice label="Days shown" options={SPANS} value={span} onValue={(next) => setSpan(next)} />
      </div>
      {failure === null ? null : <FailureNotice failure={failure} nextAt={nextAt} retry={refresh} />}
      {value === null ? (
        failure === null && <Skeleton lines={8} />
      ) : days.every(({ submitted }) => submitted === 0) ? (
        <Empty title={`No ${mode} tasks in the last ${span} days`}>
          <p>The tenant's tasks are counted here.</p>
        </Empty>
      ) : (
        <UsageDays days={days} />
      )}
    </>
  );
}
