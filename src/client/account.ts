// The calls of a tenant's own account: its endpoint for webhooks and its keys. They need the scopes `account:read` and
// `account:write`, which a key has only where it was made with them.

import type { CreatedKey, CreateKey, Endpoint, EndpointTest, Key, RotatedSecret, Rotation } from "./account-types.ts";
import { readCreatedKey, readEndpoint, readEndpointTest, readKeys, readSecret } from "./answers.ts";
import type { CallOptions } from "./tasks.ts";
import type { Transport } from "./transport.ts";

const WEBHOOK = "/v1/webhook";
const KEYS = "/v1/keys";

/** An answer without a body. */
const readNothing = (_body: unknown, status: number): true | undefined => (status === 204 ? true : undefined);

/** The tenant's default endpoint for webhooks, and the secret that they are signed with. */
export class WebhookEndpoint {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async get({ signal }: CallOptions = {}): Promise<Endpoint> {
    return (await this.#transport.call({ method: "GET", path: WEBHOOK, repeatable: "any", read: readEndpoint, signal }))
      .value;
  }

  /** Sets the endpoint, and enables it where it was disabled. */
  async set(url: string, { signal }: CallOptions = {}): Promise<Endpoint> {
    const body = JSON.stringify({ url });
    const call = { method: "PUT", path: WEBHOOK, body, repeatable: "any", read: readEndpoint, signal } as const;
    return (await this.#transport.call(call)).value;
  }

  async delete({ signal }: CallOptions = {}): Promise<void> {
    await this.#transport.call({ method: "DELETE", path: WEBHOOK, repeatable: "any", read: readNothing, signal });
  }

  /** A new signing secret; the old one signs too for the overlap. Never repeated after a lost answer: each call makes another. */
  async rotate(rotation: Rotation = {}, { signal }: CallOptions = {}): Promise<RotatedSecret> {
    const body = JSON.stringify(rotation);
    const path = `${WEBHOOK}/rotate`;
    const call = { method: "POST", path, body, repeatable: "refused", read: readSecret, signal } as const;
    return (await this.#transport.call(call)).value;
  }

  /** Sends `webhook.test` to the endpoint now, and tells what it did. */
  async test({ signal }: CallOptions = {}): Promise<EndpointTest> {
    const call = {
      method: "POST",
      path: `${WEBHOOK}/test`,
      repeatable: "refused",
      read: readEndpointTest,
      signal,
    } as const;
    return (await this.#transport.call(call)).value;
  }
}

/** The tenant's keys. What makes or ends one is never repeated after a lost answer: `list` shows what came of it. */
export class Keys {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async list({ signal }: CallOptions = {}): Promise<readonly Key[]> {
    return (await this.#transport.call({ method: "GET", path: KEYS, repeatable: "any", read: readKeys, signal })).value;
  }

  async create(key: CreateKey, { signal }: CallOptions = {}): Promise<CreatedKey> {
    const body = JSON.stringify(key);
    const call = { method: "POST", path: KEYS, body, repeatable: "refused", read: readCreatedKey, signal } as const;
    return (await this.#transport.call(call)).value;
  }

  /** Dead everywhere within 90 s. */
  async revoke(id: string, { signal }: CallOptions = {}): Promise<void> {
    const path = `${KEYS}/${encodeURIComponent(id)}`;
    await this.#transport.call({ method: "DELETE", path, repeatable: "refused", read: readNothing, signal });
  }

  /** A new key of the same mode and scopes; the old one works on for the overlap. */
  async rotate(id: string, rotation: Rotation = {}, { signal }: CallOptions = {}): Promise<CreatedKey> {
    const body = JSON.stringify(rotation);
    const path = `${KEYS}/${encodeURIComponent(id)}/rotate`;
    const call = { method: "POST", path, body, repeatable: "refused", read: readCreatedKey, signal } as const;
    return (await this.#transport.call(call)).value;
  }
}
