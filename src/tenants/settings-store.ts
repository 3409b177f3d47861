// The settings record of a tenant in storage. Changes that affect the snapshot increase the revision.

import type { TenantPatch } from "./rpc.ts";
import type { TenantProfile, TenantRecord, TenantSnapshot } from "./settings.ts";
import { tenantRecordSchema } from "./settings.ts";

/** The storage key of the record. */
const RECORD_KEY = "tenant";

/** The stored settings of a tenant. */
export class SettingsStore {
  readonly #storage: DurableObjectStorage;
  #record: TenantRecord;

  private constructor(storage: DurableObjectStorage, record: TenantRecord) {
    this.#storage = storage;
    this.#record = record;
  }

  /**
   * Loads the settings, or returns null if there is no tenant.
   * @throws ZodError if this version cannot read the record
   */
  static load(storage: DurableObjectStorage): SettingsStore | null {
    const stored: unknown = storage.kv.get(RECORD_KEY);
    return stored === undefined ? null : new SettingsStore(storage, tenantRecordSchema.parse(stored));
  }

  /** Stores the settings of a new tenant. */
  static create(storage: DurableObjectStorage, record: TenantRecord): SettingsStore {
    const store = new SettingsStore(storage, record);
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

  /** Stores a change that affects the snapshot. `{}`: something outside of the record has changed, such as a key. */
  update(change: Partial<TenantRecord>): void {
    this.save({ ...change, revision: this.#record.revision + 1 });
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
