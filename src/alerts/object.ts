// The AlertObject, of which there is only one. It throttles operator alerts and sends them as signed webhooks until the receiver
// accepts them. No other part of the gateway waits for a receiver.

import { DurableObject } from "cloudflare:workers";
import { z } from "zod";
import type { Configuration, Env } from "../env.ts";
import { configurationOf } from "../env.ts";
import { describeError, log } from "../log.ts";
import { rfc3339 } from "../rfc3339.ts";
import { deliverWebhook } from "../webhooks/deliver.ts";
import type { DeliveryOutcome } from "../webhooks/outcome.ts";
import { signWebhook } from "../webhooks/sign.ts";
import type { Alert, Channel, DueAlert } from "./alerts.ts";
import {
  channelOf,
  channelSchema,
  EXHAUSTED_CHANNEL,
  endState,
  pendingAt,
  purgeableAt,
  raise,
  release,
} from "./alerts.ts";

/** The prefixes of its storage keys. */
const CHANNEL = "channel:";
const OUTGOING = "outgoing:";

/** The maximum number of channels per area (accounts, quotas, endpoints, internal errors). Further alerts are only logged. */
const MAX_SUBJECTS = 200;

/** The maximum number of unsent alerts. Rarely reached, because a new alert replaces an older one of the same type and subject. */
const MAX_OUTGOING = 1_000;

/** Pauses (ms) after consecutive failures of the receiver. The last one repeats. */
const BACKOFF_MS = [5_000, 15_000, 60_000, 300_000, 900_000] as const;

/** Alerts are discarded after this time (ms): three days, so that a weekend does not matter. */
const GIVE_UP_MS = 259_200_000;

/** The maximum number of alerts that one alarm sends. */
const MAX_SENDS = 20;

const outgoingSchema = z.object({
  /** The `webhook-id`, the same on every attempt. */
  id: z.string(),
  channel: z.string(),
  type: z.string(),
  /** The exact bytes to send, as text. */
  body: z.string(),
  raisedAt: z.int().nonnegative(),
});
type Outgoing = z.output<typeof outgoingSchema>;

const backoffSchema = z.object({ failures: z.int().nonnegative(), nextTryAt: z.int().nonnegative() });
const BACKOFF_KEY = "backoff";
const NO_FAILURE: z.output<typeof backoffSchema> = { failures: 0, nextTryAt: 0 };

/** Throttles and sends operator alerts. */
export class AlertObject extends DurableObject<Env> {
  readonly #channels = new Map<string, Channel>();
  /** By sequence number, oldest first. */
  readonly #outgoing = new Map<number, Outgoing>();
  #backoff = NO_FAILURE;
  #sequence = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    for (const [key, value] of ctx.storage.kv.list({ prefix: CHANNEL })) {
      const { data } = channelSchema.safeParse(value);
      if (data !== undefined) this.#channels.set(key.slice(CHANNEL.length), data);
    }
    for (const [key, value] of ctx.storage.kv.list({ prefix: OUTGOING })) {
      const { data } = outgoingSchema.safeParse(value);
      this.#sequence = Number(key.slice(OUTGOING.length));
      if (data !== undefined) this.#outgoing.set(this.#sequence, data);
    }
    this.#backoff = backoffSchema.safeParse(ctx.storage.kv.get(BACKOFF_KEY)).data ?? NO_FAILURE;
  }

  /** Stores an alert. The alarm sends it. */
  raise(alert: Alert): void {
    const now = Date.now();
    const key = channelOf(alert);
    if (!this.#channels.has(key) && this.#isFull(key)) {
      log("error", "alert_dropped", { type: alert.type, reason: "too many subjects" });
      return;
    }
    if (alert.type === "upstream.recovered") this.#endExhaustion();
    this.#take(raise(this.#channels.get(key), alert, now));
    this.#arm(now);
  }

  override async alarm(): Promise<void> {
    try {
      const now = Date.now();
      for (const channel of [...this.#channels.values()]) this.#take(release(channel, now));
      this.#purgeChannels(now);
      await this.#send();
    } catch (error) {
      log("error", "alert_alarm_failed", { ...describeError(error) });
      this.#fail(null);
    }
    this.#arm(Date.now());
  }

  #isFull(key: string): boolean {
    const area = key.split("/", 1)[0] ?? key;
    let count = 0;
    for (const known of this.#channels.keys()) if (known.startsWith(`${area}/`)) count += 1;
    return count >= MAX_SUBJECTS;
  }

  #endExhaustion(): void {
    const channel = this.#channels.get(EXHAUSTED_CHANNEL);
    if (channel !== undefined) this.#storeChannel(endState(channel));
  }

  #take({ channel, due }: { readonly channel: Channel; readonly due: DueAlert | null }): void {
    if (channel !== this.#channels.get(channel.key)) this.#storeChannel(channel);
    if (due !== null) this.#enqueue(channel.key, due);
  }

  #storeChannel(channel: Channel): void {
    this.ctx.storage.kv.put(CHANNEL + channel.key, channel);
    this.#channels.set(channel.key, channel);
  }

  #enqueue(channel: string, { alert, raisedAt }: DueAlert): void {
    const { type, data } = alert;
    for (const [sequence, older] of this.#outgoing) {
      if (older.channel === channel && older.type === type) this.#remove(sequence);
    }
    const [oldest] = this.#outgoing.keys();
    if (this.#outgoing.size >= MAX_OUTGOING && oldest !== undefined) this.#drop(oldest, "too many alerts");
    const body = JSON.stringify({ type, timestamp: rfc3339(raisedAt), data });
    this.#add({ id: `alert_${crypto.randomUUID()}`, channel, type, body, raisedAt });
  }

  #add(outgoing: Outgoing): void {
    this.#sequence += 1;
    // Padded, so that storage lists alerts by number.
    this.ctx.storage.kv.put(OUTGOING + String(this.#sequence).padStart(16, "0"), outgoing);
    this.#outgoing.set(this.#sequence, outgoing);
  }

  #remove(sequence: number): void {
    this.ctx.storage.kv.delete(OUTGOING + String(sequence).padStart(16, "0"));
    this.#outgoing.delete(sequence);
  }

  #drop(sequence: number, reason: string): void {
    log("error", "alert_dropped", { type: this.#outgoing.get(sequence)?.type, reason });
    this.#remove(sequence);
  }

  #purgeChannels(now: number): void {
    for (const channel of [...this.#channels.values()]) {
      if (channel.pending !== null || purgeableAt(channel) > now) continue;
      this.ctx.storage.kv.delete(CHANNEL + channel.key);
      this.#channels.delete(channel.key);
    }
  }

  /** Sends unsent alerts, oldest first. An alert that the receiver rejects remains and does not block the others. */
  async #send(): Promise<void> {
    if (this.#outgoing.size === 0 || this.#backoff.nextTryAt > Date.now()) return;
    const { alertWebhook, allowPrivateWebhooks: allowPrivate } = configurationOf(this.env);
    let failure: { readonly retryAfterMs: number | null } | null = null;
    for (const [sequence, outgoing] of [...this.#outgoing].slice(0, MAX_SENDS)) {
      if (alertWebhook === null) {
        this.#drop(sequence, "ALERT_WEBHOOK_URL is not set");
        continue;
      }
      const outcome = await attempt(outgoing, alertWebhook, allowPrivate);
      if (outcome.tag === "delivered") {
        this.#remove(sequence);
        continue;
      }
      const { status, error } = outcome;
      log("warn", "alert_undelivered", { type: outgoing.type, status, error, failures: this.#backoff.failures + 1 });
      failure = { retryAfterMs: outcome.tag === "failed" ? outcome.retryAfterMs : null };
      if (Date.now() - outgoing.raisedAt > GIVE_UP_MS) this.#drop(sequence, "the receiver did not accept it");
      if (!isRejection(status)) break;
    }
    if (failure !== null) this.#fail(failure.retryAfterMs);
    else if (this.#backoff.failures > 0) this.#endBackoff();
  }

  #fail(retryAfterMs: number | null): void {
    const failures = this.#backoff.failures + 1;
    const longest = BACKOFF_MS[BACKOFF_MS.length - 1] ?? 0;
    const pause = BACKOFF_MS[failures - 1] ?? longest;
    const nextTryAt = Date.now() + Math.max(pause, Math.min(retryAfterMs ?? 0, longest));
    this.#backoff = { failures, nextTryAt };
    this.ctx.storage.kv.put(BACKOFF_KEY, this.#backoff);
  }

  #endBackoff(): void {
    this.ctx.storage.kv.delete(BACKOFF_KEY);
    this.#backoff = NO_FAILURE;
  }

  /** Sets the alarm for the next event: an unsent or pending alert, or a channel to purge. */
  #arm(now: number): void {
    const times = [...this.#channels.values()].map((channel) => pendingAt(channel) ?? purgeableAt(channel));
    if (this.#outgoing.size > 0) times.push(this.#backoff.nextTryAt);
    // Not awaited: if the write fails, the output gate breaks and resets the object.
    if (times.length > 0) void this.ctx.storage.setAlarm(Math.max(Math.min(...times), now + 1));
  }
}

/** Signs and sends one attempt. */
async function attempt(
  { id, body }: Outgoing,
  { url, secret }: NonNullable<Configuration["alertWebhook"]>,
  allowPrivate: boolean,
): Promise<DeliveryOutcome> {
  const webhook = signWebhook(id, body, [secret], Date.now());
  const { outcome } = await deliverWebhook(url, webhook, { fetch: (request) => fetch(request), allowPrivate });
  return outcome;
}

/** Whether the receiver rejects this alert. Other failures affect all alerts. */
function isRejection(status: number | null): boolean {
  return status !== null && status >= 400 && status < 500 && status !== 408 && status !== 429;
}
