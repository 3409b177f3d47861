// The calls of a tenant's own account: its webhook endpoint, keys and audit log, all of the key's mode. They need the scopes
// `account:read` and `account:write`, which a key has only if it was created with them.

import { eachPage } from "./pages.ts";
import {
  readAuditList,
  readCreatedKey,
  readCurrentKey,
  readEndpoint,
  readEndpointTest,
  readKeyList,
  readNothing,
  readRotatedKey,
  readRotatedSecret,
  readWebhookSecret,
} from "./shapes.ts";
import type { CallOptions, Transport } from "./transport.ts";
import type {
  AuditEntry,
  AuditList,
  CreatedKey,
  CurrentKey,
  Endpoint,
  EndpointTest,
  Key,
  NewKey,
  NewTenantKey,
  PageOptions,
  RotatedKey,
  RotatedSecret,
  Rotation,
  WebhookSecret,
} from "./types.ts";

const WEBHOOK = "/v1/webhook";

/** The webhook endpoint of the key's mode, and the secret that signs its webhooks. */
export class Webhook {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  get({ signal }: CallOptions = {}): Promise<Endpoint> {
    return this.#transport.get(WEBHOOK, readEndpoint, { signal });
  }

  /** Sets the endpoint, and enables it again if it was disabled. */
  set(url: string, { signal }: CallOptions = {}): Promise<Endpoint> {
    const body = JSON.stringify({ url });
    return this.#transport.value({ method: "PUT", path: WEBHOOK, body, idempotent: true, read: readEndpoint, signal });
  }

  async delete({ signal }: CallOptions = {}): Promise<void> {
    await this.#transport.call({ method: "DELETE", path: WEBHOOK, idempotent: true, read: readNothing, signal });
  }

  /** The signing secret, and the one before it while that is still valid. Each call is recorded in the audit log. */
  secret({ signal }: CallOptions = {}): Promise<WebhookSecret> {
    return this.#transport.get(`${WEBHOOK}/secret`, readWebhookSecret, { signal });
  }

  /** Creates a signing secret. The old one signs too for the overlap. Not retried after a lost response: each call creates one. */
  rotate(rotation: Rotation = {}, { signal }: CallOptions = {}): Promise<RotatedSecret> {
    const body = JSON.stringify(rotation);
    const path = `${WEBHOOK}/rotate`;
    return this.#transport.value({ method: "POST", path, body, idempotent: false, read: readRotatedSecret, signal });
  }

  /** Sends `webhook.test` to the endpoint, and reports its response. */
  test({ signal }: CallOptions = {}): Promise<EndpointTest> {
    const path = `${WEBHOOK}/test`;
    return this.#transport.value({ method: "POST", path, idempotent: false, read: readEndpointTest, signal });
  }
}

/** The keys of the key's tenant and mode. Changes are not retried after a lost response: `list` shows whether they happened. */
export class Keys {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  list({ signal }: CallOptions = {}): Promise<Key[]> {
    return listKeys(this.#transport, "/v1/keys", signal);
  }

  /** The calling key. Needs no scope. */
  current({ signal }: CallOptions = {}): Promise<CurrentKey> {
    return this.#transport.get("/v1/keys/current", readCurrentKey, { signal });
  }

  create(key: NewKey, { signal }: CallOptions = {}): Promise<CreatedKey> {
    return createKey(this.#transport, "/v1/keys", key, signal);
  }

  /** The key stops working everywhere within 90 s. */
  revoke(id: string, { signal }: CallOptions = {}): Promise<void> {
    return revokeKey(this.#transport, "/v1/keys", id, signal);
  }

  /** Creates a replacement with the same mode and scopes. The old key works for the overlap. */
  rotate(id: string, rotation: Rotation = {}, { signal }: CallOptions = {}): Promise<RotatedKey> {
    return rotateKey(this.#transport, "/v1/keys", id, rotation, signal);
  }
}

/** The audit log: changes of keys, endpoints, secrets and settings, newest first. */
export class Audit {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  page(options: PageOptions & CallOptions = {}): Promise<AuditList> {
    return this.#transport.get("/v1/audit", readAuditList, options);
  }

  async *list(options: Pick<PageOptions, "limit"> & CallOptions = {}): AsyncGenerator<AuditEntry, void, undefined> {
    for await (const { entries } of eachPage(undefined, (cursor) => this.page({ ...options, cursor }))) yield* entries;
  }
}

type Signal = AbortSignal | undefined;

export async function listKeys(transport: Transport, path: string, signal: Signal): Promise<Key[]> {
  return (await transport.get(path, readKeyList, { signal })).keys;
}

export function createKey(
  transport: Transport,
  path: string,
  key: NewKey | NewTenantKey,
  signal: Signal,
): Promise<CreatedKey> {
  const body = JSON.stringify(key);
  return transport.value({ method: "POST", path, body, idempotent: false, read: readCreatedKey, signal });
}

export async function revokeKey(transport: Transport, keys: string, id: string, signal: Signal): Promise<void> {
  const path = `${keys}/${encodeURIComponent(id)}`;
  await transport.call({ method: "DELETE", path, idempotent: false, read: readNothing, signal });
}

export function rotateKey(
  transport: Transport,
  keys: string,
  id: string,
  rotation: Rotation,
  signal: Signal,
): Promise<RotatedKey> {
  const body = JSON.stringify(rotation);
  const path = `${keys}/${encodeURIComponent(id)}/rotate`;
  return transport.value({ method: "POST", path, body, idempotent: false, read: readRotatedKey, signal });
}
