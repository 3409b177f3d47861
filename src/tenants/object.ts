// The TenantObject, one per tenant: the source of truth for its settings, keys, slots and ledger. This class is a facade over state.ts
// and services.ts.

import { DurableObject } from "cloudflare:workers";
import { raiseAlert } from "../alerts/raise.ts";
import type { Env } from "../env.ts";
import { configurationOf } from "../env.ts";
import { log } from "../log.ts";
import { connectionSchema } from "../stream/protocol.ts";
import type { TaskWebhook } from "../tasks/task-webhook.ts";
import { eventTypeOf } from "../tasks/task-webhook.ts";
import type { Actor } from "./actor.ts";
import { OPERATOR } from "./actor.ts";
import type { TaskOrigin } from "./incarnation.ts";
import { newKeySecret } from "./keyring.ts";
import type { KeyMode } from "./keys.ts";
import type { AdmissionRequest, DeliveryState, TaskOutcome } from "./ledger.ts";
import type { LedgerPage, TaskPageQuery } from "./ledger-queries.ts";
import type {
  AccountView,
  AdmissionReceipt,
  AuditPage,
  CreatedTenant,
  CreateKeyResult,
  EndpointInfo,
  KeyInfo,
  NewKey,
  NewTenant,
  OutcomeReceipt,
  RotateKeyResult,
  SecretInfo,
  TaskSettings,
  TenantPatch,
  TenantView,
  WebhookSettings,
} from "./rpc.ts";
import type { TenantServices } from "./services.ts";
import type { TenantSnapshot } from "./settings.ts";
import { TenantState } from "./state.ts";
import type { UsageDay, UsageRange } from "./usage.ts";

const NO_WEBHOOK: WebhookSettings = { endpoint: null, secrets: [] };

/**
 * The Durable Object of a tenant. Methods with an actor return null if the tenant, or the actor's key, no longer exists.
 */
export class TenantObject extends DurableObject<Env> {
  readonly #state = new TenantState(this.ctx, () => this.env);

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    void ctx.blockConcurrencyWhile(() => this.#state.load());
  }

  /** Creates the tenant. Null if it already exists. */
  async create(wanted: NewTenant): Promise<CreatedTenant | null> {
    return this.#state.create(wanted);
  }

  /** The operator's view of the tenant. Null if there is none. */
  describe(): TenantView | null {
    return this.#state.tenant?.view(Date.now()) ?? null;
  }

  /** Changes settings. A higher limit admits waiting tasks. */
  async patch(patch: TenantPatch): Promise<TenantView | null> {
    return this.#state.change(OPERATOR, (tenant, now) => {
      const profile = tenant.account.patch(OPERATOR, patch, now);
      // Tasks of a suspended tenant request admission again when they wake, which rejects them.
      this.#state.tasks.wake(
        profile.suspended ? tenant.admission.unfinished() : tenant.admission.admitWaiting(profile, now),
      );
      this.#state.announceExhaustion(tenant, now);
      return tenant.view(now);
    });
  }

  /** Deletes the tenant with its keys and ledger, and cancels its unfinished tasks. False if there is no tenant. */
  async remove(): Promise<boolean> {
    return this.#state.remove();
  }

  /** A key's view of its tenant. */
  account(actor: Actor, mode: KeyMode): AccountView | null {
    return this.#state.tenantOf(actor)?.accountView(mode, Date.now()) ?? null;
  }

  auditLog(actor: Actor, mode: KeyMode | null, limit: number, before: number | null): AuditPage | null {
    return this.#state.tenantOf(actor)?.account.auditPage(actor, mode, limit, before) ?? null;
  }

  async createKey(actor: Actor, wanted: NewKey): Promise<CreateKeyResult | null> {
    const secret = await this.#newSecret(actor, wanted.mode);
    return secret && this.#state.change(actor, ({ account }, now) => account.createKey(actor, wanted, secret, now));
  }

  /** The keys that the actor can see. */
  listKeys(actor: Actor): KeyInfo[] | null {
    return this.#state.tenantOf(actor)?.keyring.list(actor, Date.now()) ?? null;
  }

  /** Revokes a key. False if the actor can see no such valid key. */
  async revokeKey(actor: Actor, id: string): Promise<boolean | null> {
    return this.#state.change(actor, ({ account }, now) => {
      const revoked = account.revokeKey(actor, id, now);
      if (revoked) this.#state.stream.connections.closeKey(id);
      return revoked;
    });
  }

  /** Rotates a key, which ends after `overlapMs`. */
  async rotateKey(actor: Actor, id: string, overlapMs: number): Promise<RotateKeyResult | null> {
    const mode = this.#state.tenantOf(actor)?.keyring.find(actor, id)?.mode ?? "test";
    const secret = await this.#newSecret(actor, mode);
    return (
      secret &&
      this.#state.change(actor, ({ account }, now) => {
        const result = account.rotateKey(actor, id, overlapMs, secret, now);
        if (typeof result === "string") return result;
        this.#state.stream.connections.endKeyAt(id, result.replaces.expiresAt);
        this.#state.alarm.ringBy(result.replaces.expiresAt);
        return result;
      })
    );
  }

  endpoint(actor: Actor, mode: KeyMode): EndpointInfo | null {
    return this.#state.tenantOf(actor)?.webhooks.endpoint(mode) ?? null;
  }

  /** Sets and enables the endpoint of a mode, or deletes it (null). */
  setEndpoint(actor: Actor, mode: KeyMode, url: string | null): EndpointInfo | null {
    return this.#state.tenantOf(actor)?.account.setEndpoint(actor, mode, url, Date.now()) ?? null;
  }

  webhookSecret(actor: Actor, mode: KeyMode): SecretInfo | null {
    return this.#state.tenantOf(actor)?.account.readSecret(actor, mode, Date.now()) ?? null;
  }

  rotateSecret(actor: Actor, mode: KeyMode, overlapMs: number): string | null {
    return this.#state.tenantOf(actor)?.account.rotateSecret(actor, mode, overlapMs, Date.now()) ?? null;
  }

  /** The settings for a test of the endpoint, which can be disabled. */
  probeSettings(actor: Actor, mode: KeyMode): WebhookSettings | null {
    const webhooks = this.#state.tenantOf(actor)?.webhooks ?? null;
    return webhooks && { ...webhooks.settings(mode, Date.now()), endpoint: webhooks.endpoint(mode).url };
  }

  /** A page of matching tasks, newest first. */
  listTasks(actor: Actor, mode: KeyMode, query: TaskPageQuery): LedgerPage | null {
    return this.#state.tenantOf(actor)?.ledger.queries.page(mode, query, Date.now()) ?? null;
  }

  /** The usage of each day of a range. */
  async usage(actor: Actor, mode: KeyMode, range: UsageRange): Promise<UsageDay[] | null> {
    const tenant = this.#state.tenantOf(actor);
    if (tenant === null) return null;
    try {
      return await tenant.ledger.usage.days(mode, range, Date.now());
    } catch (error) {
      // Counting fails if the tenant is deleted in the meantime.
      if (this.#state.tenant !== tenant) return null;
      throw error;
    }
  }

  /** The current snapshot, for a key that the snapshot in KV does not contain. */
  snapshot(): TenantSnapshot | null {
    return this.#state.tenant?.snapshot(Date.now()) ?? null;
  }

  /** Records that a key was used on `day` (`2026-11-23`). */
  noteKeyUse(id: string, day: string): void {
    this.#state.tenant?.keyring.noteUse(id, day);
  }

  /** Admits a task to a slot or the queue, or rejects it. Idempotent. */
  admit(request: AdmissionRequest): AdmissionReceipt {
    const tenant = this.#state.tenantOfTask(request);
    if (tenant === null) return { outcome: { tag: "gone" }, webhook: null };
    const now = Date.now();
    const outcome = tenant.admission.admit(request, tenant.profile, now);
    this.#state.announceExhaustion(tenant, now);
    this.#state.armForLeaseExpiry(tenant);
    const webhook = this.#taskSettings(tenant, request.mode, now);
    if (outcome.tag !== "admitted") return { outcome, webhook };
    const { upstreamAccount } = tenant.profile;
    const pinned = request.mode === "live" && upstreamAccount !== null ? { upstreamAccount } : {};
    return { outcome: { ...outcome, ...this.#firstPoll(tenant, request.mode), ...pinned }, webhook };
  }

  /**
   * Records the outcome of a finished task and returns its webhook settings. See `TenantServices.reportOutcome`.
   * @param event sent to stream clients if the outcome is new
   */
  reportOutcome(report: TaskOutcome, mayWait = false, event: TaskWebhook | null = null): OutcomeReceipt {
    const tenant = this.#state.tenantOfTask(report);
    if (tenant === null) return { entered: true, streaming: false, settings: NO_WEBHOOK };
    const now = Date.now();
    // Before the ledger is written, because the output gate delays messages until earlier writes are durable.
    if (event !== null && !tenant.ledger.hasOutcome(report, now)) this.#publish(tenant, report.mode, event, now);
    const { entered, isNew, settings, admitted } = tenant.reportOutcome(report, mayWait, now);
    this.#state.tasks.wake(admitted);
    this.#state.announceExhaustion(tenant, now);
    const type = isNew && event === null ? eventTypeOf(report.status) : null;
    const streaming = type !== null && this.#state.stream.connections.wants(report.mode, type);
    return { entered, streaming, settings };
  }

  /** The webhook settings for a task. */
  webhookSettings(origin: TaskOrigin, mode: KeyMode): TaskSettings {
    const tenant = this.#state.tenantOfTask(origin);
    return tenant === null ? NO_WEBHOOK : this.#taskSettings(tenant, mode, Date.now());
  }

  /** Updates the webhook state of a task in the ledger. */
  recordDeliveryState(delivery: DeliveryState): void {
    this.#state.tenantOfTask(delivery)?.ledger.recordDeliveryState(delivery);
  }

  /** Disables the endpoint `url`, which returned 410 for a task. Setting it again enables it. */
  disableEndpoint(url: string, origin: TaskOrigin, mode: KeyMode): void {
    const tenant = this.#state.tenantOfTask(origin);
    if (tenant?.webhooks.disable(mode, url, "The endpoint returned 410 Gone.", Date.now()) !== true) return;
    const { id: tenantId } = tenant.profile;
    log("warn", "endpoint_disabled", { tenantId, mode });
    raiseAlert(this.env, { type: "endpoint.disabled", data: { tenantId, mode, host: new URL(url).host } });
  }

  /** Sends the event of a task to the connected clients of its mode. */
  publishEvent(origin: TaskOrigin, mode: KeyMode, webhook: TaskWebhook): void {
    const tenant = this.#state.tenantOfTask(origin);
    if (tenant !== null) this.#publish(tenant, mode, webhook, Date.now());
  }

  /** Connects an authenticated stream client. The Worker forwards its upgrade request with the query of `connectionSchema`. */
  override fetch(request: Request): Response {
    const connection = connectionSchema.parse(Object.fromEntries(new URL(request.url).searchParams));
    const { keyId, mode, tenantCreatedAt } = connection;
    const actor: Actor = { type: "key", keyId, mode, scopes: [], tenantCreatedAt };
    const tenant = this.#state.tenantOf(actor);
    const now = Date.now();
    const key = tenant?.keyring.list(actor, now).find(({ id }) => id === keyId);
    if (tenant === null || key === undefined) return new Response(null, { status: 401 });
    if (key.expiresAt !== null) this.#state.alarm.ringBy(key.expiresAt);
    return this.#state.stream.connect(tenant, connection, key.expiresAt, now);
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    const length = typeof message === "string" ? message.length : message.byteLength;
    this.#state.stream.connections.received(socket, length, Date.now());
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    this.#state.stream.connections.closed(socket, code);
  }

  override async alarm(): Promise<void> {
    await this.#state.onAlarm();
  }

  #publish(tenant: TenantServices, mode: KeyMode, webhook: TaskWebhook, now: number): void {
    this.#state.stream.publish(tenant, mode, webhook, now);
  }

  /** The settings that a task of the mode caches. */
  #taskSettings({ webhooks }: TenantServices, mode: KeyMode, now: number): TaskSettings {
    return { ...webhooks.settings(mode, now), streamed: this.#state.stream.connections.wantedEvents(mode) };
  }

  /** Creates a random key. */
  async #newSecret(actor: Actor, mode: KeyMode) {
    const tenant = this.#state.tenantOf(actor);
    return tenant === null ? null : newKeySecret(mode, tenant.profile.id);
  }

  /** The delay of a task's first poll, if it is not the default. */
  #firstPoll({ firstPolls }: TenantServices, mode: KeyMode): { readonly firstPollMs?: number } {
    const { adaptiveFirstPoll, pollIntervalMs } = configurationOf(this.env);
    const firstPollMs = adaptiveFirstPoll ? firstPolls[mode].delayMs(pollIntervalMs, Math.random()) : undefined;
    return firstPollMs === undefined ? {} : { firstPollMs };
  }
}
