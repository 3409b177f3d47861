// The TenantObject: one per tenant, and the source of truth for its settings, keys, slots and ledger. A facade over the services of
// services.ts that adds what needs the object itself: the alarm, the snapshot in KV, and calls to tasks.

import { DurableObject } from "cloudflare:workers";
import { raiseAlert } from "../alerts/raise.ts";
import type { Env } from "../env.ts";
import { configurationOf } from "../env.ts";
import { describeError, log } from "../log.ts";
import type { StreamSource } from "../stream/event-stream.ts";
import { EventStream } from "../stream/event-stream.ts";
import { connectionSchema } from "../stream/protocol.ts";
import type { AdmissionOutcome } from "../tasks/events.ts";
import type { TaskObject } from "../tasks/object.ts";
import { objectIdOf, TASK_ID_PREFIX } from "../tasks/task-id.ts";
import type { TaskWebhook } from "../tasks/task-webhook.ts";
import { eventTypeOf } from "../tasks/task-webhook.ts";
import type { Actor } from "./actor.ts";
import type { TaskOrigin } from "./incarnation.ts";
import { belongsTo } from "./incarnation.ts";
import { newKeySecret } from "./keyring.ts";
import type { KeyMode } from "./keys.ts";
import type { AdmissionRequest, DeliveryState, TaskOutcome } from "./ledger.ts";
import type { LedgerPage, TaskPageQuery } from "./ledger-queries.ts";
import { PUBLISH_RETRY_MS, Publisher } from "./publisher.ts";
import { nextMonthAt } from "./quota.ts";
import type {
  CreatedTenant,
  CreateKeyResult,
  EndpointInfo,
  KeyInfo,
  NewKey,
  NewTenant,
  OutcomeReceipt,
  RotateKeyResult,
  SecretInfo,
  TenantPatch,
  WebhookSettings,
} from "./rpc.ts";
import { TenantServices } from "./services.ts";
import type { TenantProfile, TenantSnapshot } from "./settings.ts";
import type { UsageDay, UsageRange } from "./usage.ts";

/** The ledger is pruned this often (ms). */
const PRUNE_EVERY_MS = 86_400_000;

const NO_WEBHOOK: WebhookSettings = { endpoint: null, secrets: [] };

export class TenantObject extends DurableObject<Env> {
  #tenant: TenantServices | null = null;
  #armedAt: number | null = null;
  readonly #stream: EventStream = new EventStream(this.ctx);
  readonly #publisher = new Publisher({
    directory: () => this.env.DIRECTORY,
    current: () => this.#tenant,
    wakeBy: (at) => this.#armBy(at),
  });

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    void ctx.blockConcurrencyWhile(async () => {
      this.#tenant = await TenantServices.load(ctx.storage);
      if (this.#tenant === null) return;
      this.#armedAt = await ctx.storage.getAlarm();
      this.#announceExhaustion(this.#tenant, Date.now());
    });
  }

  /** Creates the tenant, or returns null when it exists. The secrets sign its webhooks. */
  async create(wanted: NewTenant): Promise<CreatedTenant | null> {
    if (this.#tenant !== null) return null;
    const now = Date.now();
    const tenant = await this.ctx.blockConcurrencyWhile(() => TenantServices.create(this.ctx.storage, wanted, now));
    this.#tenant = tenant;
    this.#arm(now + PRUNE_EVERY_MS);
    await this.#publisher.publish(tenant);
    const secretOf = (mode: KeyMode) => tenant.webhooks.secret(mode, now).secret;
    return { profile: tenant.profile, webhookSecrets: { live: secretOf("live"), test: secretOf("test") } };
  }

  /** The tenant's settings, or null when there is no such tenant. */
  describe(): TenantProfile | null {
    return this.#tenant?.profile ?? null;
  }

  /** Changes settings, and admits the tasks that a higher limit has room for. */
  async patch(patch: TenantPatch): Promise<TenantProfile | null> {
    const tenant = this.#tenant;
    if (tenant === null) return null;
    const now = Date.now();
    const profile = tenant.settings.patch(patch);
    // Waiting tasks of a suspended tenant ask again when they are woken, and are rejected.
    this.#wake(profile.suspended ? tenant.admission.unfinished() : tenant.admission.letIn(profile, now));
    this.#announceExhaustion(tenant, now);
    await this.#publisher.publish(tenant);
    return profile;
  }

  /** Deletes the tenant: its keys are dead, its unfinished tasks canceled, its ledger erased. False where there is none. */
  async remove(): Promise<boolean> {
    const tenant = this.#tenant;
    if (tenant === null) return false;
    const { id } = tenant.profile;
    const unfinished = tenant.admission.unfinished();
    tenant.ledger.close();
    this.#tenant = null;
    this.#armedAt = null;
    this.#stream.connections.closeAll();
    await this.ctx.storage.deleteAll();
    await this.#publisher.withdraw(id);
    for (const taskId of unfinished) this.#tell(taskId, (task) => task.abandon(id, taskId));
    return true;
  }

  /** Creates a key. Null when the actor has no tenant. */
  async createKey(actor: Actor, wanted: NewKey): Promise<CreateKeyResult | null> {
    const access = await this.#withSecret(actor, wanted.mode);
    if (access === null) return null;
    const result = access.tenant.keyring.create(actor, wanted, access.secret, Date.now());
    if (typeof result !== "string") await this.#republish(access.tenant);
    return result;
  }

  /** The keys that the actor can see. Null when the actor has no tenant. */
  listKeys(actor: Actor): KeyInfo[] | null {
    return this.#of(actor)?.keyring.list(actor, Date.now()) ?? null;
  }

  /** Ends a key. False when the actor can see no such key, null when the actor has no tenant. */
  async revokeKey(actor: Actor, id: string): Promise<boolean | null> {
    const tenant = this.#of(actor);
    if (tenant === null) return null;
    const revoked = tenant.keyring.revoke(actor, id, Date.now());
    if (revoked) {
      this.#stream.connections.closeKey(id);
      await this.#republish(tenant);
    }
    return revoked;
  }

  /** Replaces a key, which ends after `overlapMs`. Null when the actor has no tenant. */
  async rotateKey(actor: Actor, id: string, overlapMs: number): Promise<RotateKeyResult | null> {
    const tenant = this.#of(actor);
    const old = tenant?.keyring.find(actor, id) ?? null;
    if (tenant === null || old === null) return tenant === null ? null : "absent";
    const access = await this.#withSecret(actor, old.mode);
    if (access === null) return null;
    const result = access.tenant.keyring.rotate(actor, id, overlapMs, access.secret, Date.now());
    if (typeof result === "string") return result;
    this.#stream.connections.endKeyAt(id, result.replaces.expiresAt);
    this.#armBy(result.replaces.expiresAt);
    await this.#republish(access.tenant);
    return result;
  }

  /** The snapshot as it is now, for an edge whose copy does not know a key. Null where there is no such tenant. */
  snapshot(): TenantSnapshot | null {
    return this.#tenant?.snapshot(Date.now()) ?? null;
  }

  noteKeyUse(id: string, day: string): void {
    this.#tenant?.keyring.noteUse(id, day);
  }

  /** Gives a task a slot, a place in the queue, or a refusal. Asking again gives the same answer. */
  admit(request: AdmissionRequest): AdmissionOutcome {
    const tenant = this.#own(request);
    if (tenant === null) return { tag: "gone" };
    const now = Date.now();
    const outcome = tenant.admission.admit(request, tenant.profile, now);
    this.#announceExhaustion(tenant, now);
    this.#armForLeaseExpiry(tenant);
    return outcome.tag === "admitted" ? { ...outcome, ...this.#firstPoll(tenant, request.mode) } : outcome;
  }

  /**
   * Frees the slot of a task that is final, says where its webhook goes and what signs it, and takes the outcome into the ledger,
   * once. With `mayWait` its entry waits where there is a webhook: the task hands the outcome in again with what came of it.
   */
  reportOutcome(report: TaskOutcome, mayWait = false): OutcomeReceipt {
    const tenant = this.#own(report);
    if (tenant === null) return { entered: true, streaming: false, settings: NO_WEBHOOK };
    const now = Date.now();
    const settings = tenant.webhooks.settings(report.mode, now);
    const webhookState = report.webhookState ?? (settings.endpoint === null ? null : "pending");
    const entered = !mayWait || webhookState === null;
    const outcome = { ...report, webhookState };
    const fresh = entered ? tenant.ledger.recordOutcome(outcome) : tenant.ledger.hold(outcome);
    if (fresh) recordSolveTime(tenant, outcome);
    this.#wake(tenant.admission.release(report, tenant.profile, now));
    this.#announceExhaustion(tenant, now);
    const type = fresh ? eventTypeOf(report.status) : null;
    const streaming = type !== null && this.#stream.connections.wants(report.mode, type);
    return { entered, streaming, settings };
  }

  /** What the webhook of a task of `mode` needs. */
  webhookSettings(origin: TaskOrigin, mode: KeyMode): WebhookSettings {
    return this.#own(origin)?.webhooks.settings(mode, Date.now()) ?? NO_WEBHOOK;
  }

  recordDeliveryState(note: DeliveryState): void {
    this.#own(note)?.ledger.recordDeliveryState(note);
  }

  /** The endpoint of a mode. Null when the actor has no tenant. */
  endpoint(actor: Actor, mode: KeyMode): EndpointInfo | null {
    return this.#of(actor)?.webhooks.endpoint(mode) ?? null;
  }

  /** Sets and enables the endpoint of a mode, or removes it (null). */
  setEndpoint(actor: Actor, mode: KeyMode, url: string | null): EndpointInfo | null {
    return this.#of(actor)?.webhooks.setEndpoint(mode, url) ?? null;
  }

  /** Disables an endpoint that answered 410 to a task. Setting it again enables it. */
  disableEndpoint(url: string, origin: TaskOrigin, mode: KeyMode): void {
    const tenant = this.#own(origin);
    if (tenant?.webhooks.disable(mode, url, "The endpoint answered 410 Gone.", Date.now()) !== true) return;
    const { id: tenantId } = tenant.profile;
    log("warn", "endpoint_disabled", { tenantId, mode });
    raiseAlert(this.env, { type: "endpoint.disabled", data: { tenantId, mode, host: new URL(url).host } });
  }

  /** The signing secret of a mode. Null when the actor has no tenant. */
  webhookSecret(actor: Actor, mode: KeyMode): SecretInfo | null {
    return this.#of(actor)?.webhooks.secret(mode, Date.now()) ?? null;
  }

  /** Creates a signing secret for a mode. Null when the actor has no tenant. */
  rotateSecret(actor: Actor, mode: KeyMode, overlapMs: number): string | null {
    return this.#of(actor)?.webhooks.rotateSecret(mode, overlapMs, Date.now()) ?? null;
  }

  /** What a test of the endpoint needs, which is sent to a disabled endpoint too. Null when the actor has no tenant. */
  probeSettings(actor: Actor, mode: KeyMode): WebhookSettings | null {
    const webhooks = this.#of(actor)?.webhooks ?? null;
    return webhooks && { ...webhooks.settings(mode, Date.now()), endpoint: webhooks.endpoint(mode).url };
  }

  /** Sends the event of a task to the connected clients of its mode. */
  publishEvent(origin: TaskOrigin, mode: KeyMode, webhook: TaskWebhook): void {
    const tenant = this.#own(origin);
    if (tenant !== null) this.#stream.publish(this.#streamSource(tenant), mode, webhook, Date.now());
  }

  /** The WebSocket upgrade of an authenticated client, forwarded by the Worker with the query of `connectionSchema`. */
  override fetch(request: Request): Response {
    const connection = connectionSchema.parse(Object.fromEntries(new URL(request.url).searchParams));
    const { keyId, mode, tenantCreatedAt } = connection;
    const actor: Actor = { type: "key", keyId, mode, scopes: [], tenantCreatedAt };
    const tenant = this.#of(actor);
    const now = Date.now();
    const key = tenant?.keyring.list(actor, now).find(({ id }) => id === keyId);
    if (tenant === null || key === undefined) return new Response(null, { status: 401 });
    if (key.expiresAt !== null) this.#armBy(key.expiresAt);
    return this.#stream.connect(this.#streamSource(tenant), connection, key.expiresAt, now);
  }

  override webSocketMessage(socket: WebSocket): void {
    this.#stream.connections.received(socket, Date.now());
  }

  #streamSource(tenant: TenantServices): StreamSource {
    const { createdAt, id: tenantId } = tenant.profile;
    return {
      secrets: (mode, now) => tenant.webhooks.settings(mode, now).secrets,
      finishedSince: (mode, since) => tenant.ledger.queries.finishedSince(mode, since),
      webhookOf: (taskId, mode) => this.#task(taskId).webhook({ tenantId, tenantSince: createdAt, mode, taskId }),
    };
  }

  /** A page of the tasks that match, newest first. Null when the actor has no tenant. */
  listTasks(actor: Actor, mode: KeyMode, query: TaskPageQuery): LedgerPage | null {
    return this.#of(actor)?.ledger.queries.page(mode, query, Date.now()) ?? null;
  }

  /** Usage from day `from` to `to`, both included and as days since the epoch. Null when the actor has no tenant. */
  async usage(actor: Actor, mode: KeyMode, range: UsageRange): Promise<UsageDay[] | null> {
    const tenant = this.#of(actor);
    if (tenant === null) return null;
    try {
      return await tenant.ledger.usage.days(mode, range, Date.now());
    } catch (error) {
      // A count that is under way fails when its tenant is deleted.
      if (this.#tenant !== tenant) return null;
      throw error;
    }
  }

  override async alarm(): Promise<void> {
    this.#armedAt = null;
    const tenant = this.#tenant;
    if (tenant === null) return;
    const now = Date.now();
    let again = now + PRUNE_EVERY_MS;
    try {
      this.#wake(tenant.admission.expireLeases(now));
      this.#wake(tenant.admission.letIn(tenant.profile, now));
      this.#announceExhaustion(tenant, now);
      if (tenant.settings.unpublished) await this.#publisher.publish(tenant);
      await tenant.ledger.prune(now);
    } catch (error) {
      if (this.#tenant !== tenant) return;
      // Thrown on, the platform would drop the alarm after six tries; it is the one that mends lost tasks.
      log("error", "tenant_alarm_failed", { tenantId: tenant.profile.id, ...describeError(error) });
      again = now + PUBLISH_RETRY_MS;
    }
    if (this.#tenant !== tenant) return;
    this.#armBy(Math.min(again, this.#stream.connections.closeExpired(now) ?? again));
    this.#armForLeaseExpiry(tenant);
  }

  /** When the task's first poll should come, if not at the usual time. */
  #firstPoll({ firstPolls }: TenantServices, mode: KeyMode): { readonly firstPollMs?: number } {
    const { adaptiveFirstPoll, pollIntervalMs } = configurationOf(this.env);
    const firstPollMs = adaptiveFirstPoll ? firstPolls[mode].delayMs(pollIntervalMs, Math.random()) : undefined;
    return firstPollMs === undefined ? {} : { firstPollMs };
  }

  /** The tenant that a task belongs to. Null for a task of a deleted tenant of the same id. */
  #own(origin: TaskOrigin): TenantServices | null {
    return this.#tenant !== null && belongsTo(origin, this.#tenant.profile.createdAt) ? this.#tenant : null;
  }

  /** The tenant that the actor may read or change. Null when it was deleted, or the calling key ended, since the edge looked. */
  #of(actor: Actor): TenantServices | null {
    const tenant = this.#tenant;
    if (tenant === null || actor.type === "operator") return tenant;
    const { keyId, tenantCreatedAt } = actor;
    return tenant.profile.createdAt === tenantCreatedAt && tenant.keyring.has(keyId, Date.now()) ? tenant : null;
  }

  /** A new random key and the actor's tenant, looked up after the await: it may have been deleted and created again meanwhile. */
  async #withSecret(actor: Actor, mode: KeyMode) {
    const id = this.#of(actor)?.profile.id;
    if (id === undefined) return null;
    const secret = await newKeySecret(mode, id);
    const tenant = this.#of(actor);
    return tenant === null ? null : { tenant, secret };
  }

  /** Publishes a change of keys. */
  async #republish(tenant: TenantServices): Promise<void> {
    tenant.settings.update({});
    await this.#publisher.publish(tenant);
  }

  #wake(taskIds: readonly string[]): void {
    for (const taskId of taskIds) this.#tell(taskId, (task) => task.wake(taskId));
  }

  /** Calls a task without waiting for it. A call that is lost is mended by the task's own clocks. */
  #tell(taskId: string, call: (task: DurableObjectStub<TaskObject>) => Promise<void>): void {
    this.ctx.waitUntil(
      call(this.#task(taskId)).catch((error: unknown) =>
        log("warn", "task_unreached", { taskId: TASK_ID_PREFIX + taskId, ...describeError(error) }),
      ),
    );
  }

  #task(taskId: string): DurableObjectStub<TaskObject> {
    return this.env.TASKS.get(this.env.TASKS.idFromString(objectIdOf(taskId)));
  }

  /** Has the alarm publish the snapshot when the quota is used up and when it starts again, so that no caller waits for KV. */
  #announceExhaustion(tenant: TenantServices, now: number): void {
    if (tenant.announceExhaustion(now)) {
      this.#armBy(now + 1);
      this.#alertExhaustion(tenant, now);
    }
    // No later than the alarm that comes anyway, which looks again: an alarm set twice costs a row.
    if (tenant.exhaustedMonth(now) !== null) this.#armBy(Math.min(nextMonthAt(now), now + PRUNE_EVERY_MS));
  }

  #alertExhaustion(tenant: TenantServices, now: number): void {
    const month = tenant.exhaustedMonth(now);
    const { id: tenantId, limits } = tenant.profile;
    if (month === null || limits.monthlyTasks === null) return;
    raiseAlert(this.env, { type: "tenant.quota_reached", data: { tenantId, month, quota: limits.monthlyTasks } });
  }

  #armForLeaseExpiry(tenant: TenantServices): void {
    const at = tenant.admission.nextLeaseExpiryAt();
    if (at !== null) this.#armBy(at);
  }

  /** Sees to it that the alarm rings at `at` or before. One that is set early enough is left alone: each setting costs a row. */
  #armBy(at: number): void {
    if (this.#armedAt === null || this.#armedAt > at) this.#arm(at);
  }

  #arm(at: number): void {
    this.#armedAt = Math.max(at, Date.now() + 1);
    // Not awaited: a failed write breaks the output gate and with it this instance.
    void this.ctx.storage.setAlarm(this.#armedAt);
  }
}

function recordSolveTime({ firstPolls }: TenantServices, { mode, unsolvedMs, solveMs }: TaskOutcome): void {
  if (unsolvedMs !== null && solveMs !== null) firstPolls[mode].record({ afterMs: unsolvedMs, byMs: solveMs });
}
