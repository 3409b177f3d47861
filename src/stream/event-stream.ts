// The event stream of a tenant: connects clients, sends them the events of their mode as signed webhooks, and sends again what
// happened since a given time. Runs inside the tenant's object, which knows the secrets and the ledger.

import { describeError, log } from "../log.ts";
import type { TaskWebhook } from "../tasks/task-webhook.ts";
import type { KeyMode } from "../tenants/keys.ts";
import { signWebhook } from "../webhooks/sign.ts";
import type { SocketHost } from "./connections.ts";
import { StreamConnections } from "./connections.ts";
import type { StreamConnection, StreamFrame } from "./protocol.ts";

/** The oldest events that a reconnecting client gets again (ms). */
const REPLAY_MS = 300_000;

/** Task objects that a replay asks at once. */
const REPLAY_BATCH = 20;

/** What the stream needs of its tenant. */
export interface StreamSource {
  /** The secrets that sign webhooks of a mode now, newest first. */
  secrets(mode: KeyMode, now: number): readonly string[];
  /** The ids of tasks of a mode that became final at or after `since` (ms), oldest first. */
  finishedSince(mode: KeyMode, since: number): readonly string[];
  /** The webhook of a task that is final; null when the task was purged. */
  webhookOf(taskId: string, mode: KeyMode): Promise<TaskWebhook | null>;
}

export class EventStream {
  readonly connections: StreamConnections;
  readonly #host: Pick<DurableObjectState, "waitUntil">;

  constructor(host: SocketHost & Pick<DurableObjectState, "waitUntil">) {
    this.#host = host;
    this.connections = new StreamConnections(host);
  }

  /** The response to an upgrade: 101 with the client's socket, or 429 when the mode has too many connections. */
  connect(source: StreamSource, connection: StreamConnection, keyExpiresAt: number | null, now: number): Response {
    const pair = this.connections.accept(connection, keyExpiresAt, now);
    if (pair === null) return new Response(null, { status: 429 });
    if (connection.since !== null) {
      const since = Math.max(connection.since, now - REPLAY_MS);
      this.#host.waitUntil(this.#replay(source, pair.server, connection.mode, since));
    }
    return new Response(null, { status: 101, webSocket: pair.client });
  }

  /** Sends an event to every connected client that wants it. */
  publish(source: StreamSource, mode: KeyMode, webhook: TaskWebhook, now: number): void {
    if (!this.connections.wants(mode, webhook.type)) return;
    const frame = frameOf(webhook, source.secrets(mode, now), now);
    if (frame !== null) this.connections.broadcast(mode, webhook.type, frame, now);
  }

  async #replay(source: StreamSource, socket: WebSocket, mode: KeyMode, since: number): Promise<void> {
    try {
      const taskIds = source.finishedSince(mode, since);
      for (let index = 0; index < taskIds.length && socket.readyState === WebSocket.OPEN; index += REPLAY_BATCH) {
        const batch = taskIds.slice(index, index + REPLAY_BATCH);
        const webhooks = await Promise.all(batch.map((taskId) => source.webhookOf(taskId, mode)));
        for (const webhook of webhooks) {
          if (webhook === null) continue;
          const now = Date.now();
          const frame = frameOf(webhook, source.secrets(mode, now), now);
          if (frame !== null) this.connections.send(socket, webhook.type, frame, now);
        }
        await this.connections.caughtUp(socket);
      }
    } catch (error) {
      log("warn", "stream_replay_failed", describeError(error));
    }
  }
}

/** The frame of an event, signed now; null when nothing can sign it because the tenant is gone. */
function frameOf(webhook: TaskWebhook, secrets: readonly string[], now: number): string | null {
  if (secrets.length === 0) return null;
  const { headers, body } = signWebhook(webhook.id, webhook.body, secrets, now);
  return JSON.stringify({ id: webhook.id, headers, body } satisfies StreamFrame);
}
