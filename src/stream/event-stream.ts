// The event stream of a tenant: connects clients, sends them events in the form of signed webhooks, and replays recent events. Runs in
// the tenant's object.

import { describeError, log } from "../log.ts";
import type { TaskWebhook } from "../tasks/task-webhook.ts";
import type { KeyMode } from "../tenants/keys.ts";
import type { TenantServices } from "../tenants/services.ts";
import type { TaskCalls } from "../tenants/task-calls.ts";
import { signWebhook } from "../webhooks/sign.ts";
import type { SocketHost } from "./connections.ts";
import { StreamConnections } from "./connections.ts";
import type { StreamConnection, StreamFrame } from "./protocol.ts";

/** How far back events are replayed (ms). */
const REPLAY_MS = 300_000;

/** The number of task objects that a replay calls in parallel. */
const REPLAY_BATCH = 20;

/** The event stream of a tenant. */
export class EventStream {
  readonly connections: StreamConnections;
  readonly #host: Pick<DurableObjectState, "waitUntil">;
  readonly #tasks: TaskCalls;

  constructor(host: SocketHost & Pick<DurableObjectState, "waitUntil">, tasks: TaskCalls) {
    this.#host = host;
    this.#tasks = tasks;
    this.connections = new StreamConnections(host);
  }

  /** Connects a client. The response is 101 with the client's socket, or 429 if the mode has too many connections. */
  connect(tenant: TenantServices, connection: StreamConnection, keyExpiresAt: number | null, now: number): Response {
    const pair = this.connections.accept(connection, keyExpiresAt, now);
    if (pair === null) return new Response(null, { status: 429 });
    if (connection.since !== null) {
      const since = Math.max(connection.since, now - REPLAY_MS);
      this.#host.waitUntil(this.#replay(tenant, pair.server, connection.mode, since));
    }
    return new Response(null, { status: 101, webSocket: pair.client });
  }

  /** Sends an event to all connected clients of the mode that want it. */
  publish(tenant: TenantServices, mode: KeyMode, webhook: TaskWebhook, now: number): void {
    if (!this.connections.wants(mode, webhook.type)) return;
    const frame = frameOf(webhook, tenant.webhooks.settings(mode, now).secrets, now);
    if (frame !== null) this.connections.broadcast(mode, webhook.type, frame, now);
  }

  async #replay(tenant: TenantServices, socket: WebSocket, mode: KeyMode, since: number): Promise<void> {
    const { createdAt: tenantSince, id: tenantId } = tenant.profile;
    try {
      const taskIds = tenant.ledger.queries.finishedSince(mode, since);
      for (let index = 0; index < taskIds.length && socket.readyState === WebSocket.OPEN; index += REPLAY_BATCH) {
        const batch = taskIds.slice(index, index + REPLAY_BATCH);
        const webhooks = await Promise.all(
          batch.map((taskId) => this.#tasks.stub(taskId).webhook({ tenantId, tenantSince, mode, taskId })),
        );
        for (const webhook of webhooks) {
          if (webhook === null) continue;
          const now = Date.now();
          const frame = frameOf(webhook, tenant.webhooks.settings(mode, now).secrets, now);
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
