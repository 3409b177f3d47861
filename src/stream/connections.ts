// The WebSocket connections of a tenant's event stream. They hibernate, so that idle connections are free. State that must survive
// hibernation is stored in each socket's attachment and tags.

import { z } from "zod";
import type { TaskEventType } from "../tasks/task-webhook.ts";
import type { KeyMode } from "../tenants/keys.ts";
import type { StreamConnection } from "./protocol.ts";
import { PING, PONG, STREAM_EVENTS } from "./protocol.ts";

/** The maximum number of connections per tenant and mode. */
export const MAX_CONNECTIONS = 100;

/**
 * A connection is closed if more characters than this were sent since the client's last ping or message. The runtime reports no
 * backpressure, and unread data stays in the object's memory.
 */
const MAX_UNREAD = 4 * 1024 * 1024;

/** A replay pauses if more characters than this are unread, until the next ping or for this time (ms). */
const REPLAY_UNREAD = 1024 * 1024;
const REPLAY_PAUSE_MS = 5_000;

/** The maximum number of messages from a client in a window, not counting pings. Each message wakes the object. */
const MAX_MESSAGES = 60;
const MESSAGE_WINDOW_MS = 60_000;

/** The maximum size of a message, in characters or bytes. */
const MAX_MESSAGE = 65_536;

/** If there are too many connections, those without a ping or message for this long (ms) are closed, because their clients may be gone. */
const SILENT_MS = 300_000;

/** Close codes for private use (RFC 6455 §7.4.2). */
const CLOSE_CODES = {
  revoked: 4001,
  deleted: 4004,
  messages: 4008,
  unread: 4009,
} as const;

/** Reported for a close frame without a code. Must not be sent. */
const NO_CODE = 1005;

type CloseReason = keyof typeof CLOSE_CODES;
const CLOSE_TEXTS: Readonly<Record<CloseReason, string>> = {
  revoked: "The API key is no longer valid.",
  deleted: "The tenant was deleted.",
  messages: "Too many or too large messages. Send only pings.",
  unread: "The client does not read events. Send a ping at least every 30 s.",
};

const attachmentSchema = z.object({
  keyId: z.string(),
  keyExpiresAt: z.number().nullable(),
  events: z.array(z.enum(STREAM_EVENTS)),
  unread: z.number(),
  /** When `unread` was last reset (ms since the epoch). */
  readAt: z.number(),
  messages: z.number(),
  messagesSince: z.number(),
});
type Attachment = z.output<typeof attachmentSchema>;

/** The part of `DurableObjectState` that connections use. */
export type SocketHost = Pick<
  DurableObjectState,
  "acceptWebSocket" | "getWebSockets" | "getWebSocketAutoResponseTimestamp" | "setWebSocketAutoResponse"
>;

/** The connections of a tenant. */
export class StreamConnections {
  readonly #host: SocketHost;

  constructor(host: SocketHost) {
    this.#host = host;
    host.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
  }

  /** Accepts a connection. Null if the mode has the maximum number of connections. */
  accept(
    { mode, keyId, events }: StreamConnection,
    keyExpiresAt: number | null,
    now: number,
  ): { client: WebSocket; server: WebSocket } | null {
    const open = this.#open(mode);
    if (open.length >= MAX_CONNECTIONS && !this.#closeSilent(open, now)) return null;
    const { 0: client, 1: server } = new WebSocketPair();
    const eventTags = STREAM_EVENTS.filter((event) => events.includes(event)).map((event) => eventTag(mode, event));
    this.#host.acceptWebSocket(server, [mode, keyTag(keyId), ...eventTags]);
    attach(server, { keyId, keyExpiresAt, events, unread: 0, readAt: now, messages: 0, messagesSince: now });
    return { client, server };
  }

  /** Whether a connected client of the mode wants the event. */
  wants(mode: KeyMode, event: TaskEventType): boolean {
    return this.#open(eventTag(mode, event)).length > 0;
  }

  /** The events that connected clients of the mode want. */
  wantedEvents(mode: KeyMode): TaskEventType[] {
    return STREAM_EVENTS.filter((event) => this.wants(mode, event));
  }

  /** Sends a frame to every client of the mode that wants the event. */
  broadcast(mode: KeyMode, event: TaskEventType, frame: string, now: number): void {
    for (const socket of this.#open(eventTag(mode, event))) this.send(socket, event, frame, now);
  }

  /** Sends a frame to a client if it wants the event. Closes the connection if its key has ended or the client does not read. */
  send(socket: WebSocket, event: TaskEventType, frame: string, now: number): void {
    const attachment = attachmentOf(socket);
    if (attachment === null || !attachment.events.includes(event)) return;
    const next = afterSending(attachment, frame.length, this.#pingedAt(socket));
    const reason = reasonToClose(next, now);
    if (reason !== null) {
      close(socket, reason);
      return;
    }
    attach(socket, next);
    try {
      socket.send(frame);
    } catch {
      // The client has disconnected. The close event follows.
    }
  }

  /** Closes silent connections. Returns whether there were any. */
  #closeSilent(sockets: readonly WebSocket[], now: number): boolean {
    const silent = sockets.filter((socket) => {
      const heardAt = Math.max(attachmentOf(socket)?.readAt ?? 0, this.#pingedAt(socket));
      return now - heardAt > SILENT_MS;
    });
    for (const socket of silent) close(socket, "unread");
    return silent.length > 0;
  }

  /** Waits while too much data is unread, so that a replay is not faster than the client. */
  async caughtUp(socket: WebSocket): Promise<void> {
    for (let waitedMs = 0; waitedMs < REPLAY_PAUSE_MS && this.#unread(socket) > REPLAY_UNREAD; waitedMs += 100) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  #unread(socket: WebSocket): number {
    const attachment = attachmentOf(socket);
    if (attachment === null || this.#pingedAt(socket) > attachment.readAt) return 0;
    return attachment.unread;
  }

  #pingedAt(socket: WebSocket): number {
    return this.#host.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0;
  }

  /**
   * Handles a message, whose content is ignored. Closes the connection after too many messages or a too large one.
   * @param length in characters or bytes
   */
  received(socket: WebSocket, length: number, now: number): void {
    const attachment = attachmentOf(socket);
    if (attachment === null) return;
    const isNewWindow = now - attachment.messagesSince >= MESSAGE_WINDOW_MS;
    const messages = isNewWindow ? 1 : attachment.messages + 1;
    if (messages > MAX_MESSAGES || length > MAX_MESSAGE) {
      close(socket, "messages");
      return;
    }
    const messagesSince = isNewWindow ? now : attachment.messagesSince;
    attach(socket, { ...attachment, unread: 0, readAt: now, messages, messagesSince });
  }

  /** Handles a close frame with `code`. The runtime does not reply to it. */
  closed(socket: WebSocket, code: number): void {
    try {
      if (code === NO_CODE) socket.close();
      else socket.close(code);
    } catch {
      // The connection was lost without a close frame, or is already closed.
    }
  }

  /** Closes the connections of a key. */
  closeKey(keyId: string): void {
    for (const socket of this.#host.getWebSockets(keyTag(keyId))) close(socket, "revoked");
  }

  /** Records that a rotated key ends at `endsAt` (ms since the epoch). */
  endKeyAt(keyId: string, endsAt: number): void {
    for (const socket of this.#host.getWebSockets(keyTag(keyId))) {
      const attachment = attachmentOf(socket);
      if (attachment !== null) attach(socket, { ...attachment, keyExpiresAt: endsAt });
    }
  }

  /** Closes the connections of keys that have ended. Returns when the next one ends (ms since the epoch), or null. */
  closeExpired(now: number): number | null {
    let next: number | null = null;
    for (const socket of this.#host.getWebSockets()) {
      const endsAt = attachmentOf(socket)?.keyExpiresAt ?? null;
      if (endsAt === null) continue;
      if (endsAt <= now) close(socket, "revoked");
      else next = Math.min(next ?? endsAt, endsAt);
    }
    return next;
  }

  /** Closes all connections of a deleted tenant. */
  closeAll(): void {
    for (const socket of this.#host.getWebSockets()) close(socket, "deleted");
  }

  #open(tag: string): WebSocket[] {
    return this.#host.getWebSockets(tag).filter(({ readyState }) => readyState === WebSocket.OPEN);
  }
}

/** The attachment after `length` more characters were sent. A ping since the last reset shows that the client reads. */
function afterSending(attachment: Attachment, length: number, pingedAt: number): Attachment {
  const reads = pingedAt > attachment.readAt;
  return {
    ...attachment,
    unread: (reads ? 0 : attachment.unread) + length,
    readAt: reads ? pingedAt : attachment.readAt,
  };
}

function reasonToClose({ keyExpiresAt, unread }: Attachment, now: number): CloseReason | null {
  if (keyExpiresAt !== null && keyExpiresAt <= now) return "revoked";
  return unread > MAX_UNREAD ? "unread" : null;
}

const keyTag = (keyId: string): string => `key:${keyId}`;
const eventTag = (mode: KeyMode, event: TaskEventType): string => `${mode}:${event}`;

/** Parsed attachments, because parsing them for each event and connection would be slow. */
const attachments = new WeakMap<WebSocket, Attachment>();

function attach(socket: WebSocket, attachment: Attachment): void {
  socket.serializeAttachment(attachment);
  attachments.set(socket, attachment);
}

function attachmentOf(socket: WebSocket): Attachment | null {
  const known = attachments.get(socket);
  if (known !== undefined) return known;
  const parsed = attachmentSchema.safeParse(socket.deserializeAttachment());
  if (!parsed.success) return null;
  attachments.set(socket, parsed.data);
  return parsed.data;
}

function close(socket: WebSocket, reason: CloseReason): void {
  try {
    socket.close(CLOSE_CODES[reason], CLOSE_TEXTS[reason]);
  } catch {
    // Already closed.
  }
}
