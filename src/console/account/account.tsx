// The account: which websites the tenant may use, its limits and how much of them is used, and the audit log.

import type { ComponentChildren } from "preact";
import type { Account } from "../../client/index.ts";
import { loadEvery, useAllEvents, useWatch } from "../refresh/watch.ts";
import { useTenant } from "../session/session.ts";
import { Notice } from "../ui/controls.tsx";
import { count } from "../ui/formats.ts";
import { Loaded } from "../ui/loaded.tsx";
import { Card, Fact, Heading, Meter, ModeBadge } from "../ui/surfaces.tsx";
import { AuditLog } from "./audit-log.tsx";

/** Counts in flight change with every task: they are loaded at most this often (ms). */
const REFRESH_MS = 15_000;

export function AccountView() {
  const { client, can } = useTenant();
  const account = useWatch(
    "account",
    (signal) => client.account({ signal }),
    loadEvery(REFRESH_MS),
    useAllEvents(REFRESH_MS),
  );
  return (
    <>
      <Heading>Account</Heading>
      <Loaded watched={account} lines={6}>
        {(value) => <Details account={value} />}
      </Loaded>
      {can("account:read") ? <AuditLog name="audit" load={(page) => client.audit.page(page)} /> : null}
    </>
  );
}

function Details({ account }: { readonly account: Account }) {
  const { me } = useTenant();
  const { tenant, mode, limits, month, inFlight, queued } = account;
  return (
    <>
      {tenant.suspended ? (
        <Notice tone="bad" title="Your tenant is suspended.">
          <p>It can read its tasks but cannot create any. Ask the operator.</p>
        </Notice>
      ) : null}
      <div class="columns">
        <Card title="Tenant">
          <dl class="facts">
            <Fact name="Name">{tenant.name}</Fact>
            <Fact name="Id" copy={tenant.id} mono>
              {tenant.id}
            </Fact>
            <Fact name="This key">{me.name}</Fact>
            <Fact name="Mode">
              <ModeBadge mode={mode} />
            </Fact>
            <Fact name="Scopes" mono>
              {me.scopes.join(", ")}
            </Fact>
          </dl>
        </Card>
        <Card title="Limits">
          <Quota name="Tasks in flight" used={inFlight} max={limits.maxInFlight}>
            {mode === "live" ? "Live" : "Test"} tasks only. {count(queued)} waiting for a free slot.
          </Quota>
          <Quota name="Live tasks this month (UTC)" used={month.liveTasks} max={month.quota}>
            {month.quota === null || month.liveTasks < month.quota
              ? "Test tasks are not counted."
              : "The quota is used up: live tasks are rejected until next month."}
          </Quota>
        </Card>
      </div>
      <HostsCard hosts={account.allowedHosts} />
    </>
  );
}

interface QuotaProps {
  readonly name: string;
  readonly used: number;
  /** Null for no limit. */
  readonly max: number | null;
  readonly children: ComponentChildren;
}

function Quota({ name, used, max, children }: QuotaProps) {
  return (
    <div class="quota">
      <p class="quota-name">{name}</p>
      <p class="number">{max === null ? `${count(used)}, no limit` : `${count(used)} of ${count(max)}`}</p>
      {max === null ? null : <Meter label={name} value={used} max={max} />}
      <p class="hint">{children}</p>
    </div>
  );
}

function HostsCard({ hosts }: { readonly hosts: readonly string[] }) {
  return (
    <Card title="Allowed websites">
      {hosts.length === 0 ? (
        <p class="quiet">None. Every task is rejected until the operator adds a host.</p>
      ) : (
        <>
          <ul class="hosts">
            {hosts.map((host) => (
              <li key={host}>
                <code>{host}</code>
              </li>
            ))}
          </ul>
          <p class="hint">
            <code>*.shop.example</code> allows every host below shop.example, but not shop.example itself.{" "}
            <code>*</code> allows every host. The operator changes this list.
          </p>
        </>
      )}
    </Card>
  );
}
