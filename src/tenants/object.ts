// The TenantObject: one per tenant, the truth about its settings, keys, slots and ledger. It publishes a snapshot of what the
// edge needs to KV, and wakes tasks. Nothing on the path that accepts a task asks it. It knows no HTTP shapes.

import { DurableObject } from "cloudflare:workers";
import type { DrizzleSqliteDODatabase } from "drizzle-orm/durable-sqlite";
import { drizzle } from "drizzle-orm/durable-sqlite";
import { migrate } from "drizzle-orm/durable-sqlite/migrator";
import type { Env } from "../env.ts";
import { describeError, log } from "../log.ts";
import type { AdmissionOutcome } from "../tasks/lifecycle.ts";
import type { TaskObject } from "../tasks/object.ts";
import { newWebhookSecret, WEBHOOK_SECRET_BYTES } from "../webhooks/sign.ts";
import { Admission } from "./admission.ts";
import type { KeyInfo, MintedKey, NewKey } from "./keyring.ts";
import { Keyring } from "./keyring.ts";
import type { AdmissionRequest, DeliveryNote, Settlement } from "./ledger.ts";
import { Ledger } from "./ledger.ts";
import migrations from "./migrations/migrations.js";
import type { TenantLimits, TenantProfile, TenantRecord, TenantSnapshot } from "./settings.ts";
import { monthOf, snapshotKeyOf, tenantRecordSchema } from "./settings.ts";

/** The storage key of the settings. */
const RECORD_KEY = "tenant";

/** A snapshot that KV did not take is tried again after this (ms): KV takes one write a second to a key. */
const PUBLISH_RETRY_MS = 1_500;

/** The ledger is pruned this often (ms). */
const PRUNE_EVERY_MS = 86_400_000;

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

/** What the object of an existing tenant holds in memory. */
interface Living {
  record: TenantRecord;
  readonly keyring: Keyring;
  readonly ledger: Ledger;
  readonly admission: Admission;
}

export class TenantObject extends DurableObject<Env> {
  #living: Living | null = null;
  #armedAt: number | null = null;
  #announcedMonth: string | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const stored: unknown = ctx.storage.kv.get(RECORD_KEY);
    if (stored === undefined) return;
    void ctx.blockConcurrencyWhile(async () => {
      this.#living = await this.#open(tenantRecordSchema.parse(stored));
      this.#armedAt = await ctx.storage.getAlarm();
    });
  }

  /** Creates the tenant; null where it exists. The secret that signs its webhooks is returned this once. */
  async create(wanted: NewTenant): Promise<{ readonly profile: TenantProfile; readonly webhookSecret: string } | null> {
    if (this.#living !== null) return null;
    const now = Date.now();
    const { id, name, limits } = wanted;
    const webhookSecret = freshSecret();
    const profile: TenantProfile = {
      id,
      name,
      allowedHosts: [...wanted.allowedHosts],
      limits,
      suspended: false,
      createdAt: now,
    };
    const secrets = [{ secret: webhookSecret, expiresAt: null }];
    const record: TenantRecord = { version: 1, profile, secrets, endpoint: null, revision: 1, published: 0 };
    const living = await this.#open(record);
    if (this.#living !== null) return null;
    this.#living = living;
    this.ctx.storage.kv.put(RECORD_KEY, record);
    this.#arm(now + PRUNE_EVERY_MS);
    await this.#publish(living);
    return { profile, webhookSecret };
  }

  /** The tenant's settings, or null where there is no such tenant. */
  describe(): TenantProfile | null {
    return this.#living?.record.profile ?? null;
  }

  /** Changes settings, and lets in who was waiting for a higher limit. */
  async patch(patch: TenantPatch): Promise<TenantProfile | null> {
    const living = this.#living;
    if (living === null) return null;
    const { profile } = living.record;
    const next: TenantProfile = {
      ...profile,
      name: patch.name ?? profile.name,
      allowedHosts: [...(patch.allowedHosts ?? profile.allowedHosts)],
      limits: {
        maxInFlight: patch.limits?.maxInFlight ?? profile.limits.maxInFlight,
        monthlyTasks:
          patch.limits?.monthlyTasks === undefined ? profile.limits.monthlyTasks : patch.limits.monthlyTasks,
      },
      suspended: patch.suspended ?? profile.suspended,
    };
    this.#save(living, { profile: next });
    this.#letIn(living);
    await this.#publish(living);
    return next;
  }

  /** Deletes the tenant: its keys are dead, its unfinished tasks canceled, its ledger erased. False where there is none. */
  async remove(): Promise<boolean> {
    const living = this.#living;
    if (living === null) return false;
    const { id } = living.record.profile;
    const unfinished = living.admission.unfinished();
    await this.env.DIRECTORY.delete(snapshotKeyOf(id));
    this.#living = null;
    this.#armedAt = null;
    await this.ctx.storage.deleteAll();
    for (const taskId of unfinished) this.#tell(taskId, (task) => task.abandon(id));
    return true;
  }

  /** Mints a key. Null where the tenant does not exist or has too many. */
  async mintKey(wanted: NewKey): Promise<MintedKey | "absent" | "too_many"> {
    const living = this.#living;
    if (living === null) return "absent";
    const minted = await living.keyring.mint(wanted, Date.now());
    if (minted === null) return "too_many";
    this.#save(living, {});
    await this.#publish(living);
    return minted;
  }

  listKeys(): KeyInfo[] | null {
    return this.#living?.keyring.list(Date.now()) ?? null;
  }

  async revokeKey(id: string): Promise<boolean> {
    const living = this.#living;
    if (living === null || !living.keyring.revoke(id, Date.now())) return false;
    this.#save(living, {});
    await this.#publish(living);
    return true;
  }

  /** Mints a key like the one of `id`, which ends after `overlapMs`. */
  async rotateKey(id: string, overlapMs: number): Promise<MintedKey | "absent" | "too_many"> {
    const living = this.#living;
    const now = Date.now();
    const old = living?.keyring.find(id, now) ?? null;
    if (living === null || old === null) return "absent";
    const { name, mode, scopes, expiresAt } = old;
    const minted = await living.keyring.mint({ name, mode, scopes, expiresAt }, now);
    if (minted === null) return "too_many";
    living.keyring.endAt(id, now + overlapMs);
    this.#save(living, {});
    await this.#publish(living);
    return minted;
  }

  /** The snapshot as it is now, for an edge whose copy does not know a key. Null where there is no such tenant. */
  snapshot(): TenantSnapshot | null {
    return this.#living === null ? null : this.#snapshotOf(this.#living);
  }

  noteKeyUse(id: string, day: string): void {
    this.#living?.keyring.noteUse(id, day);
  }

  /** Gives a task a slot, a place in the queue, or a refusal. Asking again gives the same answer. */
  admit(request: AdmissionRequest): AdmissionOutcome {
    const living = this.#living;
    if (living === null) return { tag: "gone" };
    const { profile } = living.record;
    const outcome = living.admission.admit(request, profile, Date.now());
    if (outcome.tag === "refused" && outcome.code === "quota_exceeded") this.#announceExhaustion(living);
    this.#armForLapse(living);
    return outcome;
  }

  /** Takes an outcome into the ledger, once, frees the slot, and says where the webhook goes and what signs it. */
  settle(settlement: Settlement): { readonly endpoint: string | null; readonly secrets: string[] } {
    const living = this.#living;
    if (living === null) return { endpoint: null, secrets: [] };
    const terms = this.deliveryTerms();
    const webhookState = settlement.webhookState ?? (terms.endpoint === null ? null : "pending");
    const granted = living.admission.settle({ ...settlement, webhookState }, living.record.profile, Date.now());
    for (const taskId of granted) this.#tell(taskId, (task) => task.wake());
    return terms;
  }

  /** Where webhooks go by default (null: nowhere), and every secret that signs now. */
  deliveryTerms(): { readonly endpoint: string | null; readonly secrets: string[] } {
    const living = this.#living;
    if (living === null) return { endpoint: null, secrets: [] };
    const now = Date.now();
    const { endpoint, secrets } = living.record;
    return {
      endpoint: endpoint === null || endpoint.disabledAt !== null ? null : endpoint.url,
      secrets: secrets.filter(({ expiresAt }) => expiresAt === null || expiresAt > now).map(({ secret }) => secret),
    };
  }

  /** The endpoint answered 410: nothing more is sent to it until it is set again. */
  disableEndpoint(url: string): void {
    const living = this.#living;
    const endpoint = living?.record.endpoint ?? null;
    if (living === null || endpoint === null || endpoint.url !== url || endpoint.disabledAt !== null) return;
    this.#save(living, {
      endpoint: { url, disabledAt: Date.now(), disabledReason: "The endpoint answered 410 Gone." },
    });
    log("warn", "endpoint_disabled", { tenantId: living.record.profile.id });
  }

  noteDelivery(note: DeliveryNote): void {
    this.#living?.ledger.noteDelivery(note);
  }

  override async alarm(): Promise<void> {
    this.#armedAt = null;
    const living = this.#living;
    if (living === null) return;
    const now = Date.now();
    let retryAt: number | null = null;
    try {
      for (const taskId of living.admission.lapse(now)) this.#tell(taskId, (task) => task.wake());
      this.#letIn(living);
      living.ledger.prune(now);
      if (living.record.published < living.record.revision) await this.#publish(living);
    } catch (error) {
      // Thrown on, the platform would drop the alarm after six tries; it is the one that mends lost tasks.
      log("error", "tenant_alarm_failed", { tenantId: living.record.profile.id, ...describeError(error) });
      retryAt = now + PUBLISH_RETRY_MS;
    }
    if (this.#living === null) return;
    this.#armBy(retryAt ?? now + PRUNE_EVERY_MS);
    this.#armForLapse(living);
  }

  async #open(record: TenantRecord): Promise<Living> {
    const db: DrizzleSqliteDODatabase = drizzle(this.ctx.storage);
    await migrate(db, migrations);
    const ledger = new Ledger(db);
    return {
      record,
      keyring: new Keyring(db, record.profile.id),
      ledger,
      admission: new Admission(ledger, Date.now()),
    };
  }

  #letIn(living: Living): void {
    const granted = living.admission.letIn(living.record.profile, Date.now());
    for (const taskId of granted) this.#tell(taskId, (task) => task.wake());
  }

  /** Calls a task without waiting for it. A call that is lost is mended by the task's own clocks. */
  #tell(taskId: string, call: (task: DurableObjectStub<TaskObject>) => Promise<void>): void {
    const task = this.env.TASKS.get(this.env.TASKS.idFromString(taskId));
    this.ctx.waitUntil(
      call(task).catch((error: unknown) =>
        log("warn", "task_unreached", { taskId: `tsk_${taskId}`, ...describeError(error) }),
      ),
    );
  }

  #save(living: Living, change: Partial<TenantRecord>): void {
    living.record = { ...living.record, ...change, revision: living.record.revision + 1 };
    this.ctx.storage.kv.put(RECORD_KEY, living.record);
  }

  #snapshotOf({ record, keyring, admission }: Living): TenantSnapshot {
    const now = Date.now();
    return {
      version: 1,
      revision: record.revision,
      profile: record.profile,
      keys: keyring.forSnapshot(now),
      exhaustedMonth: admission.exhausted(record.profile, now) ? monthOf(now) : null,
    };
  }

  /** Puts the snapshot into KV. Where KV refuses, the alarm tries again: the change itself stands. */
  async #publish(living: Living): Promise<void> {
    const { revision, profile } = living.record;
    try {
      await this.env.DIRECTORY.put(snapshotKeyOf(profile.id), JSON.stringify(this.#snapshotOf(living)));
    } catch (error) {
      log("warn", "snapshot_unpublished", { tenantId: profile.id, ...describeError(error) });
      this.#armBy(Date.now() + PUBLISH_RETRY_MS);
      return;
    }
    if (this.#living !== living) {
      // Deleted while KV was written: the snapshot must not outlive the tenant.
      await this.env.DIRECTORY.delete(snapshotKeyOf(profile.id));
      return;
    }
    living.record = { ...living.record, published: Math.max(living.record.published, revision) };
    this.ctx.storage.kv.put(RECORD_KEY, living.record);
  }

  /** Tells the edges that the month's quota is used up: once, by the alarm, for whoever asked is not to wait for KV. */
  #announceExhaustion(living: Living): void {
    const month = monthOf(Date.now());
    if (this.#announcedMonth === month) return;
    this.#announcedMonth = month;
    this.#save(living, {});
    this.#armBy(Date.now() + 1);
  }

  #armForLapse(living: Living): void {
    const at = living.admission.nextLapseAt();
    if (at !== null) this.#armBy(at);
  }

  /** Sees to it that the alarm rings at `at` or before. One that is set early enough is left alone: each setting costs a row. */
  #armBy(at: number): void {
    if (this.#armedAt === null || this.#armedAt > at) this.#arm(at);
  }

  #arm(at: number): void {
    this.#armedAt = Math.max(at, Date.now() + 1);
    void this.ctx.storage.setAlarm(this.#armedAt);
  }
}

const freshSecret = (): string => newWebhookSecret(crypto.getRandomValues(new Uint8Array(WEBHOOK_SECRET_BYTES)));
