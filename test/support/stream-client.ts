// A connected client of the event stream: what it received, and how its connection was closed.

import type { StreamFrame } from "../../src/stream/protocol.ts";
import type { Task } from "../../src/tasks/present.ts";
import { call } from "./gateway.ts";
import type { TenantStub } from "./tenants.ts";
import { mintKey } from "./tenants.ts";
import { START } from "./time.ts";

export interface StreamClient {
  readonly socket: WebSocket;
  readonly frames: StreamFrame[];
  /** Every message, pongs too. */
  readonly texts: string[];
  readonly closed: { code: number }[];
}

/** The client of a response with status 101. */
export function clientOf({ webSocket: socket }: Response): StreamClient {
  if (socket === null) throw new Error("no socket");
  const client: StreamClient = { socket, frames: [], texts: [], closed: [] };
  socket.addEventListener("message", ({ data }) => {
    const text = String(data);
    client.texts.push(text);
    if (text.startsWith("{")) client.frames.push(JSON.parse(text));
  });
  socket.addEventListener("close", ({ code }) => {
    client.closed.push({ code });
  });
  socket.accept();
  return client;
}

/** Sends an upgrade request through the gateway. */
export const upgrade = (
  path: string,
  key: string | undefined,
  headers: Record<string, string> = {},
): Promise<Response> => call("GET", path, { key, headers: { upgrade: "websocket", ...headers } });

/** Connects a client through the gateway. */
export async function connect(key: string, query = ""): Promise<StreamClient> {
  const response = await upgrade(`/v1/stream${query}`, key);
  if (response.status !== 101) throw new Error(`not connected: ${response.status} ${await response.text()}`);
  return clientOf(response);
}

/** Connects a client of the live mode to the object of a tenant that was created at `START`. */
export async function connectTo(tenant: TenantStub, query: Record<string, string> = {}): Promise<StreamClient> {
  const { id: keyId } = await mintKey(tenant, { mode: "live" });
  const connection = new URLSearchParams({ mode: "live", keyId, tenantCreatedAt: String(START), ...query });
  const headers = { Upgrade: "websocket" };
  return clientOf(await tenant.fetch(`https://tenant.invalid/stream?${connection}`, { headers }));
}

/** The type and the task of a frame. */
export const eventOf = ({ body }: StreamFrame): { type: string; data: Task } => JSON.parse(body);
