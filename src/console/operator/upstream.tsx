// The upstream accounts: which of them work, since when one is refused, and the last changes.

import type { UpstreamAccount, UpstreamChange } from "../../client/index.ts";
import { loadEvery, useWatch } from "../refresh/watch.ts";
import { useOperator } from "../session/session.ts";
import { useNow } from "../ui/clock.ts";
import { Notice } from "../ui/controls.tsx";
import { ago, count, countdown, moment } from "../ui/formats.ts";
import { Loaded } from "../ui/loaded.tsx";
import { Badge, Card, Empty, Fact, Heading, None } from "../ui/surfaces.tsx";
import { type Column, Table } from "../ui/table.tsx";

/** How often (ms) the accounts are read: a refused one is probed once a minute. */
const REFRESH_MS = 15_000;

export function UpstreamView() {
  const { client } = useOperator();
  const overview = useWatch("upstream", (signal) => client.upstreamOverview({ signal }), loadEvery(REFRESH_MS));
  return (
    <>
      <Heading>Upstream</Heading>
      <p class="lead">The accounts in order of preference. New tasks go to the first one that works.</p>
      <Loaded watched={overview} lines={6}>
        {({ accounts, history }) => (
          <>
            <Accounts accounts={accounts} />
            <History changes={history} />
          </>
        )}
      </Loaded>
    </>
  );
}

function Accounts({ accounts }: { readonly accounts: readonly UpstreamAccount[] }) {
  const refused = accounts.filter(({ state }) => state === "refused").length;
  if (accounts.length === 0) {
    return (
      <Empty title="No upstream account">
        <p>
          Live tasks are rejected until <code>UPSTREAM_CLIENT_KEY</code> or <code>UPSTREAM_ACCOUNTS</code> is set. Test
          tasks need no account.
        </p>
      </Empty>
    );
  }
  return (
    <>
      {refused === 0 ? null : (
        <Notice
          tone={refused === accounts.length ? "bad" : "warn"}
          title={
            refused === accounts.length
              ? "No account works: live tasks wait until their deadlines."
              : `${refused} of ${accounts.length} accounts ${refused === 1 ? "is" : "are"} refused by the upstream.`
          }
        >
          <p>Check the account's balance and key with the service. One task a minute probes a refused account.</p>
        </Notice>
      )}
      <ol class="accounts">
        {accounts.map((account, index) => (
          <li key={account.name}>
            <AccountCard account={account} place={index + 1} />
          </li>
        ))}
      </ol>
    </>
  );
}

function History({ changes }: { readonly changes: readonly UpstreamChange[] }) {
  return (
    <Card title="History">
      {changes.length === 0 ? (
        <p class="quiet">No account was refused yet. Refusals and recoveries are listed here, the last 20.</p>
      ) : (
        <Table class="changes stacks" caption="Changes of state, newest first" columns={COLUMNS} rows={changes} />
      )}
    </Card>
  );
}

const COLUMNS: readonly Column<UpstreamChange>[] = [
  { name: "Time", class: "cell-when", cell: ({ at }) => <time dateTime={at}>{moment(Date.parse(at))}</time> },
  { name: "Account", class: "cell-account", cell: ({ account }) => account },
  { name: "State", class: "cell-state", cell: ({ state }) => <StateBadge state={state} /> },
  {
    name: "Reason",
    class: "cell-reason",
    cell: ({ code }) => (code === null ? <None /> : <span class="mono">{code}</span>),
  },
];

function StateBadge({ state }: Pick<UpstreamAccount, "state">) {
  return state === "ok" ? <Badge tone="on">Working</Badge> : <Badge tone="off">Refused</Badge>;
}

function AccountCard({ account, place }: { readonly account: UpstreamAccount; readonly place: number }) {
  const now = useNow(1_000);
  const { name, url, state, code, since, nextProbeAt, lastSuccessAt, tasksLastHour } = account;
  const probe = nextProbeAt === null ? null : Date.parse(nextProbeAt) - now;
  return (
    <section class="card">
      <h2>
        <span class="quiet">{place}.</span> {name} <StateBadge state={state} />
      </h2>
      <dl class="facts">
        <Fact name="URL" mono>
          {url}
        </Fact>
        {code === null ? null : (
          <Fact name="Reason" mono>
            {code}
          </Fact>
        )}
        {since === null ? null : (
          <Fact name={state === "ok" ? "Working since" : "Refused since"}>
            <time dateTime={since} title={moment(Date.parse(since))}>
              {moment(Date.parse(since))} ({ago(Date.parse(since), now)})
            </time>
          </Fact>
        )}
        {probe === null ? null : (
          <Fact name="Next probe">{probe > 0 ? `In ${countdown(probe)}` : "With the next task"}</Fact>
        )}
        <Fact name="Last success">
          {lastSuccessAt === null ? (
            "Not known"
          ) : (
            <time dateTime={lastSuccessAt} title={moment(Date.parse(lastSuccessAt))}>
              {ago(Date.parse(lastSuccessAt), now)}
            </time>
          )}
        </Fact>
        <Fact name="Last hour">{count(tasksLastHour)} tasks</Fact>
      </dl>
    </section>
  );
}
