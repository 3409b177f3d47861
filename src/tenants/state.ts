// The state of a TenantObject: the loaded tenant, the alarm, the publication of snapshots, stream connections, and the deletion of an
// earlier tenant.

import { raiseAlert } from "../alerts/raise.ts";
import type { Env } from "../env.ts";
import { describeError, log } from "../log.ts";
import { EventStream } from "../stream/event-stream.ts";
import type { Actor } from "./actor.ts";
import { Alarm } from "./alarm.ts";
import { Deletion } from "./deletion.ts";
import type { TaskOrigin } from "./incarnation.ts";
import { belongsTo } from "./incarnation.ts";
import { Publisher } from "./publisher.ts";
import { nextMonthAt } from "./quota.ts";
import type { CreatedTenant, NewTenant } from "./rpc.ts";
import { TenantServices } from "./services.ts";
import { TaskCalls } from "./task-calls.ts";

/** How often (ms) the ledger and the audit log are pruned. */
const PRUNE_EVERY_MS = 86_400_000;

/** Failed work of the alarm, and loading an unreadable tenant, are retried after these times (ms). */
const ALARM_RETRY_MS = 1_500;
const LOAD_RETRY_MS = 60_000;

/** The state of a tenant's object. */
export class TenantState {
  readonly alarm: Alarm;
  readonly stream: EventStream;
  readonly tasks: TaskCalls;
  readonly #ctx: DurableObjectState;
  readonly #env: () => Env;
  readonly #publisher: Publisher;
  readonly #deletion: Deletion;
  #services: TenantServices | null = null;
  /** Why the tenant could not be loaded. All calls fail then. Storage does not change, because another version may be able to read it. */
  #loadError: unknown = null;

  /** @param env the object's environment, which tests replace */
  constructor(ctx: DurableObjectState, env: () => Env) {
    this.#ctx = ctx;
    this.#env = env;
    this.alarm = new Alarm(ctx.storage);
    this.tasks = new TaskCalls(env, ctx);
    this.stream = new EventStream(ctx, this.tasks);
    this.#publisher = new Publisher(env, () => this.#services);
    this.#deletion = new Deletion(ctx.storage, this.#publisher, this.tasks);
  }

  /**
   * The tenant. Null if there is none.
   * @throws if it could not be loaded
   */
  get tenant(): TenantServices | null {
    if (this.#loadError !== null) throw new Error("the tenant could not be loaded", { cause: this.#loadError });
    return this.#services;
  }

  /** The tenant, if the actor still has access to it. Null if the tenant was deleted or the key ended after authentication. */
  tenantOf(actor: Actor): TenantServices | null {
    const { tenant } = this;
    if (tenant === null || actor.type === "operator") return tenant;
    const { keyId, tenantCreatedAt } = actor;
    return tenant.profile.createdAt === tenantCreatedAt && tenant.keyring.has(keyId, Date.now()) ? tenant : null;
  }

  /** The tenant, if the task belongs to it. Null for a task of a deleted tenant with the same id. */
  tenantOfTask(origin: TaskOrigin): TenantServices | null {
    const { tenant } = this;
    return tenant !== null && belongsTo(origin, tenant.profile.createdAt) ? tenant : null;
  }

  /** Loads the state from storage. Does not throw. */
  async load(): Promise<void> {
    this.#loadError = null;
    try {
      await this.alarm.load();
      if (this.#deletion.nextAt !== null) this.alarm.ringBy(this.#deletion.nextAt);
      this.#services = await TenantServices.load(this.#ctx.storage, this.alarm);
      if (this.#services === null) return;
      this.announceExhaustion(this.#services, Date.now());
      // An older version stored changes without setting the alarm.
      if (this.#services.settings.unpublished) this.#services.settings.publishLater();
    } catch (error) {
      this.#loadError = error;
      log("error", "tenant_unreadable", { objectId: this.#ctx.id.toString(), ...describeError(error) });
      this.alarm.ringBy(Date.now() + LOAD_RETRY_MS);
    }
  }

  /** Creates the tenant. Null if it already exists. */
  async create(wanted: NewTenant): Promise<CreatedTenant | null> {
    if (this.tenant !== null) return null;
    const now = Math.max(Date.now(), this.#deletion.createdAfter);
    const tenant = await this.#ctx.blockConcurrencyWhile(async () => {
      this.#services = await TenantServices.create(this.#ctx.storage, this.alarm, wanted, now);
      return this.#services;
    });
    await this.#publisher.publish(tenant);
    return tenant.createdView(now);
  }

  /** Changes the actor's tenant and publishes its snapshot if needed. Null if the actor has no access. */
  async change<T>(actor: Actor, change: (tenant: TenantServices, now: number) => T): Promise<T | null> {
    const tenant = this.tenantOf(actor);
    if (tenant === null) return null;
    const result = change(tenant, Date.now());
    if (tenant.settings.unpublished) await this.#publisher.publish(tenant);
    return result;
  }

  /** Deletes the tenant with its keys and ledger, and cancels its unfinished tasks. False if there is no tenant. */
  async remove(): Promise<boolean> {
    const { tenant } = this;
    if (tenant === null) return false;
    const { id, createdAt } = tenant.profile;
    const now = Date.now();
    this.#deletion.start(id, createdAt, tenant.admission.unfinished(), now);
    tenant.ledger.close();
    this.#services = null;
    this.alarm.ringBy(this.#deletion.nextAt ?? now);
    this.stream.connections.closeAll();
    this.#ctx.waitUntil(this.#deletion.cancelTasks());
    await this.#publisher.correct(id);
    return true;
  }

  /** Lets the alarm publish the snapshot when the quota is used up and when a new month begins, so that tasks do not wait for KV. */
  announceExhaustion(tenant: TenantServices, now: number): void {
    if (tenant.announceExhaustion(now)) {
      this.alarm.ringBy(now + 1);
      this.#alertExhaustion(tenant, now);
    }
    // The daily alarm checks again, so a later time needs no alarm of its own, which is billed as a row.
    if (tenant.exhaustedMonth(now) !== null) this.alarm.ringBy(Math.min(nextMonthAt(now), now + PRUNE_EVERY_MS));
  }

  #alertExhaustion(tenant: TenantServices, now: number): void {
    const month = tenant.exhaustedMonth(now);
    const { id: tenantId, limits } = tenant.profile;
    if (month === null || limits.monthlyTasks === null) return;
    raiseAlert(this.#env(), { type: "tenant.quota_reached", data: { tenantId, month, quota: limits.monthlyTasks } });
  }

  /** Sets the alarm for the next lease expiry. */
  armForLeaseExpiry(tenant: TenantServices): void {
    const at = tenant.admission.nextLeaseExpiryAt();
    if (at !== null) this.alarm.ringBy(at);
  }

  /** Handles the alarm. Does not throw, because the platform would retry six times and then drop the alarm. */
  async onAlarm(): Promise<void> {
    this.alarm.cleared();
    if (this.#loadError !== null) await this.#ctx.blockConcurrencyWhile(() => this.load());
    try {
      await this.#proceedDeletion();
    } catch (error) {
      log("error", "tenant_deletion_failed", describeError(error));
      this.alarm.ringBy(Date.now() + ALARM_RETRY_MS);
    }
    if (this.#services !== null) await this.#maintain(this.#services);
  }

  async #maintain(tenant: TenantServices): Promise<void> {
    const now = Date.now();
    let again = now + PRUNE_EVERY_MS;
    try {
      this.tasks.wake(tenant.admission.expireLeases(now));
      this.tasks.wake(tenant.admission.admitWaiting(tenant.profile, now));
      this.announceExhaustion(tenant, now);
      if (tenant.settings.unpublished) await this.#publisher.publish(tenant);
      tenant.audit.prune(now);
      await tenant.ledger.prune(now);
    } catch (error) {
      if (this.#services !== tenant) return;
      log("error", "tenant_alarm_failed", { tenantId: tenant.profile.id, ...describeError(error) });
      again = now + ALARM_RETRY_MS;
    }
    if (this.#services !== tenant) return;
    this.alarm.ringBy(Math.min(again, this.stream.connections.closeExpired(now) ?? again));
    this.armForLeaseExpiry(tenant);
  }

  async #proceedDeletion(): Promise<void> {
    if (this.#deletion.nextAt === null) return;
    const done = await this.#deletion.proceed(Date.now());
    if (this.#deletion.nextAt !== null) this.alarm.ringBy(this.#deletion.nextAt);
    if (!done || this.#services !== null) return;
    await this.#ctx.blockConcurrencyWhile(() => this.#ctx.storage.deleteAll());
    this.alarm.cleared();
  }
}
