// Operator alerts: their kinds, what they are about, and when one is put out. Pure: `(channel, alert, now) → channel`, and the alert
// that is to be sent, if any.

import { z } from "zod";

const name = z.string();
const mode = z.enum(["live", "test"]);

export const alertSchema = z.discriminatedUnion("type", [
  /** The upstream refused an account with `code`. */
  z.object({ type: z.literal("upstream.refused"), data: z.object({ account: name, code: z.string() }) }),
  /** The account works again; `code` is what it was refused with. */
  z.object({ type: z.literal("upstream.recovered"), data: z.object({ account: name, code: z.string() }) }),
  /** Every configured account is refused. */
  z.object({ type: z.literal("upstream.exhausted"), data: z.object({ accounts: z.array(name) }) }),
  /** A tenant has used up the live tasks of `month` (`2026-11`, UTC). */
  z.object({
    type: z.literal("tenant.quota_reached"),
    data: z.object({ tenantId: name, month: z.string(), quota: z.int() }),
  }),
  /** A tenant's webhook endpoint answered 410 and gets no more webhooks until it is set again. No path: it may hold a token. */
  z.object({ type: z.literal("endpoint.disabled"), data: z.object({ tenantId: name, mode, host: z.string() }) }),
  /** A task failed with `internal`. */
  z.object({ type: z.literal("task.internal_error"), data: z.object({ tenantId: name, mode, taskId: z.string() }) }),
]);
/** Something that the operator must know. Never contains a secret, key or token. */
export type Alert = z.output<typeof alertSchema>;

/** At most one alert of a kind about a subject is put out in this time (ms). */
export const QUIET_MS = 600_000;

/**
 * The alerts about one subject. Where several kinds report the state of one thing (an account is refused, works again), they share a
 * channel, so that only the last state is reported.
 */
export const channelSchema = z.object({
  key: z.string(),
  /** When each kind was last put out (ms). */
  putOutAt: z.record(z.string(), z.int().nonnegative()),
  /** The kind that was put out last, unless its state is known to be over. */
  last: z.string().nullable(),
  /** The last alert that came too soon, and when (ms). It is put out at the end of the quiet time. */
  pending: z.object({ alert: alertSchema, raisedAt: z.int().nonnegative() }).nullable(),
});
export type Channel = z.output<typeof channelSchema>;

/** An alert to be sent, and when it was raised (ms). */
export interface DueAlert {
  readonly alert: Alert;
  readonly raisedAt: number;
}

type Step = { readonly channel: Channel; readonly due: DueAlert | null };

/** Of the state of all accounts together. It ends when any of them works again. */
export const EXHAUSTED_CHANNEL = "upstream";

/** The channel of an alert: its area, and what it is about. */
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

/** Puts an alert out, or keeps it until the quiet time of its kind is over. */
export function raise(known: Channel | undefined, alert: Alert, now: number): Step {
  const channel = known ?? { key: channelOf(alert), putOutAt: {}, last: null, pending: null };
  const due = { alert, raisedAt: now };
  if (quietUntil(channel, alert.type) <= now) return putOut(channel, due, now);
  // Back in the state that the operator was last alerted to: nothing has changed for them.
  const unchanged = channel.key.startsWith("account/") && alert.type === channel.last;
  return { channel: { ...channel, pending: unchanged ? null : due }, due: null };
}

/** Ends the state that a channel reports: it is not put out any more, and if it comes again it is news. */
export function endState(channel: Channel): Channel {
  return channel.last === null && channel.pending === null ? channel : { ...channel, last: null, pending: null };
}

/** Puts out what is pending when its quiet time is over. */
export function release(channel: Channel, now: number): Step {
  const at = pendingAt(channel);
  if (channel.pending === null || at === null || at > now) return { channel, due: null };
  return putOut(channel, channel.pending, now);
}

/** When the pending alert is due (ms), or null. */
export function pendingAt(channel: Channel): number | null {
  return channel.pending === null ? null : quietUntil(channel, channel.pending.alert.type);
}

/** When a channel says nothing any more that the next alert depends on (ms). */
export function forgettableAt(channel: Channel): number {
  return Math.max(...Object.values(channel.putOutAt), 0) + QUIET_MS;
}

function putOut(channel: Channel, due: DueAlert, now: number): Step {
  const { type } = due.alert;
  const putOutAt = { ...channel.putOutAt, [type]: now };
  return { channel: { ...channel, putOutAt, last: type, pending: null }, due };
}

function quietUntil({ putOutAt }: Channel, type: string): number {
  const at = putOutAt[type];
  return at === undefined ? 0 : at + QUIET_MS;
}
