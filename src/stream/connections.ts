// The WebSocket connections of a tenant's event stream. They hibernate: an idle connection costs no request and no active time, and
// what has to survive is in each socket's attachment and tags.

import { z } from "zod";
import type { TaskEventType } from "../tasks/task-webhook.ts";
import type { KeyMode } from "../tenants/keys.ts";
import type { StreamConnection } from "./protocol.ts";
import { PING, PONG, STREAM_EVENTS } from "./protocol.ts";

/** Connections of a tenant and mode at once. */
export const MAX_CONNECTIONS = 100;

/**
 * Characters sent without a sign that the client reads (a ping or a message of its own): beyond this the connection is closed. The
 * runtime reports no backpressure, and what a client does not read stays in the object's memory.
 */
const MAX_UNREAD = 4 * 1024 * 1024;

/** A replay waits for a ping when this many characters are unread, at most `REPLAY_PATIENCE_MS`. */
const REPLAY_UNREAD = 1024 * 1024;
const REPLAY_PATIENCE_MS = 5_000;

/** Characters sent over one connection in its whole life: a client that pings and never reads is bounded too. */
const MAX_TOTAL = 64 * 1024 * 1024;

/** Messages of a client, beside pings, in one window: each one wakes the object, and none is needed. */
const MAX_MESSAGES = 60;
const MESSAGE_WINDOW_MS = 60_000;

/** The size of one of them, in characters or bytes: as much as the body of a request may have. */
const MAX_MESSAGE = 65_536;

/** Close codes of RFC 6455 §7.4.2 for applications, with the reason that the client sees. */
const CLOSE_CODES = {
  revoked: 4001,
  deleted: 4004,
  messages: 4008,
  unread: 4009,
  renew: 4012,
} as const;

/** What the runtime reports for a closing frame without a code. It must not be sent. */
const NO_CODE = 1005;

type CloseReason = keyof typeof CLOSE_CODES;
const CLOSE_TEXTS: Readonly<Record<CloseReason, string>> = {
  revoked: "The API key is no longer valid.",
  deleted: "The tenant was deleted.",
  messages: "Too many or too long messages: only pings are expected.",
  unread: "Events are not read: send a ping at least every 30 s.",
  renew: "Reconnect with since.",
};

const attachmentSchema = z.object({
  keyId: z.string(),
  keyExpiresAt: z.number().nullable(),
  events: z.array(z.enum(STREAM_EVENTS)),
  unread: z.number(),
  total: z.number(),
  /** When `unread` was last reset (ms since the epoch). */
  readAt: z.number(),
  messages: z.number(),
  messagesSince: z.number(),
});
type Attachment = z.output<typeof attachmentSchema>;

/** What the connections need of their object. */
export type SocketHost = Pick<
  DurableObjectState,
  "acceptWebSocket" | "getWebSockets" | "getWebSocketAutoResponseTimestamp" | "setWebSocketAutoResponse"
>;

export class StreamConnections {
  readonly #host: SocketHost;

  constructor(host: SocketHost) {
    this.#host = host;
    host.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
  }

  /** Accepts a connection; null when the mode has as many as it may. */
  accept(
    { mode, keyId, events }: StreamConnection,
    keyExpiresAt: number | null,
    now: number,
  ): { client: WebSocket; server: WebSocket } | null {
    if (this.#open(mode).length >= MAX_CONNECTIONS) return null;
    const { 0: client, 1: server } = new WebSocketPair();
    const eventTags = STREAM_EVENTS.filter((event) => events.includes(event)).map((event) => eventTag(mode, event));
    this.#host.acceptWebSocket(server, [mode, keyTag(keyId), ...eventTags]);
    attach(server, { keyId, keyExpiresAt, events, unread: 0, total: 0, readAt: now, messages: 0, messagesSince: now });
    return { client, server };
  }

  /** Whether a client of the mode is connected that wants the event. */
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

  /** Sends a frame to one client that wants the event. A client whose key has ended, or that does not read, is closed instead. */
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
      // The client has gone; the close event follows.
    }
  }

  /** Waits while a client has much to read, so that a replay is not faster than the client. */
  async caughtUp(socket: WebSocket): Promise<void> {
    for (let waitedMs = 0; waitedMs < REPLAY_PATIENCE_MS && this.#unread(socket) > REPLAY_UNREAD; waitedMs += 100) {
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
   * A message of a client: its content is ignored. It shows that the client is alive. Too many messages close the connection, and so
   * does one that is too long.
   * @param length in characters or bytes
   */
  received(socket: WebSocket, length: number, now: number): void {
    const attachment = attachmentOf(socket);
    if (attachment === null) return;
    const fresh = now - attachment.messagesSince >= MESSAGE_WINDOW_MS;
    const messages = fresh ? 1 : attachment.messages + 1;
    if (messages > MAX_MESSAGES || length > MAX_MESSAGE) {
      close(socket, "messages");
      return;
    }
    const messagesSince = fresh ? now : attachment.messagesSince;
    attach(socket, { ...attachment, unread: 0, readAt: now, messages, messagesSince });
  }

  /** A client has closed its connection with `code`: answers its closing frame, which the runtime does not. */
  closed(socket: WebSocket, code: number): void {
    try {
      if (code === NO_CODE) socket.close();
      else socket.close(code);
    } catch {
      // The connection was lost without a closing frame, or is closed already.
    }
  }

  /** Closes the connections of a key. */
  closeKey(keyId: string): void {
    for (const socket of this.#host.getWebSockets(keyTag(keyId))) close(socket, "revoked");
  }

  /** A key ends at `endsAt` (ms since the epoch): it was rotated. */
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

  /** Closes every connection of a deleted tenant. */
  closeAll(): void {
    for (const socket of this.#host.getWebSockets()) close(socket, "deleted");
  }

  #open(tag: string): WebSocket[] {
    return this.#host.getWebSockets(tag).filter(({ readyState }) => readyState === WebSocket.OPEN);
  }
}

/** The attachment once `length` more characters are sent. A ping since the last reset shows that the client reads. */
function afterSending(attachment: Attachment, length: number, pingedAt: number): Attachment {
  const reads = pingedAt > attachment.readAt;
  return {
    ...attachment,
    unread: (reads ? 0 : attachment.unread) + length,
    total: attachment.total + length,
    readAt: reads ? pingedAt : attachment.readAt,
  };
}

function reasonToClose({ keyExpiresAt, unread, total }: Attachment, now: number): CloseReason | null {
  if (keyExpiresAt !== null && keyExpiresAt <= now) return "revoked";
  if (unread > MAX_UNREAD) return "unread";
  return total > MAX_TOTAL ? "renew" : null;
}

const keyTag = (keyId: string): string => `key:${keyId}`;
const eventTag = (mode: KeyMode, event: TaskEventType): string => `${mode}:${event}`;

/** What was attached since the object woke: reading an attachment back deserializes and parses it, for each event and connection. */
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
    // It is closed already.
  }
}
