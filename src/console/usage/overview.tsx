// The overview: usage of the last days, for the tenant and mode of the key.

import { useMemo, useState } from "preact/hooks";
import type { Key, Solvegate, UsageDay } from "../../client/index.ts";
import { loadEvery, useAllEvents, useWatch } from "../refresh/watch.ts";
import { useTenant } from "../session/session.ts";
import { Choice } from "../ui/controls.tsx";
import { Loaded } from "../ui/loaded.tsx";
import { Empty, Heading } from "../ui/surfaces.tsx";
import { UsageDays } from "./usage-days.tsx";

/** Counts of a month change slowly: they are loaded at most once a minute (ms). */
export const USAGE_REFRESH_MS = 60_000;

export const SPANS = [
  { value: 7, name: "7 days" },
  { value: 30, name: "30 days" },
] as const;

interface Overview {
  readonly days: readonly UsageDay[];
  readonly keys: readonly Key[];
}

/** Usage by key, and the names of the keys. */
async function load(client: Solvegate, signal: AbortSignal): Promise<Overview> {
  const days = await client.usage({ groupBy: "key" }, { signal });
  // Without their names, keys are shown by their ids.
  const keys = await client.keys.list({ signal }).catch(() => []);
  return { days, keys };
}

export function OverviewView() {
  const { client, me } = useTenant();
  const [span, setSpan] = useState<number>(30);
  const watched = useWatch(
    "usage",
    (signal) => load(client, signal),
    loadEvery(USAGE_REFRESH_MS),
    useAllEvents(USAGE_REFRESH_MS),
  );
  const { value } = watched;
  const days = useMemo(() => value?.days.slice(-span) ?? [], [value, span]);
  const names = useMemo(() => new Map(value?.keys.map(({ id, name }) => [id, name])), [value]);
  return (
    <>
      <Heading aside={<Choice label="Days shown" options={SPANS} value={span} onValue={setSpan} />}>Overview</Heading>
      <p class="lead">Your tenant's {me.mode} tasks, by the day (UTC) on which they were created.</p>
      <Loaded watched={watched} lines={8}>
        {() =>
          days.every(({ submitted }) => submitted === 0) ? (
            <NoTasks span={span} />
          ) : (
            <UsageDays days={days} keyNames={names} />
          )
        }
      </Loaded>
    </>
  );
}

function NoTasks({ span }: { readonly span: number }) {
  return (
    <Empty title={`No tasks in the last ${span} days`}>
      <p>Create a task to see its outcome here.</p>
      <p>
        <a class="button primary" href="#/try">
          Try it
        </a>
      </p>
    </Empty>
  );
}
