// The account: which websites the tenant may use, its limits and how much of them is used, and the audit log.

import type { Account } from "../../client/index.ts";
import { loadEvery, useAllEvents, useWatch } from "../refresh/watch.ts";
import { useTenant } from "../session/session.ts";
import { Notice } from "../ui/controls.tsx";
import { count, percent } from "../ui/formats.ts";
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
          <div class="quota">
            <p class="quota-name">Tasks in flight</p>
            <p class="number">
              {count(inFlight)} of {count(limits.maxInFlight)}
            </p>
            <Meter label="Tasks in flight" value={inFlight} max={limits.maxInFlight} />
            <p class="hint">
              {mode === "live" ? "Live" : "Test"} tasks only. {count(queued)} waiting for a free slot.
            </p>
          </div>
          <MonthQuota month={month} />
        </Card>
      </div>
      <HostsCard hosts={account.allowedHosts} />
    </>
  );
}

function MonthQuota({ month: { liveTasks, quota } }: Pick<Account, "month">) {
  return (
    <div class="quota">
      <p class="quota-name">Live tasks this month (UTC)</p>
      {quota === null ? (
        <p class="number">{count(liveTasks)}, no limit</p>
      ) : (
        <>
          <p class="number">
            {count(liveTasks)} of {count(quota)}
          </p>
          <Meter label="Live tasks this month" value={liveTasks} max={quota} />
          <p class="hint">
            {liveTasks >= quota
              ? "The quota is used up: live tasks are rejected until next month."
              : `${percent(liveTasks / quota)} used. Test tasks are not counted.`}
          </p>
        </>
      )}
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
