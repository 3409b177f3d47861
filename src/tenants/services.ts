// The services of a tenant on the storage of its object. They do not call other objects.

import type { DrizzleSqliteDODatabase } from "drizzle-orm/durable-sqlite";
import { drizzle } from "drizzle-orm/durable-sqlite";
import { migrate } from "drizzle-orm/durable-sqlite/migrator";
import { Account } from "./account.ts";
import { OPERATOR } from "./actor.ts";
import { AdaptiveFirstPoll } from "./adaptive-first-poll.ts";
import { Admission } from "./admission.ts";
import type { Alarm } from "./alarm.ts";
import { AuditLog } from "./audit.ts";
import { Keyring } from "./keyring.ts";
import type { KeyMode } from "./keys.ts";
import type { TaskOutcome } from "./ledger.ts";
import { Ledger } from "./ledger.ts";
import migrations from "./migrations/migrations.js";
import { monthOf } from "./quota.ts";
import type { AccountView, CreatedTenant, NewTenant, TenantView, WebhookSettings } from "./rpc.ts";
import type { TenantProfile, TenantSnapshot } from "./settings.ts";
import { SettingsStore } from "./settings-store.ts";
import { randomSecret, WebhookEndpoints } from "./webhook-endpoints.ts";

/** The result of reporting an outcome. */
interface ReportedOutcome {
  /** Whether the ledger contains the outcome. */
  readonly entered: boolean;
  /** Whether the outcome was new. */
  readonly isNew: boolean;
  readonly settings: WebhookSettings;
  /** The tasks that were admitted to the released slot. */
  readonly admitted: readonly string[];
}

/** The services of a tenant. */
export class TenantServices {
  readonly settings: SettingsStore;
  readonly keyring: Keyring;
  readonly webhooks: WebhookEndpoints;
  readonly audit: AuditLog;
  readonly account: Account;
  readonly ledger: Ledger;
  readonly admission: Admission;
  /** By mode, because test and live tasks have different solve times. */
  readonly firstPolls: Readonly<Record<KeyMode, AdaptiveFirstPoll>>;
  /** The exhausted month in the published or next snapshot. Undefined if an older version published the snapshot. */
  #announcedExhaustion: string | null | undefined;

  private constructor(db: DrizzleSqliteDODatabase, settings: SettingsStore) {
    const now = Date.now();
    this.settings = settings;
    this.#announcedExhaustion = settings.record.publishedExhaustedMonth;
    this.keyring = new Keyring(db);
    this.webhooks = new WebhookEndpoints(settings);
    this.audit = new AuditLog(db);
    this.account = new Account(this);
    this.ledger = new Ledger(db, now);
    this.admission = new Admission(this.ledger, now);
    this.firstPolls = {
      live: new AdaptiveFirstPoll((limit) => this.ledger.solveTimes("live", limit)),
      test: new AdaptiveFirstPoll((limit) => this.ledger.solveTimes("test", limit)),
    };
  }

  /**
   * Loads the tenant. Null if there is none. Tables are only created for a tenant.
   * @throws if this version cannot read the tenant or a migration fails. Storage does not change then.
   */
  static async load(storage: DurableObjectStorage, alarm: Alarm): Promise<TenantServices | null> {
    const settings = SettingsStore.load(storage, alarm);
    return settings === null ? null : TenantServices.#open(storage, settings);
  }

  /** Creates a tenant in storage. */
  static async create(
    storage: DurableObjectStorage,
    alarm: Alarm,
    wanted: NewTenant,
    now: number,
  ): Promise<TenantServices> {
    const { id, name, limits, upstreamAccount = null, location = null } = wanted;
    const allowedHosts = [...wanted.allowedHosts];
    const settings = SettingsStore.create(storage, alarm, {
      version: 1,
      profile: { id, name, allowedHosts, limits, suspended: false, createdAt: now, upstreamAccount, location },
      secrets: [{ secret: randomSecret(), expiresAt: null }],
      endpoint: null,
      testWebhook: { secrets: [{ secret: randomSecret(), expiresAt: null }], endpoint: null },
      revision: 0,
      published: 0,
      publishedExhaustedMonth: null,
    });
    const tenant = await TenantServices.#open(storage, settings);
    tenant.audit.record(OPERATOR, "tenant.created", id, null, { name, upstreamAccount, location }, now);
    return tenant;
  }

  static async #open(storage: DurableObjectStorage, settings: SettingsStore): Promise<TenantServices> {
    const db: DrizzleSqliteDODatabase = drizzle(storage);
    await migrate(db, migrations);
    return new TenantServices(db, settings);
  }

  get profile(): TenantProfile {
    return this.settings.profile;
  }

  /** The operator's view of the tenant. */
  view(now: number): TenantView {
    const live = this.admission.counts("live");
    const test = this.admission.counts("test");
    return {
      ...this.profile,
      inFlight: { live: live.inFlight, test: test.inFlight },
      queued: { live: live.queued, test: test.queued },
      month: this.#month(now),
    };
  }

  /** A key's view of the tenant. */
  accountView(mode: KeyMode, now: number): AccountView {
    const { id, name, suspended, allowedHosts, limits } = this.profile;
    return {
      tenant: { id, name, suspended },
      mode,
      allowedHosts,
      limits,
      month: this.#month(now),
      ...this.admission.counts(mode),
    };
  }

  /** The view of a new tenant with its signing secrets. */
  createdView(now: number): CreatedTenant {
    const secretOf = (mode: KeyMode) => this.webhooks.secret(mode, now).secret;
    return { tenant: this.view(now), webhookSecrets: { live: secretOf("live"), test: secretOf("test") } };
  }

  /** The current snapshot. */
  snapshot(now: number): TenantSnapshot {
    return {
      version: 1,
      revision: this.settings.record.revision,
      profile: this.profile,
      keys: this.keyring.forSnapshot(now),
      exhaustedMonth: this.exhaustedMonth(now),
    };
  }

  /**
   * Releases the slot of a finished task and records its outcome once.
   * @param mayWait if the task has a webhook, keep the outcome in memory until the task reports it again after the first attempt
   */
  reportOutcome(report: TaskOutcome, mayWait: boolean, now: number): ReportedOutcome {
    const settings =
      report.webhookState === null
        ? this.webhooks.settingsOfEnded(report.mode, report.finishedAt, now)
        : this.webhooks.settings(report.mode, now);
    const webhookState = report.webhookState ?? (settings.endpoint === null ? null : "pending");
    const entered = !mayWait || webhookState === null;
    const outcome = { ...report, webhookState };
    const isNew = entered ? this.ledger.recordOutcome(outcome, now) : this.ledger.hold(outcome, now);
    const { mode, unsolvedMs, solveMs } = outcome;
    if (isNew && unsolvedMs !== null && solveMs !== null) {
      this.firstPolls[mode].record({ afterMs: unsolvedMs, byMs: solveMs });
    }
    return { entered, isNew, settings, admitted: this.admission.release(report, this.profile, now) };
  }

  /** The current month (`2026-11`) if its quota is used up, else null. */
  exhaustedMonth(now: number): string | null {
    return this.admission.exhausted(this.profile, now) ? monthOf(now) : null;
  }

  /** Increases the revision if the exhausted month has changed since it was last announced. Returns whether it has. */
  announceExhaustion(now: number): boolean {
    const month = this.exhaustedMonth(now);
    const announced = this.#announcedExhaustion;
    this.#announcedExhaustion = month;
    // A snapshot that an older version published without a quota is still correct.
    if (month === announced || (announced === undefined && this.profile.limits.monthlyTasks === null)) return false;
    this.settings.update({});
    return true;
  }

  #month(now: number) {
    return { liveTasks: this.admission.liveTasksOfMonth(now), quota: this.profile.limits.monthlyTasks };
  }
}
