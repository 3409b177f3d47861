// The protocol of the event stream, between the Worker, the tenant's object and clients.

import { z } from "zod";
import type { TaskEventType } from "../tasks/task-webhook.ts";
import { KEY_MODES } from "../tenants/keys.ts";
import type { SignedWebhook } from "../webhooks/sign.ts";

/** The WebSocket subprotocol. Clients that cannot set headers also offer `bearer.<key>`. */
export const STREAM_PROTOCOL = "solvegate.v1";
const BEARER_PREFIX = "bearer.";

/** The keep-alive message of a client, and the response, which the runtime sends without waking the object. */
export const PING = "ping";
export const PONG = "pong";

/** The events of a stream. */
export const STREAM_EVENTS = ["task.ready", "task.failed", "task.canceled"] as const satisfies TaskEventType[];

/** An event in the form of its webhook, sent as a JSON text frame. The body must not be re-serialized before verification. */
export interface StreamFrame extends SignedWebhook {
  /** The `webhook-id`, the same as in the event's webhook and in replays. */
  readonly id: string;
}

/** The query of the request that the Worker forwards to the tenant's object for an authenticated client. */
export const connectionSchema = z.object({
  mode: z.enum(KEY_MODES),
  keyId: z.string(),
  /** `createdAt` of the key's tenant (ms). */
  tenantCreatedAt: z.coerce.number(),
  events: z
    .string()
    .transform((text) => text.split(","))
    .pipe(z.array(z.enum(STREAM_EVENTS)))
    .default([...STREAM_EVENTS]),
  /** Replay events since this time (ms since the epoch). */
  since: z.coerce.number().nullable().default(null),
});
/** The parameters of a connection. */
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

/** Whether the client offers the stream's subprotocol. If so, the response must select it. */
export function offersStreamProtocol(header: string | null | undefined): boolean {
  return protocolsOf(header).includes(STREAM_PROTOCOL);
}
