// One tenant: settings, keys, usage, tasks and audit log, and the actions that end its service.

import { useState } from "preact/hooks";
import { AuditLog } from "../account/audit-log.tsx";
import { KeyDialogs, useKeyDialogs } from "../account/key-dialogs.tsx";
import { KeyList } from "../account/key-list.tsx";
import { managerOfOperator } from "../account/key-manager.ts";
import type { Tenant } from "../api/wire.ts";
import type { RefreshPolicy } from "../refresh/watch.ts";
import { useWatch } from "../refresh/watch.ts";
import type { TenantTab } from "../route.ts";
import { hashOf, TENANT_TABS } from "../route.ts";
import { useAction, useOperator } from "../session/session.ts";
import { announce } from "../ui/announcer.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { Button, FailureNotice } from "../ui/controls.tsx";
import { Badge, Empty, Heading, Skeleton } from "../ui/surfaces.tsx";
import { TenantSettings } from "./tenant-settings.tsx";
import { TenantTasks } from "./tenant-tasks.tsx";
import { TenantUsage } from "./tenant-usage.tsx";

/** How often (ms) the counts of a tenant are loaded. */
const REFRESH_MS = 30_000;

const policyOf = (_tenant: unknown, now: number): RefreshPolicy => ({
  running: false,
  nextChangeAt: now + REFRESH_MS,
  final: false,
});

const TAB_NAMES: Readonly<Record<TenantTab, string>> = {
  settings: "Settings",
  keys: "Keys",
  usage: "Usage",
  tasks: "Tasks",
  audit: "Audit log",
};

export function TenantView({ id, tab }: { readonly id: string; readonly tab: TenantTab }) {
  const { api } = useOperator();
  const { value, failure, nextAt, refresh, replace } = useWatch(
    `tenant ${id}`,
    (signal) => api.tenant(id, signal),
    policyOf,
  );
  return (
    <>
      <p class="back">
        <a href={hashOf({ view: "tenants" })}>Tenants</a>
      </p>
      <Heading aside={value === null ? undefined : <TenantActions tenant={value} onTenant={replace} />}>
        {value?.name ?? id}{" "}
        {value === null ? null : value.suspended ? (
          <Badge tone="off">Suspended</Badge>
        ) : (
          <Badge tone="on">Active</Badge>
        )}
      </Heading>
      <p class="task-id">
        <code>{id}</code>
      </p>
      {value === null && failure?.status === 404 ? (
        <Empty title="There is no such tenant">
          <p>It was deleted, or the id is mistyped.</p>
        </Empty>
      ) : failure === null ? null : (
        <FailureNotice failure={failure} nextAt={nextAt} retry={refresh} />
      )}
      {value === null ? (
        failure === null && <Skeleton lines={8} />
      ) : (
        <>
          <nav class="filter" aria-label="Tenant">
            {TENANT_TABS.map((one) => (
              <a
                key={one}
                href={hashOf({ view: "tenant", id, tab: one })}
                aria-current={one === tab ? "page" : undefined}
              >
                {TAB_NAMES[one]}
              </a>
            ))}
          </nav>
          <Tab tenant={value} tab={tab} onTenant={replace} />
        </>
      )}
    </>
  );
}

interface TabProps {
  readonly tenant: Tenant;
  readonly tab: TenantTab;
  onTenant(tenant: Tenant): void;
}

function Tab({ tenant, tab, onTenant }: TabProps) {
  const { api } = useOperator();
  switch (tab) {
    case "settings":
      return <TenantSettings tenant={tenant} onTenant={onTenant} />;
    case "keys":
      return <TenantKeys id={tenant.id} />;
    case "usage":
      return <TenantUsage id={tenant.id} />;
    case "tasks":
      return <TenantTasks id={tenant.id} />;
    case "audit":
      return (
        <AuditLog name={`audit of ${tenant.id}`} load={(cursor, signal) => api.audit(tenant.id, cursor, signal)} />
      );
  }
}

function TenantKeys({ id }: { readonly id: string }) {
  const { api } = useOperator();
  const manager = managerOfOperator(api, id);
  const dialogs = useKeyDialogs();
  return (
    <>
      <div class="row">
        <Button kind="primary" onClick={() => dialogs.open({ tag: "create" })}>
          Create key
        </Button>
      </div>
      <KeyList manager={manager} version={dialogs.version} onOpen={dialogs.open} />
      <KeyDialogs manager={manager} dialogs={dialogs} />
    </>
  );
}

function TenantActions({ tenant, onTenant }: Pick<TabProps, "tenant" | "onTenant">) {
  const { api } = useOperator();
  const [open, setOpen] = useState<"suspend" | "delete" | null>(null);
  const suspend = useAction((suspended: boolean) => api.patchTenant(tenant.id, { suspended }));
  const remove = useAction(() => api.deleteTenant(tenant.id));
  const close = () => {
    suspend.clear();
    remove.clear();
    setOpen(null);
  };
  const setSuspended = async (suspended: boolean) => {
    const result = await suspend.run(suspended);
    if (result === null) return;
    close();
    announce(suspended ? "The tenant is suspended." : "The tenant is active again.");
    onTenant(result.value);
  };
  const confirmDelete = async () => {
    if ((await remove.run()) === null) return;
    close();
    announce(`The tenant ${tenant.id} was deleted.`);
    location.hash = hashOf({ view: "tenants" });
  };
  return (
    <>
      {tenant.suspended ? (
        <Button busy={suspend.busy} onClick={() => void setSuspended(false)}>
          Resume
        </Button>
      ) : (
        <Button onClick={() => setOpen("suspend")}>Suspend</Button>
      )}
      <Button kind="danger" onClick={() => setOpen("delete")}>
        Delete
      </Button>
      {open === null && suspend.failure !== null ? <FailureNotice failure={suspend.failure} /> : null}
      {open === "suspend" ? (
        <Confirm
          title={`Suspend ${tenant.name}?`}
          action="Suspend"
          keep="Keep it active"
          danger
          typed={{ text: tenant.id, label: `Type ${tenant.id} to confirm` }}
          busy={suspend.busy}
          failure={suspend.failure}
          onConfirm={() => void setSuspended(true)}
          onCancel={close}
        >
          <p>
            It can read what it has, and every new task is rejected within 90 seconds. Tasks that wait for a slot fail;
            those with the upstream continue.
          </p>
        </Confirm>
      ) : null}
      {open === "delete" ? (
        <Confirm
          title={`Delete ${tenant.name}?`}
          action="Delete tenant"
          keep="Keep it"
          danger
          typed={{ text: tenant.id, label: `Type ${tenant.id} to confirm` }}
          busy={remove.busy}
          failure={remove.failure}
          onConfirm={() => void confirmDelete()}
          onCancel={close}
        >
          <p>
            Its keys stop working within 90 seconds, its unfinished tasks are canceled without webhooks, and its list of
            tasks is erased. This cannot be undone.
          </p>
        </Confirm>
      ) : null}
    </>
  );
}
