// The event stream's contract between the Worker and the tenant's object, and between the object and its clients.

import { z } from "zod";
import type { TaskEventType } from "../tasks/task-webhook.ts";

/** The WebSocket subprotocol of the stream. A client that can set no headers adds `bearer.<key>` beside it. */
export const STREAM_PROTOCOL = "solvegate.v1";
const BEARER_PREFIX = "bearer.";

/** What a client may send; the answer comes without waking the object. */
export const PING = "ping";
export const PONG = "pong";

/** The events of a stream. */
export const STREAM_EVENTS = ["task.ready", "task.failed", "task.canceled"] as const satisfies TaskEventType[];

/** One event as a client receives it: the webhook that it would be, as one JSON text frame. */
export interface StreamFrame {
  /** The `webhook-id`: the same for a webhook of the event, and after a reconnect. */
  readonly id: string;
  readonly headers: Readonly<Record<"webhook-id" | "webhook-timestamp" | "webhook-signature", string>>;
  /** The exact bytes that are signed, as text. */
  readonly body: string;
}

/** What the Worker asks of the tenant's object for an authenticated client, as query parameters of the forwarded request. */
export const connectionSchema = z.object({
  mode: z.enum(["live", "test"]),
  keyId: z.string(),
  /** `createdAt` of the key's tenant (ms). */
  tenantCreatedAt: z.coerce.number(),
  events: z
    .string()
    .transform((text) => text.split(","))
    .pipe(z.array(z.enum(STREAM_EVENTS)))
    .default([...STREAM_EVENTS]),
  /** Events from this moment on are sent first (ms since the epoch). */
  since: z.coerce.number().nullable().default(null),
});
export type StreamConnection = z.output<typeof connectionSchema>;

/** The values of a `Sec-WebSocket-Protocol` header. */
function protocolsOf(header: string | null | undefined): string[] {
  return (header ?? "").split(",").map((value) => value.trim());
}

/** The API key among the subprotocols, or null. */
export function keyFromProtocols(header: string | null | undefined): string | null {
  const bearer = protocolsOf(header).find((value) => value.startsWith(BEARER_PREFIX));
  return bearer?.slice(BEARER_PREFIX.length) ?? null;
}

/** Whether the client offers the stream's subprotocol; the response then has to select it. */
export function offersStreamProtocol(header: string | null | undefined): boolean {
  return protocolsOf(header).includes(STREAM_PROTOCOL);
}
