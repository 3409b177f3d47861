// What the object of an existing tenant holds: its settings record, and its keys, ledger and admission over the same storage.
// Each change raises the revision, so that nobody forgets to publish it. It asks no other object and sets no alarm.

import type { DrizzleSqliteDODatabase } from "drizzle-orm/durable-sqlite";
import { drizzle } from "drizzle-orm/durable-sqlite";
import { migrate } from "drizzle-orm/durable-sqlite/migrator";
import { newWebhookSecret, WEBHOOK_SECRET_BYTES } from "../webhooks/sign.ts";
import { AdaptiveFirstPoll } from "./adaptive-first-poll.ts";
import { Admission } from "./admission.ts";
import { Keyring } from "./keyring.ts";
import type { KeyMode } from "./keys.ts";
import { Ledger } from "./ledger.ts";
import migrations from "./migrations/migrations.js";
import { monthOf } from "./quota.ts";
import type { TenantLimits, TenantProfile, TenantRecord, TenantSnapshot } from "./settings.ts";
import { tenantRecordSchema } from "./settings.ts";

/** The storage key of the settings. */
const RECORD_KEY = "tenant";

/** Signing secrets at once. More overlapping rotations than this end the oldest: a header of signatures has its bounds. */
const MAX_SECRETS = 5;

/** A tenant to create. */
export interface NewTenant {
  readonly id: string;
  readonly name: string;
  readonly allowedHosts: readonly string[];
  readonly limits: TenantLimits;
}

/** A change of settings; what is undefined stays. */
export interface TenantPatch {
  readonly name?: string | undefined;
  readonly allowedHosts?: readonly string[] | undefined;
  readonly limits?: Partial<TenantLimits> | undefined;
  readonly suspended?: boolean | undefined;
}

/** The tenant's default endpoint; times in ms. */
export interface EndpointInfo {
  readonly url: string | null;
  readonly disabledAt: number | null;
  readonly disabledReason: string | null;
}

/** What a webhook needs: where it goes by default (null: nowhere), and every secret that signs now, newest first. */
export interface WebhookSettings {
  readonly endpoint: string | null;
  readonly secrets: readonly string[];
}

export class TenantState {
  readonly keyring: Keyring;
  readonly ledger: Ledger;
  readonly admission: Admission;
  /** By mode: test and live tasks have different solve times. */
  readonly firstPolls: Readonly<Record<KeyMode, AdaptiveFirstPoll>>;
  readonly #storage: DurableObjectStorage;
  #record: TenantRecord;
  /** The exhausted month that the edge knows or will know; undefined if an older version published the snapshot. */
  #announcedExhaustion: string | null | undefined;

  private constructor(storage: DurableObjectStorage, db: DrizzleSqliteDODatabase, record: TenantRecord) {
    this.#storage = storage;
    this.#record = record;
    this.#announcedExhaustion = record.publishedExhaustedMonth;
    this.keyring = new Keyring(db, record.profile.id);
    const now = Date.now();
    this.ledger = new Ledger(db, now);
    this.admission = new Admission(this.ledger, now);
    this.firstPolls = {
      live: new AdaptiveFirstPoll((limit) => this.ledger.solveTimes("live", limit)),
      test: new AdaptiveFirstPoll((limit) => this.ledger.solveTimes("test", limit)),
    };
  }

  /** The tenant that storage holds, or null. A tenant that does not exist leaves no table behind. */
  static async load(storage: DurableObjectStorage): Promise<TenantState | null> {
    const stored: unknown = storage.kv.get(RECORD_KEY);
    return stored === undefined ? null : TenantState.#open(storage, tenantRecordSchema.parse(stored));
  }

  /** A new tenant, written to storage, and the secret that signs its webhooks. */
  static async create(
    storage: DurableObjectStorage,
    wanted: NewTenant,
    now: number,
  ): Promise<{ readonly state: TenantState; readonly webhookSecret: string }> {
    const webhookSecret = freshSecret();
    const { id, name, limits } = wanted;
    const state = await TenantState.#open(storage, {
      version: 1,
      profile: { id, name, allowedHosts: [...wanted.allowedHosts], limits, suspended: false, createdAt: now },
      secrets: [{ secret: webhookSecret, expiresAt: null }],
      endpoint: null,
      revision: 0,
      published: 0,
      publishedExhaustedMonth: null,
    });
    state.touch();
    return { state, webhookSecret };
  }

  static async #open(storage: DurableObjectStorage, record: TenantRecord): Promise<TenantState> {
    const db: DrizzleSqliteDODatabase = drizzle(storage);
    await migrate(db, migrations);
    return new TenantState(storage, db, record);
  }

  get profile(): TenantProfile {
    return this.#record.profile;
  }

  get revision(): number {
    return this.#record.revision;
  }

  /** Whether KV lacks the latest revision. */
  get unpublished(): boolean {
    return this.#record.published < this.#record.revision;
  }

  /** Notes that KV has a snapshot. */
  markPublished({ revision, exhaustedMonth }: TenantSnapshot): void {
    const published = Math.max(this.#record.published, revision);
    this.#record = { ...this.#record, published, publishedExhaustedMonth: exhaustedMonth };
    this.#storage.kv.put(RECORD_KEY, this.#record);
  }

  /** Raises the revision: something that the edge must see has changed beside the settings. */
  touch(): void {
    this.#save({});
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
    this.touch();
    return true;
  }

  patch(patch: TenantPatch): TenantProfile {
    const { profile } = this.#record;
    const { maxInFlight, monthlyTasks } = patch.limits ?? {};
    const next: TenantProfile = {
      ...profile,
      name: patch.name ?? profile.name,
      allowedHosts: [...(patch.allowedHosts ?? profile.allowedHosts)],
      limits: {
        maxInFlight: maxInFlight ?? profile.limits.maxInFlight,
        // Null is a wish of its own: no limit.
        monthlyTasks: monthlyTasks === undefined ? profile.limits.monthlyTasks : monthlyTasks,
      },
      suspended: patch.suspended ?? profile.suspended,
    };
    this.#save({ profile: next });
    return next;
  }

  get endpoint(): EndpointInfo {
    return this.#record.endpoint ?? { url: null, disabledAt: null, disabledReason: null };
  }

  /** Sets the default endpoint, enabled; null for none. */
  setEndpoint(url: string | null): EndpointInfo {
    this.#save({ endpoint: url === null ? null : { url, disabledAt: null, disabledReason: null } });
    return this.endpoint;
  }

  /** Disables the endpoint, if it is still that address; says whether it did. */
  disableEndpoint(url: string, reason: string, now: number): boolean {
    const { endpoint } = this.#record;
    if (endpoint === null || endpoint.url !== url || endpoint.disabledAt !== null) return false;
    this.#save({ endpoint: { url, disabledAt: now, disabledReason: reason } });
    return true;
  }

  /** A new signing secret; the ones before it sign too for `overlapMs`. */
  rotateSecret(overlapMs: number, now: number): string {
    const secret = freshSecret();
    const until = now + overlapMs;
    const older = this.#record.secrets
      .map((old) => ({ secret: old.secret, expiresAt: Math.min(old.expiresAt ?? until, until) }))
      .filter(({ expiresAt }) => expiresAt > now);
    this.#save({ secrets: [{ secret, expiresAt: null }, ...older].slice(0, MAX_SECRETS) });
    return secret;
  }

  webhookSettings(now: number): WebhookSettings {
    const { url, disabledAt } = this.endpoint;
    const valid = this.#record.secrets.filter(({ expiresAt }) => expiresAt === null || expiresAt > now);
    return { endpoint: disabledAt === null ? url : null, secrets: valid.map(({ secret }) => secret) };
  }

  snapshot(now: number): TenantSnapshot {
    return {
      version: 1,
      revision: this.#record.revision,
      profile: this.profile,
      keys: this.keyring.forSnapshot(now),
      exhaustedMonth: this.exhaustedMonth(now),
    };
  }

  #save(change: Partial<TenantRecord>): void {
    this.#record = { ...this.#record, ...change, revision: this.#record.revision + 1 };
    this.#storage.kv.put(RECORD_KEY, this.#record);
  }
}

function freshSecret(): string {
  return newWebhookSecret(crypto.getRandomValues(new Uint8Array(WEBHOOK_SECRET_BYTES)));
}
