// The default webhook endpoint and the signing secrets of each mode, which share nothing.

import { newWebhookSecret, WEBHOOK_SECRET_BYTES } from "../webhooks/sign.ts";
import type { KeyMode } from "./keys.ts";
import type { EndpointInfo, SecretInfo, WebhookSettings } from "./rpc.ts";
import type { ModeWebhook } from "./settings.ts";
import type { SettingsStore } from "./settings-store.ts";

/** Secrets of a mode that can sign at once. A rotation beyond it ends the oldest, to bound the size of the signature header. */
const MAX_SECRETS = 5;

export class WebhookEndpoints {
  readonly #settings: SettingsStore;

  constructor(settings: SettingsStore) {
    this.#settings = settings;
  }

  endpoint(mode: KeyMode): EndpointInfo {
    return this.#of(mode).endpoint ?? { url: null, disabledAt: null, disabledReason: null };
  }

  /** Sets and enables the endpoint, or removes it (null). */
  setEndpoint(mode: KeyMode, url: string | null): EndpointInfo {
    this.#update(mode, { endpoint: url === null ? null : { url, disabledAt: null, disabledReason: null } });
    return this.endpoint(mode);
  }

  /** Disables the endpoint if `url` is still its URL. Returns whether it did. */
  disable(mode: KeyMode, url: string, reason: string, now: number): boolean {
    const { endpoint } = this.#of(mode);
    if (endpoint === null || endpoint.url !== url || endpoint.disabledAt !== null) return false;
    this.#update(mode, { endpoint: { url, disabledAt: now, disabledReason: reason } });
    return true;
  }

  secret(mode: KeyMode, now: number): SecretInfo {
    const [newest, before] = this.#valid(mode, now);
    if (newest === undefined) throw new Error("the mode has no signing secret");
    const previous = before?.expiresAt == null ? null : { secret: before.secret, expiresAt: before.expiresAt };
    return { secret: newest.secret, previous };
  }

  /** Creates a signing secret. The ones before it keep signing for `overlapMs` at most. */
  rotateSecret(mode: KeyMode, overlapMs: number, now: number): string {
    const secret = randomSecret();
    const until = now + overlapMs;
    const older = this.#of(mode)
      .secrets.map((old) => ({ secret: old.secret, expiresAt: Math.min(old.expiresAt ?? until, until) }))
      .filter(({ expiresAt }) => expiresAt > now);
    this.#update(mode, { secrets: [{ secret, expiresAt: null }, ...older].slice(0, MAX_SECRETS) });
    return secret;
  }

  /** What sending a webhook needs. A disabled endpoint counts as none. */
  settings(mode: KeyMode, now: number): WebhookSettings {
    const { url, disabledAt } = this.endpoint(mode);
    return { endpoint: disabledAt === null ? url : null, secrets: this.#valid(mode, now).map(({ secret }) => secret) };
  }

  #valid(mode: KeyMode, now: number) {
    return this.#of(mode).secrets.filter(({ expiresAt }) => expiresAt === null || expiresAt > now);
  }

  #of(mode: KeyMode): ModeWebhook {
    const { secrets, endpoint, testWebhook } = this.#settings.record;
    return mode === "test" && testWebhook !== undefined ? testWebhook : { secrets, endpoint };
  }

  #update(mode: KeyMode, change: Partial<ModeWebhook>): void {
    const live = { ...this.#of("live"), ...(mode === "live" ? change : {}) };
    const test = { ...this.#of("test"), ...(mode === "test" ? change : {}) };
    this.#settings.save({ ...live, testWebhook: test });
  }
}

/** A new signing secret, `whsec_…`. */
export function randomSecret(): string {
  return newWebhookSecret(crypto.getRandomValues(new Uint8Array(WEBHOOK_SECRET_BYTES)));
}
