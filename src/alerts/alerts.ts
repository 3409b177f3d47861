// Operator alerts and their throttling. Pure: `(channel, alert, now) → channel`, and the alert to send, if any.

import { z } from "zod";
import { KEY_MODES } from "../tenants/keys.ts";

const name = z.string();
const mode = z.enum(KEY_MODES);

/** The alerts by type. */
export const alertSchema = z.discriminatedUnion("type", [
  /** The upstream rejected an account with `code`. */
  z.object({ type: z.literal("upstream.refused"), data: z.object({ account: name, code: z.string() }) }),
  /** The account works again. `code` is the last error. */
  z.object({ type: z.literal("upstream.recovered"), data: z.object({ account: name, code: z.string() }) }),
  /** All configured accounts are refused. */
  z.object({ type: z.literal("upstream.exhausted"), data: z.object({ accounts: z.array(name) }) }),
  /** A tenant has used up the live tasks of `month` (`2026-11`, UTC). */
  z.object({
    type: z.literal("tenant.quota_reached"),
    data: z.object({ tenantId: name, month: z.string(), quota: z.int() }),
  }),
  /** A tenant's endpoint returned 410 and is disabled until it is set again. Only the host is included: a path can contain a token. */
  z.object({ type: z.literal("endpoint.disabled"), data: z.object({ tenantId: name, mode, host: z.string() }) }),
  /** A task failed with `internal`. */
  z.object({ type: z.literal("task.internal_error"), data: z.object({ tenantId: name, mode, taskId: z.string() }) }),
]);
/** An operator alert. Never contains a secret, key or token. */
export type Alert = z.output<typeof alertSchema>;

/** At most one alert per type and subject is sent in this time (ms). */
export const QUIET_MS = 600_000;

/**
 * The alerts about one subject. Types that report the state of the same subject, such as `upstream.refused` and `upstream.recovered`,
 * share a channel, so that only the last state is sent.
 */
export const channelSchema = z.object({
  key: z.string(),
  /** When each type was last sent (ms). */
  putOutAt: z.record(z.string(), z.int().nonnegative()),
  /** The type that was sent last, unless its state has ended. */
  last: z.string().nullable(),
  /** The last alert during the quiet time, and when it was raised (ms). It is sent at the end of the quiet time. */
  pending: z.object({ alert: alertSchema, raisedAt: z.int().nonnegative() }).nullable(),
});
/** The persisted state of a channel. */
export type Channel = z.output<typeof channelSchema>;

/** An alert to send, and when it was raised (ms). */
export interface DueAlert {
  readonly alert: Alert;
  readonly raisedAt: number;
}

type Step = { readonly channel: Channel; readonly due: DueAlert | null };

/** The channel of `upstream.exhausted`. This state ends when any account works again. */
export const EXHAUSTED_CHANNEL = "upstream";

/** The key of an alert's channel: its area and its subject. */
export function channelOf({ type, data }: Alert): string {
  switch (type) {
    case "upstream.refused":
    case "upstream.recovered":
      return `account/${data.account}`;
    case "upstream.exhausted":
      return EXHAUSTED_CHANNEL;
    case "tenant.quota_reached":
      return `quota/${data.tenantId}`;
    case "endpoint.disabled":
      return `endpoint/${data.tenantId}/${data.mode}`;
    case "task.internal_error":
      return `internal/${data.tenantId}`;
  }
}

/** Sends an alert now, or at the end of the quiet time of its type. */
export function raise(known: Channel | undefined, alert: Alert, now: number): Step {
  const channel = known ?? { key: channelOf(alert), putOutAt: {}, last: null, pending: null };
  const due = { alert, raisedAt: now };
  if (quietUntil(channel, alert.type) <= now) return sendNow(channel, due, now);
  // The subject is back in the state that was last sent, so there is nothing to report.
  const unchanged = channel.key.startsWith("account/") && alert.type === channel.last;
  return { channel: { ...channel, pending: unchanged ? null : due }, due: null };
}

/** Ends the state that a channel reports. It is not sent anymore, and is new if it recurs. */
export function endState(channel: Channel): Channel {
  return channel.last === null && channel.pending === null ? channel : { ...channel, last: null, pending: null };
}

/** Sends the pending alert if its quiet time is over. */
export function release(channel: Channel, now: number): Step {
  const at = pendingAt(channel);
  if (channel.pending === null || at === null || at > now) return { channel, due: null };
  return sendNow(channel, channel.pending, now);
}

/** When the pending alert is due (ms), or null. */
export function pendingAt(channel: Channel): number | null {
  return channel.pending === null ? null : quietUntil(channel, channel.pending.alert.type);
}

/** When a channel no longer affects later alerts and can be purged (ms). */
export function purgeableAt(channel: Channel): number {
  return Math.max(...Object.values(channel.putOutAt), 0) + QUIET_MS;
}

function sendNow(channel: Channel, due: DueAlert, now: number): Step {
  const { type } = due.alert;
  const putOutAt = { ...channel.putOutAt, [type]: now };
  return { channel: { ...channel, putOutAt, last: type, pending: null }, due };
}

function quietUntil({ putOutAt }: Channel, type: string): number {
  const at = putOutAt[type];
  return at === undefined ? 0 : at + QUIET_MS;
}
