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
    return this.#transport.send("PUT", WEBHOOK, readEndpoint, { body: { url }, idempotent: true, signal });
  }

  async delete({ signal }: CallOptions = {}): Promise<void> {
    await this.#transport.send("DELETE", WEBHOOK, readNothing, { idempotent: true, signal });
  }

  /** The signing secret, and the one before it while that is still valid. Each call is recorded in the audit log. */
  secret({ signal }: CallOptions = {}): Promise<WebhookSecret> {
    return this.#transport.get(`${WEBHOOK}/secret`, readWebhookSecret, { signal });
  }

  /** Creates a signing secret. The old one signs too for the overlap. Not retried after a lost response: each call creates one. */
  rotate(rotation: Rotation = {}, { signal }: CallOptions = {}): Promise<RotatedSecret> {
    return this.#transport.send("POST", `${WEBHOOK}/rotate`, readRotatedSecret, { body: rotation, signal });
  }

  /** Sends `webhook.test` to the endpoint, and reports its response. */
  test({ signal }: CallOptions = {}): Promise<EndpointTest> {
    return this.#transport.send("POST", `${WEBHOOK}/test`, readEndpointTest, { signal });
  }
}

/** The keys of the key's tenant and mode. Changes are not retried after a lost response: `list` shows whether they happened. */
export class Keys {
  readonly #transport: Transport;
  readonly #path: string;

  /** @param path of the list of keys */
  constructor(transport: Transport, path = "/v1/keys") {
    this.#transport = transport;
    this.#path = path;
  }

  async list({ signal }: CallOptions = {}): Promise<Key[]> {
    return (await this.#transport.get(this.#path, readKeyList, { signal })).keys;
  }

  /** The calling key. Needs no scope. */
  current({ signal }: CallOptions = {}): Promise<CurrentKey> {
    return this.#transport.get("/v1/keys/current", readCurrentKey, { signal });
  }

  create(key: NewKey, { signal }: CallOptions = {}): Promise<CreatedKey> {
    return this.#transport.send("POST", this.#path, readCreatedKey, { body: key, signal });
  }

  /** The key stops working everywhere within 90 s. */
  async revoke(id: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#transport.send("DELETE", this.#pathOf(id), readNothing, { signal });
  }

  /** Creates a replacement with the same mode and scopes. The old key works for the overlap. */
  rotate(id: string, rotation: Rotation = {}, { signal }: CallOptions = {}): Promise<RotatedKey> {
    return this.#transport.send("POST", `${this.#pathOf(id)}/rotate`, readRotatedKey, { body: rotation, signal });
  }

  #pathOf(id: string): string {
    return `${this.#path}/${encodeURIComponent(id)}`;
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
    for await (const { entries } of eachPage((cursor) => this.page({ ...options, cursor }))) yield* entries;
  }
}
