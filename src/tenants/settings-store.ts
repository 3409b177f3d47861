// The settings record of a tenant in storage. Changes that affect the snapshot increase the revision.

import type { Alarm } from "./alarm.ts";
import type { TenantPatch } from "./rpc.ts";
import type { TenantProfile, TenantRecord, TenantSnapshot } from "./settings.ts";
import { tenantRecordSchema } from "./settings.ts";

/** The storage key of the record. */
const RECORD_KEY = "tenant";

/** The alarm publishes the snapshot this long (ms) after a change or a failed write. KV accepts one write a second per key. */
const PUBLISH_MS = 1_500;

/** The stored settings of a tenant. */
export class SettingsStore {
  readonly #storage: DurableObjectStorage;
  readonly #alarm: Alarm;
  #record: TenantRecord;

  private constructor(storage: DurableObjectStorage, alarm: Alarm, record: TenantRecord) {
    this.#storage = storage;
    this.#alarm = alarm;
    this.#record = record;
  }

  /**
   * Loads the settings, or returns null if there is no tenant.
   * @throws ZodError if this version cannot read the record
   */
  static load(storage: DurableObjectStorage, alarm: Alarm): SettingsStore | null {
    const stored: unknown = storage.kv.get(RECORD_KEY);
    return stored === undefined ? null : new SettingsStore(storage, alarm, tenantRecordSchema.parse(stored));
  }

  /** Stores the settings of a new tenant. */
  static create(storage: DurableObjectStorage, alarm: Alarm, record: TenantRecord): SettingsStore {
    const store = new SettingsStore(storage, alarm, record);
    store.update({});
    return store;
  }

  get record(): TenantRecord {
    return this.#record;
  }

  get profile(): TenantProfile {
    return this.#record.profile;
  }

  /** Whether the latest revision was not published to KV yet. */
  get unpublished(): boolean {
    return this.#record.published < this.#record.revision;
  }

  /** Records that a snapshot was published. */
  markPublished({ revision, exhaustedMonth }: TenantSnapshot): void {
    const published = Math.max(this.#record.published, revision);
    this.save({ published, publishedExhaustedMonth: exhaustedMonth });
  }

  /** Stores a change that does not affect the snapshot. */
  save(change: Partial<TenantRecord>): void {
    this.#record = { ...this.#record, ...change };
    this.#storage.kv.put(RECORD_KEY, this.#record);
  }

  /**
   * Stores a change that affects the snapshot. `{}`: something outside of the record has changed, such as a key. The alarm is set in the
   * same write, so that the snapshot is published even if the object is evicted before it reaches KV.
   */
  update(change: Partial<TenantRecord>): void {
    this.save({ ...change, revision: this.#record.revision + 1 });
    this.publishLater();
  }

  /** Makes sure that the alarm publishes the snapshot soon. */
  publishLater(): void {
    this.#alarm.ringBy(Date.now() + PUBLISH_MS);
  }

  /** Updates the settings. */
  patch(patch: TenantPatch): TenantProfile {
    const { profile } = this.#record;
    const { maxInFlight, monthlyTasks } = patch.limits ?? {};
    const patched: TenantProfile = {
      ...profile,
      name: patch.name ?? profile.name,
      allowedHosts: [...(patch.allowedHosts ?? profile.allowedHosts)],
      limits: {
        maxInFlight: maxInFlight ?? profile.limits.maxInFlight,
        // Null removes the quota.
        monthlyTasks: monthlyTasks === undefined ? profile.limits.monthlyTasks : monthlyTasks,
      },
      suspended: patch.suspended ?? profile.suspended,
      upstreamAccount: patch.upstreamAccount === undefined ? profile.upstreamAccount : patch.upstreamAccount,
    };
    this.update({ profile: patched });
    return patched;
  }
}
