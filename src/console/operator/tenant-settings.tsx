// A tenant's settings and how much of its limits is used.

import { useState } from "preact/hooks";
import type { Tenant, TenantPatch } from "../../client/index.ts";
import { LOAD_ONCE, useWatch } from "../refresh/watch.ts";
import { useAction, useOperator } from "../session/session.ts";
import { announce } from "../ui/announcer.tsx";
import { Button, FailureNotice } from "../ui/controls.tsx";
import { Form } from "../ui/form.tsx";
import { count, day } from "../ui/formats.ts";
import { Card, Figure } from "../ui/surfaces.tsx";
import { hostsOf, type Limits, LOCATIONS, limitsOf, type TenantDraft, TenantFields } from "./tenant-form.tsx";

interface TenantSettingsProps {
  readonly tenant: Tenant;
  onTenant(tenant: Tenant): void;
}

export function TenantSettings({ tenant, onTenant }: TenantSettingsProps) {
  const { inFlight, queued, month } = tenant;
  return (
    <>
      <dl class="figures">
        <Figure name="Live tasks this month" more={month.quota === null ? "No quota" : `of ${count(month.quota)}`}>
          {count(month.liveTasks)}
        </Figure>
        <Figure name="In flight, live" more={`${count(queued.live)} waiting`}>
          {count(inFlight.live)}
        </Figure>
        <Figure name="In flight, test" more={`${count(queued.test)} waiting`}>
          {count(inFlight.test)}
        </Figure>
        <Figure
          name="Created"
          more={tenant.location === null ? "Stored near its first caller" : LOCATIONS[tenant.location]}
        >
          {day(Date.parse(tenant.createdAt))}
        </Figure>
      </dl>
      <SettingsForm tenant={tenant} onTenant={onTenant} />
    </>
  );
}

const draftOf = ({ name, allowedHosts, limits, upstreamAccount }: Tenant): TenantDraft => ({
  name,
  hosts: allowedHosts.join("\n"),
  maxInFlight: String(limits.maxInFlight),
  monthlyTasks: limits.monthlyTasks === null ? "" : String(limits.monthlyTasks),
  upstreamAccount: upstreamAccount ?? "",
});

/** Only changed fields are sent: another operator may have changed the others meanwhile. */
function changesOf(tenant: Tenant, draft: TenantDraft, { maxInFlight, monthlyTasks }: Limits): TenantPatch {
  const was = draftOf(tenant);
  const limits = {
    ...(maxInFlight === tenant.limits.maxInFlight ? {} : { maxInFlight }),
    ...(monthlyTasks === tenant.limits.monthlyTasks ? {} : { monthlyTasks }),
  };
  return {
    ...(draft.name === was.name ? {} : { name: draft.name.trim() }),
    ...(draft.hosts === was.hosts ? {} : { allowedHosts: hostsOf(draft.hosts) }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    ...(draft.upstreamAccount === was.upstreamAccount ? {} : { upstreamAccount: draft.upstreamAccount || null }),
  };
}

function SettingsForm({ tenant, onTenant }: TenantSettingsProps) {
  const { client } = useOperator();
  const accounts = useWatch("upstream accounts", (signal) => client.upstream({ signal }), LOAD_ONCE);
  const [edited, setEdited] = useState<TenantDraft | null>(null);
  const save = useAction(
    (changes: TenantPatch) => client.tenants.update(tenant.id, changes),
    (saved) => {
      setEdited(null);
      announce("The settings were saved.");
      onTenant(saved);
    },
  );
  const draft = edited ?? draftOf(tenant);
  const limits = limitsOf(draft);
  const valid = "maxInFlight" in limits;
  const changes = valid ? changesOf(tenant, draft, limits) : {};
  const unchanged = valid && Object.keys(changes).length === 0;
  return (
    <Card title="Settings">
      <Form class="stack narrow" onSubmit={() => valid && save.run(changes)}>
        <TenantFields
          draft={draft}
          errors={valid ? (save.failure?.errors ?? []) : limits}
          accounts={accounts.value ?? []}
          onDraft={setEdited}
        />
        {save.failure === null ? null : <FailureNotice failure={save.failure} />}
        <div class="row">
          <Button kind="primary" type="submit" busy={save.busy} disabled={unchanged || !valid}>
            Save settings
          </Button>
          {unchanged ? (
            <span class="hint">A change reaches every location within 90 seconds.</span>
          ) : (
            <Button onClick={() => setEdited(null)}>Discard changes</Button>
          )}
        </div>
      </Form>
    </Card>
  );
}
