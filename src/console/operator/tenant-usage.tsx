// A tenant's usage, as the tenant sees it.

import { useMemo, useState } from "preact/hooks";
import type { Mode } from "../../client/index.ts";
import { loadEvery, useWatch } from "../refresh/watch.ts";
import { useOperator } from "../session/session.ts";
import { Choice } from "../ui/controls.tsx";
import { Loaded } from "../ui/loaded.tsx";
import { Empty } from "../ui/surfaces.tsx";
import { SPANS, USAGE_REFRESH_MS } from "../usage/overview.tsx";
import { UsageDays } from "../usage/usage-days.tsx";
import { MODES } from "./tenant-tasks.tsx";

export function TenantUsage({ id }: { readonly id: string }) {
  const { tenants } = useOperator().client;
  const [mode, setMode] = useState<Mode>("live");
  const [span, setSpan] = useState<number>(30);
  const watched = useWatch(
    `usage of ${id} ${mode}`,
    (signal) => tenants.usage(id, { mode, signal }),
    loadEvery(USAGE_REFRESH_MS),
  );
  const { value } = watched;
  const days = useMemo(() => value?.slice(-span) ?? [], [value, span]);
  return (
    <>
      <div class="row">
        <Choice label="Mode" options={MODES} value={mode} onValue={setMode} />
        <Choice label="Days shown" options={SPANS} value={span} onValue={setSpan} />
      </div>
      <Loaded watched={watched} lines={8}>
        {() =>
          days.every(({ submitted }) => submitted === 0) ? (
            <Empty title={`No ${mode} tasks in the last ${span} days`}>
              <p>The tenant's tasks are counted here.</p>
            </Empty>
          ) : (
            <UsageDays days={days} />
          )
        }
      </Loaded>
    </>
  );
}
