// The upstream accounts: which of them work, and since when one is refused.

import type { UpstreamAccount } from "../api/wire.ts";
import type { RefreshPolicy } from "../refresh/watch.ts";
import { useWatch } from "../refresh/watch.ts";
import { useOperator } from "../session/session.ts";
import { useNow } from "../ui/clock.ts";
import { FailureNotice, Notice } from "../ui/controls.tsx";
import { age, count, countdown, moment } from "../ui/formats.ts";
import { Badge, Empty, Fact, Heading, Skeleton } from "../ui/surfaces.tsx";

/** How often the accounts are read (ms): a refused one is probed once a minute. */
const REFRESH_MS = 15_000;

const policyOf = (_accounts: unknown, now: number): RefreshPolicy => ({
  running: false,
  nextChangeAt: now + REFRESH_MS,
  final: false,
});

export function UpstreamView() {
  const { api } = useOperator();
  const { value, failure, nextAt, refresh } = useWatch("upstream", (signal) => api.upstream(signal), policyOf);
  return (
    <>
      <Heading>Upstream</Heading>
      <p class="lead">The accounts in order of preference. New tasks go to the first one that works.</p>
      {failure === null ? null : <FailureNotice failure={failure} nextAt={nextAt} retry={refresh} />}
      {value === null ? failure === null && <Skeleton lines={6} /> : <Accounts accounts={value} />}
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

function AccountCard({ account, place }: { readonly account: UpstreamAccount; readonly place: number }) {
  const now = useNow(1_000);
  const { name, url, state, code, since, nextProbeAt, lastSuccessAt, tasksLastHour } = account;
  const ago = (time: string) => {
    const words = age(Date.parse(time), now);
    return words === "now" ? "just now" : `${words} ago`;
  };
  const probe = nextProbeAt === null ? null : Date.parse(nextProbeAt) - now;
  return (
    <section class="card">
      <h2>
        <span class="quiet">{place}.</span> {name}{" "}
        {state === "ok" ? <Badge tone="on">Working</Badge> : <Badge tone="off">Refused</Badge>}
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
              {moment(Date.parse(since))} ({ago(since)})
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
              {ago(lastSuccessAt)}
            </time>
          )}
        </Fact>
        <Fact name="Last hour">{count(tasksLastHour)} tasks</Fact>
      </dl>
    </section>
  );
}
