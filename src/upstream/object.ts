// The UpstreamObject: one in the world, the only owner of the upstream accounts' states. It grants the one probe a minute, publishes
// a copy to KV, and alerts the operator. Tasks ask it only while an account is not `ok`.

import { DurableObject } from "cloudflare:workers";
import { z } from "zod";
import type { Alert } from "../alerts/alerts.ts";
import { alertSchema } from "../alerts/alerts.ts";
import { sendAlert } from "../alerts/raise.ts";
import type { Env } from "../env.ts";
import { configurationOf } from "../env.ts";
import { describeError, log } from "../log.ts";
import type { AccountStates, Probe } from "./account-states.ts";
import { accountStatesSchema, grantProbe, isRefused, NO_STATES, recover, refuse, stateOf } from "./account-states.ts";
import type { RefusalReport, UpstreamOverview } from "./rpc.ts";
import { STATES_KEY } from "./rpc.ts";
import type { UsageReport } from "./usage.ts";
import { UsageByMinute } from "./usage.ts";

/** The storage keys of the object. */
const RECORD_KEY = "states";
const USAGE_KEY = "usage";

/** A change that KV or the alerts have not taken is tried again after this (ms): KV takes one write a second to a key. */
const ANNOUNCE_RETRY_MS = 2_000;

/** The longest pause (ms) between two tries. */
const LONGEST_ANNOUNCE_RETRY_MS = 60_000;

/** Usage is stored this often (ms) at most: each time is a row. */
const STORE_USAGE_MS = 60_000;

const recordSchema = z.object({
  states: accountStatesSchema,
  /** The revision that KV has. */
  published: z.int().nonnegative(),
  /** Alerts that the AlertObject has not taken yet. */
  alerts: z.array(alertSchema),
});
type UpstreamRecord = z.output<typeof recordSchema>;

export class UpstreamObject extends DurableObject<Env> {
  #record: UpstreamRecord;
  readonly #usage: UsageByMinute;
  #usageStoredAt = 0;
  /** Alarms in a row that did not get everything announced. */
  #failures = 0;
  // One at a time: an older copy must not overwrite a newer one, and no alert may be handed over twice.
  readonly #publishing = new OneAtATime();
  readonly #alerting = new OneAtATime();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#record = readRecord(ctx.storage.kv.get(RECORD_KEY));
    this.#usage = UsageByMinute.parse(ctx.storage.kv.get(USAGE_KEY));
  }

  /** The states as they are now. */
  states(): AccountStates {
    return this.#record.states;
  }

  /** Takes note of an answer that refuses an account. Returns the states after it. */
  reportRefused({ ageMs, ...refusal }: RefusalReport): AccountStates {
    const now = Date.now();
    const { account, code } = refusal;
    const wasRefused = isRefused(this.states(), account);
    const states = refuse(this.states(), { ...refusal, sentAt: now - ageMs }, now);
    if (wasRefused || !isRefused(states, account)) return this.#change(states, []);
    log("error", "breaker_opened", { account, upstreamCode: code });
    const alerts: Alert[] = [{ type: "upstream.refused", data: { account, code } }];
    const accounts = configurationOf(this.env).upstreamAccounts.map(({ name }) => name);
    if (accounts.every((name) => isRefused(states, name)))
      alerts.push({ type: "upstream.exhausted", data: { accounts } });
    return this.#change(states, alerts);
  }

  /** Asks to probe a refused account. At most one caller a minute gets the probe. */
  requestProbe(account: string): { readonly probe: Probe | null; readonly states: AccountStates } {
    const granted = grantProbe(this.states(), account, Date.now());
    if (granted === null) return { probe: null, states: this.states() };
    return { probe: granted.probe, states: this.#change(granted.states, []) };
  }

  /** Takes note that a probe got an answer that shows that its account works. Returns the states after it. */
  reportWorking(probe: Probe): AccountStates {
    const { account } = probe;
    const code = stateOf(this.states(), account)?.code ?? "";
    const states = recover(this.states(), probe, Date.now());
    if (states === this.states()) return states;
    log("info", "breaker_closed", { account });
    return this.#change(states, [{ type: "upstream.recovered", data: { account, code } }]);
  }

  /** Adds what an isolate has sent since its last report. Kept in memory and stored once a minute: up to a minute may be lost. */
  reportUsage(reports: readonly UsageReport[]): void {
    const now = Date.now();
    for (const report of reports) this.#usage.add(report, now);
    if (now - this.#usageStoredAt < STORE_USAGE_MS) return;
    this.#usageStoredAt = now;
    this.ctx.storage.kv.put(USAGE_KEY, this.#usage.toJSON(now));
  }

  overview(): UpstreamOverview {
    return { states: this.states(), usage: this.#usage.read(Date.now()) };
  }

  override async alarm(): Promise<void> {
    await this.#announce();
    const { states, published, alerts } = this.#record;
    const announced = published >= states.revision && alerts.length === 0;
    this.#failures = announced ? 0 : this.#failures + 1;
    if (!announced) this.#arm(Math.min(ANNOUNCE_RETRY_MS * 2 ** this.#failures, LONGEST_ANNOUNCE_RETRY_MS));
  }

  /** Stores a change, and starts to announce it. The alarm is set with it: an eviction must not keep the change from KV. */
  #change(states: AccountStates, alerts: readonly Alert[]): AccountStates {
    if (states === this.#record.states) return states;
    this.#store({ ...this.#record, states, alerts: [...this.#record.alerts, ...alerts] });
    this.#arm(ANNOUNCE_RETRY_MS);
    // Not awaited: the task that reports or asks must not wait for KV.
    void this.#announce();
    return states;
  }

  /** Writes the copy to KV and hands over the alerts. Neither waits for the other. */
  async #announce(): Promise<void> {
    await Promise.all([this.#publishing.run(() => this.#publish()), this.#alerting.run(() => this.#sendAlerts())]);
  }

  async #publish(): Promise<void> {
    const { states, published } = this.#record;
    if (published >= states.revision) return;
    await this.env.DIRECTORY.put(STATES_KEY, JSON.stringify(states));
    this.#store({ ...this.#record, published: states.revision });
  }

  async #sendAlerts(): Promise<void> {
    for (let [alert] = this.#record.alerts; alert !== undefined; [alert] = this.#record.alerts) {
      await sendAlert(this.env, alert);
      this.#store({ ...this.#record, alerts: this.#record.alerts.slice(1) });
    }
  }

  #store(record: UpstreamRecord): void {
    this.ctx.storage.kv.put(RECORD_KEY, record);
    this.#record = record;
  }

  #arm(inMs: number): void {
    // Not awaited: a failed write breaks the output gate and with it this instance.
    void this.ctx.storage.setAlarm(Date.now() + inMs);
  }
}

/** A record that cannot be read is as good as none: every account is `ok` until the upstream refuses it again. */
function readRecord(stored: unknown): UpstreamRecord {
  const parsed = recordSchema.safeParse(stored);
  if (parsed.success) return parsed.data;
  if (stored !== undefined) log("error", "upstream_states_unreadable", { error: z.prettifyError(parsed.error) });
  return { states: NO_STATES, published: 0, alerts: [] };
}

/** Runs work that must not overlap. Work that is asked for meanwhile is left to the alarm, and so is work that failed. */
class OneAtATime {
  #running = false;

  async run(work: () => Promise<void>): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      await work();
    } catch (error) {
      log("warn", "breaker_unwritten", { ...describeError(error) });
    } finally {
      this.#running = false;
    }
  }
}
