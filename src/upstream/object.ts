// The UpstreamObject, of which there is only one. It owns the states of the upstream accounts, grants one probe a minute per account,
// publishes the states to KV and alerts the operator.

import { DurableObject } from "cloudflare:workers";
import { z } from "zod";
import type { Alert } from "../alerts/alerts.ts";
import { alertSchema } from "../alerts/alerts.ts";
import { sendAlert } from "../alerts/raise.ts";
import type { Env } from "../env.ts";
import { configurationOf } from "../env.ts";
import { describeError, log } from "../log.ts";
import type { AccountStates, Probe } from "./account-states.ts";
import {
  accountStatesSchema,
  grantProbe,
  historySchema,
  isRefused,
  markOk,
  markRefused,
  NO_STATES,
  stateOf,
  withChanges,
} from "./account-states.ts";
import type { RefusalReport, UpstreamOverview } from "./rpc.ts";
import { STATES_KEY } from "./rpc.ts";
import type { UsageReport } from "./usage.ts";
import { UsageByMinute } from "./usage.ts";

/** The storage keys of the object. */
const RECORD_KEY = "states";
const USAGE_KEY = "usage";

/** First pause (ms) before a failed announcement is retried. KV accepts one write a second per key. */
const ANNOUNCE_RETRY_MS = 2_000;

/** Longest pause (ms) between retries. */
const LONGEST_ANNOUNCE_RETRY_MS = 60_000;

/** Usage is stored at most this often (ms), because each write is billed as a row. */
const STORE_USAGE_MS = 60_000;

const recordSchema = z.object({
  states: accountStatesSchema,
  /** The last revision written to KV. */
  published: z.int().nonnegative(),
  /** Alerts that the AlertObject has not accepted yet. */
  alerts: z.array(alertSchema),
  /** The last changes, newest first. Missing in records of older versions. */
  history: historySchema.default([]),
});
type UpstreamRecord = z.output<typeof recordSchema>;

/** The owner of the upstream accounts' states. */
export class UpstreamObject extends DurableObject<Env> {
  #record: UpstreamRecord;
  readonly #usage: UsageByMinute;
  #usageStoredAt = 0;
  /** Consecutive alarms that failed to announce everything. */
  #failures = 0;
  // Without overlap, so that an older copy cannot overwrite a newer one and no alert is sent twice.
  readonly #publishing = new OneAtATime();
  readonly #alerting = new OneAtATime();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#record = readRecord(ctx.storage.kv.get(RECORD_KEY));
    this.#usage = UsageByMinute.parse(ctx.storage.kv.get(USAGE_KEY));
  }

  /** The current states. */
  states(): AccountStates {
    return this.#record.states;
  }

  /** Records that the upstream rejected an account. Returns the new states. */
  reportRefused({ ageMs, ...refusal }: RefusalReport): AccountStates {
    const now = Date.now();
    const { account, code } = refusal;
    const wasRefused = isRefused(this.states(), account);
    const states = markRefused(this.states(), { ...refusal, sentAt: now - ageMs }, now);
    if (wasRefused || !isRefused(states, account)) return this.#change(states, []);
    log("error", "breaker_opened", { account, upstreamCode: code });
    const alerts: Alert[] = [{ type: "upstream.refused", data: { account, code } }];
    const accounts = configurationOf(this.env).upstreamAccounts.map(({ name }) => name);
    if (accounts.every((name) => isRefused(states, name)))
      alerts.push({ type: "upstream.exhausted", data: { accounts } });
    return this.#change(states, alerts);
  }

  /** Requests the probe of a refused account. At most one caller a minute gets it. */
  requestProbe(account: string): { readonly probe: Probe | null; readonly states: AccountStates } {
    const granted = grantProbe(this.states(), account, Date.now());
    if (granted === null) return { probe: null, states: this.states() };
    return { probe: granted.probe, states: this.#change(granted.states, []) };
  }

  /** Records that the response to a probe shows that the account works. Returns the new states. */
  reportWorking(probe: Probe): AccountStates {
    const { account } = probe;
    const code = stateOf(this.states(), account)?.code ?? "";
    const states = markOk(this.states(), probe, Date.now());
    if (states === this.states()) return states;
    log("info", "breaker_closed", { account });
    return this.#change(states, [{ type: "upstream.recovered", data: { account, code } }]);
  }

  /** Adds the counts of an isolate. They are stored once a minute, so an eviction can lose up to a minute. */
  reportUsage(reports: readonly UsageReport[]): void {
    const now = Date.now();
    for (const report of reports) this.#usage.add(report, now);
    if (now - this.#usageStoredAt < STORE_USAGE_MS) return;
    this.#usageStoredAt = now;
    this.ctx.storage.kv.put(USAGE_KEY, this.#usage.toJSON(now));
  }

  /** The states, the recent usage and the last changes of all accounts. */
  overview(): UpstreamOverview {
    const { states, history } = this.#record;
    return { states, usage: this.#usage.read(Date.now()), history };
  }

  override async alarm(): Promise<void> {
    await this.#announce();
    const { states, published, alerts } = this.#record;
    const announced = published >= states.revision && alerts.length === 0;
    this.#failures = announced ? 0 : this.#failures + 1;
    if (!announced) this.#arm(Math.min(ANNOUNCE_RETRY_MS * 2 ** this.#failures, LONGEST_ANNOUNCE_RETRY_MS));
  }

  /** Stores a change and starts to announce it. The alarm is set in the same write, so that an eviction cannot prevent it. */
  #change(states: AccountStates, alerts: readonly Alert[]): AccountStates {
    if (states === this.#record.states) return states;
    const { states: before, history, alerts: unsent } = this.#record;
    const after = { states, alerts: [...unsent, ...alerts], history: withChanges(history, before, states) };
    this.#store({ ...this.#record, ...after });
    this.#arm(ANNOUNCE_RETRY_MS);
    // Not awaited, so that the calling task does not wait for KV.
    void this.#announce();
    return states;
  }

  /** Publishes the states to KV and sends the alerts, in parallel. */
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
    // Not awaited: if the write fails, the output gate breaks and resets the object.
    void this.ctx.storage.setAlarm(Date.now() + inMs);
  }
}

/** An unreadable record counts as missing: every account is `ok` until the upstream rejects it again. */
function readRecord(stored: unknown): UpstreamRecord {
  const parsed = recordSchema.safeParse(stored);
  if (parsed.success) return parsed.data;
  if (stored !== undefined) log("error", "upstream_states_unreadable", { error: z.prettifyError(parsed.error) });
  return { states: NO_STATES, published: 0, alerts: [], history: [] };
}

/** Runs work without overlap. Work that is requested in the meantime or fails is left to the alarm. */
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
