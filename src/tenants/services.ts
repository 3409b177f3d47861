// The services of one tenant over the storage of its object: settings, keys, webhook endpoints, ledger and admission. They call
// no other object and set no alarm.

import type { DrizzleSqliteDODatabase } from "drizzle-orm/durable-sqlite";
import { drizzle } from "drizzle-orm/durable-sqlite";
import { migrate } from "drizzle-orm/durable-sqlite/migrator";
import { AdaptiveFirstPoll } from "./adaptive-first-poll.ts";
import { Admission } from "./admission.ts";
import { Keyring } from "./keyring.ts";
import type { KeyMode } from "./keys.ts";
import { Ledger } from "./ledger.ts";
import migrations from "./migrations/migrations.js";
import { monthOf } from "./quota.ts";
import type { NewTenant } from "./rpc.ts";
import type { TenantProfile, TenantSnapshot } from "./settings.ts";
import { SettingsStore } from "./settings-store.ts";
import { randomSecret, WebhookEndpoints } from "./webhook-endpoints.ts";

export class TenantServices {
  readonly settings: SettingsStore;
  readonly keyring: Keyring;
  readonly webhooks: WebhookEndpoints;
  readonly ledger: Ledger;
  readonly admission: Admission;
  /** By mode: test and live tasks have different solve times. */
  readonly firstPolls: Readonly<Record<KeyMode, AdaptiveFirstPoll>>;
  /** The exhausted month that the edge knows or will know; undefined if an older version published the snapshot. */
  #announcedExhaustion: string | null | undefined;

  private constructor(db: DrizzleSqliteDODatabase, settings: SettingsStore) {
    const now = Date.now();
    this.settings = settings;
    this.#announcedExhaustion = settings.record.publishedExhaustedMonth;
    this.keyring = new Keyring(db);
    this.webhooks = new WebhookEndpoints(settings);
    this.ledger = new Ledger(db, now);
    this.admission = new Admission(this.ledger, now);
    this.firstPolls = {
      live: new AdaptiveFirstPoll((limit) => this.ledger.solveTimes("live", limit)),
      test: new AdaptiveFirstPoll((limit) => this.ledger.solveTimes("test", limit)),
    };
  }

  /** The tenant in storage, or null. An object without a tenant creates no tables. */
  static async load(storage: DurableObjectStorage): Promise<TenantServices | null> {
    const settings = SettingsStore.load(storage);
    return settings === null ? null : TenantServices.#open(storage, settings);
  }

  /** Writes a new tenant to storage. */
  static async create(storage: DurableObjectStorage, wanted: NewTenant, now: number): Promise<TenantServices> {
    const { id, name, limits } = wanted;
    const settings = SettingsStore.create(storage, {
      version: 1,
      profile: { id, name, allowedHosts: [...wanted.allowedHosts], limits, suspended: false, createdAt: now },
      secrets: [{ secret: randomSecret(), expiresAt: null }],
      endpoint: null,
      testWebhook: { secrets: [{ secret: randomSecret(), expiresAt: null }], endpoint: null },
      revision: 0,
      published: 0,
      publishedExhaustedMonth: null,
    });
    return TenantServices.#open(storage, settings);
  }

  static async #open(storage: DurableObjectStorage, settings: SettingsStore): Promise<TenantServices> {
    const db: DrizzleSqliteDODatabase = drizzle(storage);
    await migrate(db, migrations);
    return new TenantServices(db, settings);
  }

  get profile(): TenantProfile {
    return this.settings.profile;
  }

  /** What the edge needs to know of the tenant now. */
  snapshot(now: number): TenantSnapshot {
    return {
      version: 1,
      revision: this.settings.record.revision,
      profile: this.profile,
      keys: this.keyring.forSnapshot(now),
      exhaustedMonth: this.exhaustedMonth(now),
    };
  }

  /** The current month (`2026-11`) if its quota of live tasks is used up, else null. */
  exhaustedMonth(now: number): string | null {
    return this.admission.exhausted(this.profile, now) ? monthOf(now) : null;
  }

  /** Raises the revision if the exhausted month is not the one that was announced; returns whether it did. */
  announceExhaustion(now: number): boolean {
    const month = this.exhaustedMonth(now);
    const announced = this.#announcedExhaustion;
    this.#announcedExhaustion = month;
    // Removing the limit published the snapshot, so without a quota what older versions announced is correct.
    if (month === announced || (announced === undefined && this.profile.limits.monthlyTasks === null)) return false;
    this.settings.update({});
    return true;
  }
}
