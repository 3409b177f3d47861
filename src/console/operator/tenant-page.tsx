// One tenant: settings, keys, usage, tasks and audit log; suspending and deleting it.

import { useState } from "preact/hooks";
import type { Tenant } from "../../client/index.ts";
import { AuditLog } from "../account/audit-log.tsx";
import { KeyDialogs, useKeyDialogs } from "../account/key-dialogs.tsx";
import { KeyList } from "../account/key-list.tsx";
import { managerOfOperator } from "../account/key-manager.ts";
import { loadEvery, useWatch } from "../refresh/watch.ts";
import type { TenantTab } from "../route.ts";
import { hashOf, TENANT_TABS } from "../route.ts";
import { useAction, useOperator } from "../session/session.ts";
import { announce } from "../ui/announcer.tsx";
import { Button, FailureNotice } from "../ui/controls.tsx";
import { ActionDialog } from "../ui/dialog.tsx";
import { Loaded } from "../ui/loaded.tsx";
import { Empty, Heading } from "../ui/surfaces.tsx";
import { TenantSettings } from "./tenant-settings.tsx";
import { TenantTasks } from "./tenant-tasks.tsx";
import { TenantUsage } from "./tenant-usage.tsx";
import { TenantBadge } from "./tenants.tsx";

/** How often (ms) the counts of a tenant are loaded. */
const REFRESH_MS = 30_000;

const TAB_NAMES: Readonly<Record<TenantTab, string>> = {
  settings: "Settings",
  keys: "Keys",
  usage: "Usage",
  tasks: "Tasks",
  audit: "Audit log",
};

export function TenantView({ id, tab }: { readonly id: string; readonly tab: TenantTab }) {
  const { client } = useOperator();
  const tenant = useWatch(`tenant ${id}`, (signal) => client.tenants.get(id, { signal }), loadEvery(REFRESH_MS));
  const { value, replace } = tenant;
  return (
    <>
      <p class="back">
        <a href={hashOf({ view: "tenants" })}>Tenants</a>
      </p>
      <Heading id={id} aside={value === null ? undefined : <TenantActions tenant={value} onTenant={replace} />}>
        {value?.name ?? id} {value === null ? null : <TenantBadge suspended={value.suspended} />}
      </Heading>
      <Loaded
        watched={tenant}
        lines={8}
        absent={
          <Empty title="There is no such tenant">
            <p>It was deleted, or the id is mistyped.</p>
          </Empty>
        }
      >
        {(known) => (
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
            <Tab tenant={known} tab={tab} onTenant={replace} />
          </>
        )}
      </Loaded>
    </>
  );
}

interface TabProps {
  readonly tenant: Tenant;
  readonly tab: TenantTab;
  onTenant(tenant: Tenant): void;
}

function Tab({ tenant, tab, onTenant }: TabProps) {
  const { tenants } = useOperator().client;
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
      return <AuditLog name={`audit of ${tenant.id}`} load={(page) => tenants.auditPage(tenant.id, page)} />;
  }
}

function TenantKeys({ id }: { readonly id: string }) {
  const manager = managerOfOperator(useOperator().client, id);
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
  const { tenants } = useOperator().client;
  const [open, setOpen] = useState<"suspend" | "delete" | null>(null);
  const suspend = useAction(
    (suspended: boolean) => tenants.update(tenant.id, { suspended }),
    (updated) => {
      close();
      announce(updated.suspended ? "The tenant is suspended." : "The tenant is active again.");
      onTenant(updated);
    },
  );
  const remove = useAction(
    () => tenants.delete(tenant.id),
    () => {
      close();
      announce(`The tenant ${tenant.id} was deleted.`);
      location.hash = hashOf({ view: "tenants" });
    },
  );
  const close = () => {
    suspend.clear();
    remove.clear();
    setOpen(null);
  };
  return (
    <>
      {tenant.suspended ? (
        <Button busy={suspend.busy} onClick={() => suspend.run(false)}>
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
        <ActionDialog
          title={`Suspend ${tenant.name}?`}
          action={suspend}
          word="Suspend"
          keep="Keep it active"
          danger
          typed={tenant.id}
          onSubmit={() => suspend.run(true)}
          onClose={close}
        >
          <p>
            It can still read its tasks, but new ones are rejected within 90 seconds. Tasks that wait for a slot fail;
            tasks that were submitted continue.
          </p>
        </ActionDialog>
      ) : null}
      {open === "delete" ? (
        <ActionDialog
          title={`Delete ${tenant.name}?`}
          action={remove}
          word="Delete tenant"
          keep="Keep it"
          danger
          typed={tenant.id}
          onSubmit={remove.run}
          onClose={close}
        >
          <p>
            Its keys stop working within 90 seconds, its unfinished tasks are canceled without webhooks, and its list of
            tasks is erased. This cannot be undone.
          </p>
        </ActionDialog>
      ) : null}
    </>
  );
}
