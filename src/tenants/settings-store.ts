// The settings record of a tenant in storage. A change that the edge has to know raises the revision, and the snapshot follows it.

import type { TenantPatch } from "./rpc.ts";
import type { TenantProfile, TenantRecord, TenantSnapshot } from "./settings.ts";
import { tenantRecordSchema } from "./settings.ts";

/** The storage key of the record. */
const RECORD_KEY = "tenant";

export class SettingsStore {
  readonly #storage: DurableObjectStorage;
  #record: TenantRecord;

  private constructor(storage: DurableObjectStorage, record: TenantRecord) {
    this.#storage = storage;
    this.#record = record;
  }

  /**
   * The settings in storage, or null when there is no tenant.
   * @throws ZodError for a record that this version cannot read
   */
  static load(storage: DurableObjectStorage): SettingsStore | null {
    const stored: unknown = storage.kv.get(RECORD_KEY);
    return stored === undefined ? null : new SettingsStore(storage, tenantRecordSchema.parse(stored));
  }

  /** Writes the first record of a tenant. */
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

  /** Whether KV lacks the latest revision. */
  get unpublished(): boolean {
    return this.#record.published < this.#record.revision;
  }

  /** Notes that KV has a snapshot. */
  markPublished({ revision, exhaustedMonth }: TenantSnapshot): void {
    const published = Math.max(this.#record.published, revision);
    this.save({ published, publishedExhaustedMonth: exhaustedMonth });
  }

  /** Stores a change that the snapshot does not contain. */
  save(change: Partial<TenantRecord>): void {
    this.#record = { ...this.#record, ...change };
    this.#storage.kv.put(RECORD_KEY, this.#record);
  }

  /** Stores a change that the snapshot contains: the revision rises. `{}` is for a change outside of the record. */
  update(change: Partial<TenantRecord>): void {
    this.save({ ...change, revision: this.#record.revision + 1 });
  }

  /** Applies a patch of the operator. */
  patch(patch: TenantPatch): TenantProfile {
    const { profile } = this.#record;
    const { maxInFlight, monthlyTasks } = patch.limits ?? {};
    const patched: TenantProfile = {
      ...profile,
      name: patch.name ?? profile.name,
      allowedHosts: [...(patch.allowedHosts ?? profile.allowedHosts)],
      limits: {
        maxInFlight: maxInFlight ?? profile.limits.maxInFlight,
        // Null is a value of its own, no quota, so only undefined keeps it.
        monthlyTasks: monthlyTasks === undefined ? profile.limits.monthlyTasks : monthlyTasks,
      },
      suspended: patch.suspended ?? profile.suspended,
      upstreamAccount: patch.upstreamAccount === undefined ? profile.upstreamAccount : patch.upstreamAccount,
    };
    this.update({ profile: patched });
    return patched;
  }
}
