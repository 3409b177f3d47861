// The TenantObject: one per tenant, the truth about its settings, keys, slots and ledger. It publishes a snapshot of what the
// edge needs to KV, and wakes tasks. Nothing on the path that accepts a task asks it. It knows no HTTP shapes.

import { DurableObject } from "cloudflare:workers";
import type { Env } from "../env.ts";
import { configurationOf } from "../env.ts";
import { describeError, log } from "../log.ts";
import type { AdmissionOutcome } from "../tasks/events.ts";
import type { TaskObject } from "../tasks/object.ts";
import type { TaskStatus } from "../tasks/status.ts";
import type { ProbeResult } from "../webhooks/probe.ts";
import { probeEndpoint } from "../webhooks/probe.ts";
import type { KeyInfo, MintedKey, NewKey } from "./keyring.ts";
import type { KeyMode, Scope } from "./keys.ts";
import type { AdmissionRequest, DeliveryState, TaskOutcome } from "./ledger.ts";
import type { LedgerPage, UsageDay } from "./ledger-queries.ts";
import { PUBLISH_RETRY_MS, Publisher } from "./publisher.ts";
import { nextMonthAt } from "./quota.ts";
import type { TenantProfile, TenantSnapshot } from "./settings.ts";
import type { EndpointInfo, NewTenant, TenantPatch, WebhookSettings } from "./state.ts";
import { TenantState } from "./state.ts";

/** The ledger is pruned this often (ms). */
const PRUNE_EVERY_MS = 86_400_000;

/** A key, or why there is none. */
export type MintResult = MintedKey | "absent" | "too_many" | "forbidden";

/** Whether the ledger has the outcome now, and the terms for the webhook. */
export interface OutcomeReceipt {
  readonly entered: boolean;
  readonly settings: WebhookSettings;
}

/** What a key may give: nothing that it lacks. The operator is bound by no scope and no mode. */
export interface KeyAuthority {
  readonly mode: KeyMode;
  readonly scopes: readonly Scope[];
}

export class TenantObject extends DurableObject<Env> {
  #state: TenantState | null = null;
  #armedAt: number | null = null;
  readonly #publisher = new Publisher({
    directory: () => this.env.DIRECTORY,
    current: () => this.#state,
    wakeBy: (at) => this.#armBy(at),
  });

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    void ctx.blockConcurrencyWhile(async () => {
      this.#state = await TenantState.load(ctx.storage);
      if (this.#state === null) return;
      this.#armedAt = await ctx.storage.getAlarm();
      this.#announceExhaustion(this.#state, Date.now());
    });
  }

  /** Creates the tenant; null where it exists. The secret that signs its webhooks is returned this once. */
  async create(wanted: NewTenant): Promise<{ readonly profile: TenantProfile; readonly webhookSecret: string } | null> {
    if (this.#state !== null) return null;
    const now = Date.now();
    const { state, webhookSecret } = await this.ctx.blockConcurrencyWhile(() =>
      TenantState.create(this.ctx.storage, wanted, now),
    );
    this.#state = state;
    this.#arm(now + PRUNE_EVERY_MS);
    await this.#publisher.publish(state);
    return { profile: state.profile, webhookSecret };
  }

  /** The tenant's settings, or null where there is no such tenant. */
  describe(): TenantProfile | null {
    return this.#state?.profile ?? null;
  }

  /** Changes settings, and lets in who was waiting for a higher limit. */
  async patch(patch: TenantPatch): Promise<TenantProfile | null> {
    const state = this.#state;
    if (state === null) return null;
    const now = Date.now();
    const profile = state.patch(patch);
    // Waiting tasks of a suspended tenant ask again when they are woken, and are rejected.
    this.#wake(profile.suspended ? state.admission.unfinished() : state.admission.letIn(profile, now));
    this.#announceExhaustion(state, now);
    await this.#publisher.publish(state);
    return profile;
  }

  /** Deletes the tenant: its keys are dead, its unfinished tasks canceled, its ledger erased. False where there is none. */
  async remove(): Promise<boolean> {
    const state = this.#state;
    if (state === null) return false;
    const { id } = state.profile;
    const unfinished = state.admission.unfinished();
    this.#state = null;
    this.#armedAt = null;
    await this.ctx.storage.deleteAll();
    await this.#publisher.withdraw(id);
    for (const taskId of unfinished) this.#tell(taskId, (task) => task.abandon(id));
    return true;
  }

  /** Mints a key, within what `authority` may give (null: the operator). */
  async mintKey(wanted: NewKey, authority: KeyAuthority | null): Promise<MintResult> {
    const state = this.#state;
    if (state === null) return "absent";
    if (!mayGive(authority, wanted)) return "forbidden";
    const minted = await state.keyring.mint(wanted, Date.now());
    if (minted === null) return "too_many";
    state.touch();
    await this.#publisher.publish(state);
    return minted;
  }

  listKeys(): KeyInfo[] | null {
    return this.#state?.keyring.list(Date.now()) ?? null;
  }

  async revokeKey(id: string): Promise<boolean> {
    const state = this.#state;
    if (state === null || !state.keyring.revoke(id, Date.now())) return false;
    state.touch();
    await this.#publisher.publish(state);
    return true;
  }

  /** Mints a key like the one of `id`, which ends after `overlapMs`. */
  async rotateKey(id: string, overlapMs: number, authority: KeyAuthority | null): Promise<MintResult> {
    const now = Date.now();
    const state = this.#state;
    const old = state?.keyring.find(id, now) ?? null;
    if (state === null || old === null) return "absent";
    if (!mayGive(authority, old)) return "forbidden";
    const minted = await state.keyring.rotate(id, overlapMs, now);
    if (minted === null) return "too_many";
    state.touch();
    await this.#publisher.publish(state);
    return minted;
  }

  /** The snapshot as it is now, for an edge whose copy does not know a key. Null where there is no such tenant. */
  snapshot(): TenantSnapshot | null {
    return this.#state?.snapshot(Date.now()) ?? null;
  }

  noteKeyUse(id: string, day: string): void {
    this.#state?.keyring.noteUse(id, day);
  }

  /** Gives a task a slot, a place in the queue, or a refusal. Asking again gives the same answer. */
  admit(request: AdmissionRequest): AdmissionOutcome {
    const state = this.#own(request.createdAt);
    if (state === null) return { tag: "gone" };
    const now = Date.now();
    const outcome = state.admission.admit(request, state.profile, now);
    this.#announceExhaustion(state, now);
    this.#armForLeaseExpiry(state);
    return outcome.tag === "admitted" ? { ...outcome, ...this.#firstPoll(state, request.mode) } : outcome;
  }

  /**
   * Frees the slot of a task that is final, says where its webhook goes and what signs it, and takes the outcome into the ledger,
   * once. With `mayWait` its entry waits where there is a webhook: the task hands the outcome in again with what came of it.
   */
  reportOutcome(report: TaskOutcome, mayWait = false): OutcomeReceipt {
    const state = this.#own(report.createdAt);
    if (state === null) return { entered: true, settings: { endpoint: null, secrets: [] } };
    const now = Date.now();
    const settings = state.webhookSettings(now);
    const webhookState = report.webhookState ?? (settings.endpoint === null ? null : "pending");
    const entered = !mayWait || webhookState === null;
    const outcome = { ...report, webhookState };
    const fresh = entered ? state.ledger.recordOutcome(outcome) : state.ledger.hold(outcome);
    if (fresh) recordSolveTime(state, outcome);
    this.#wake(state.admission.release(report, state.profile, now));
    this.#announceExhaustion(state, now);
    return { entered, settings };
  }

  webhookSettings(createdAt: number): WebhookSettings {
    return this.#own(createdAt)?.webhookSettings(Date.now()) ?? { endpoint: null, secrets: [] };
  }

  recordDeliveryState(note: DeliveryState): void {
    this.#own(note.createdAt)?.ledger.recordDeliveryState(note);
  }

  endpoint(): EndpointInfo | null {
    return this.#state?.endpoint ?? null;
  }

  /** Sets the default endpoint (null: none), and enables it. */
  setEndpoint(url: string | null): EndpointInfo | null {
    return this.#state?.setEndpoint(url) ?? null;
  }

  /** The endpoint answered 410 to a task made at `createdAt`: nothing more is sent to it until it is set again. */
  disableEndpoint(url: string, createdAt: number): void {
    const state = this.#own(createdAt);
    if (state?.disableEndpoint(url, "The endpoint answered 410 Gone.", Date.now()) !== true) return;
    log("warn", "endpoint_disabled", { tenantId: state.profile.id });
  }

  /** A new signing secret, shown this once; null where there is no such tenant. */
  rotateSecret(overlapMs: number): string | null {
    return this.#state?.rotateSecret(overlapMs, Date.now()) ?? null;
  }

  /** Sends `webhook.test` to the endpoint now; null where none is set. */
  async testEndpoint(): Promise<ProbeResult | null> {
    const state = this.#state;
    const url = state?.endpoint.url ?? null;
    if (state === null || url === null) return null;
    const { secrets } = state.webhookSettings(Date.now());
    return probeEndpoint(url, state.profile.id, secrets, configurationOf(this.env));
  }

  /** A page of the ledger, newest first. */
  listTasks(mode: KeyMode, status: TaskStatus | null, limit: number, before: number | null): LedgerPage {
    return this.#state?.ledger.queries.page(mode, status, limit, before) ?? { rows: [], next: null };
  }

  /** Usage by day (UTC), from `from` to `to`, both included; each as `2026-11-23`. */
  usage(mode: KeyMode, from: string, to: string): UsageDay[] {
    return this.#state?.ledger.queries.usage(mode, from, to) ?? [];
  }

  override async alarm(): Promise<void> {
    this.#armedAt = null;
    const state = this.#state;
    if (state === null) return;
    const now = Date.now();
    let again = now + PRUNE_EVERY_MS;
    try {
      this.#wake(state.admission.expireLeases(now));
      this.#wake(state.admission.letIn(state.profile, now));
      this.#announceExhaustion(state, now);
      state.ledger.prune(now);
      if (state.unpublished) await this.#publisher.publish(state);
    } catch (error) {
      // Thrown on, the platform would drop the alarm after six tries; it is the one that mends lost tasks.
      log("error", "tenant_alarm_failed", { tenantId: state.profile.id, ...describeError(error) });
      again = now + PUBLISH_RETRY_MS;
    }
    if (this.#state === null) return;
    this.#armBy(again);
    this.#armForLeaseExpiry(state);
  }

  /** When the task's first poll should come, if not at the usual time. */
  #firstPoll({ firstPolls }: TenantState, mode: KeyMode): { readonly firstPollMs?: number } {
    const { adaptiveFirstPoll, pollIntervalMs } = configurationOf(this.env);
    const firstPollMs = adaptiveFirstPoll ? firstPolls[mode].delayMs(pollIntervalMs, Math.random()) : undefined;
    return firstPollMs === undefined ? {} : { firstPollMs };
  }

  /** The tenant that a task made at `createdAt` belongs to: not one that took the id of its own, deleted tenant since. */
  #own(createdAt: number): TenantState | null {
    return this.#state !== null && this.#state.profile.createdAt <= createdAt ? this.#state : null;
  }

  #wake(taskIds: readonly string[]): void {
    for (const taskId of taskIds) this.#tell(taskId, (task) => task.wake());
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

  /** Has the alarm publish the snapshot when the quota is used up and when it starts again, so that no caller waits for KV. */
  #announceExhaustion(state: TenantState, now: number): void {
    if (state.announceExhaustion(now)) this.#armBy(now + 1);
    if (state.exhaustedMonth(now) !== null) this.#armBy(nextMonthAt(now));
  }

  #armForLeaseExpiry(state: TenantState): void {
    const at = state.admission.nextLeaseExpiryAt();
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

function mayGive(authority: KeyAuthority | null, wanted: Pick<NewKey, "mode" | "scopes">): boolean {
  if (authority === null) return true;
  return wanted.mode === authority.mode && wanted.scopes.every((scope) => authority.scopes.includes(scope));
}

function recordSolveTime({ firstPolls }: TenantState, { mode, unsolvedMs, solveMs }: TaskOutcome): void {
  if (unsolvedMs !== null && solveMs !== null) firstPolls[mode].record({ afterMs: unsolvedMs, byMs: solveMs });
}
