// The event stream of a tenant: connects clients, sends them events in the form of signed webhooks, and replays recent events. Runs in
// the tenant's object.

import { describeError, log } from "../log.ts";
import type { TaskWebhook } from "../tasks/task-webhook.ts";
import type { KeyMode } from "../tenants/keys.ts";
import { signWebhook } from "../webhooks/sign.ts";
import type { SocketHost } from "./connections.ts";
import { StreamConnections } from "./connections.ts";
import type { StreamConnection, StreamFrame } from "./protocol.ts";

/** How far back events are replayed (ms). */
const REPLAY_MS = 300_000;

/** The number of task objects that a replay calls in parallel. */
const REPLAY_BATCH = 20;

/** The data that the stream needs from its tenant. */
export interface StreamSource {
  /** The valid signing secrets of a mode, newest first. */
  secrets(mode: KeyMode, now: number): readonly string[];
  /** The ids of tasks of a mode that became final at or after `since` (ms), oldest first. */
  finishedSince(mode: KeyMode, since: number): readonly string[];
  /** The webhook of a finished task. Null if the task was purged. */
  webhookOf(taskId: string, mode: KeyMode): Promise<TaskWebhook | null>;
}

/** The event stream of a tenant. */
export class EventStream {
  readonly connections: StreamConnections;
  readonly #host: Pick<DurableObjectState, "waitUntil">;

  constructor(host: SocketHost & Pick<DurableObjectState, "waitUntil">) {
    this.#host = host;
    this.connections = new StreamConnections(host);
  }

  /** Connects a client. The response is 101 with the client's socket, or 429 if the mode has too many connections. */
  connect(source: StreamSource, connection: StreamConnection, keyExpiresAt: number | null, now: number): Response {
    const pair = this.connections.accept(connection, keyExpiresAt, now);
    if (pair === null) return new Response(null, { status: 429 });
    if (connection.since !== null) {
      const since = Math.max(connection.since, now - REPLAY_MS);
      this.#host.waitUntil(this.#replay(source, pair.server, connection.mode, since));
    }
    return new Response(null, { status: 101, webSocket: pair.client });
  }

  /** Sends an event to all connected clients of the mode that want it. */
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

/** The signed frame of an event. Null if there are no secrets, because the tenant was deleted. */
function frameOf(webhook: TaskWebhook, secrets: readonly string[], now: number): string | null {
  if (secrets.length === 0) return null;
  const { headers, body } = signWebhook(webhook.id, webhook.body, secrets, now);
  return JSON.stringify({ id: webhook.id, headers, body } satisfies StreamFrame);
}
