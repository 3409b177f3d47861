// The webhook endpoints and signing secrets of a tenant, separate for each mode.

import { newWebhookSecret, WEBHOOK_SECRET_BYTES } from "../webhooks/sign.ts";
import type { KeyMode } from "./keys.ts";
import type { EndpointInfo, SecretInfo, WebhookSettings } from "./rpc.ts";
import type { ModeWebhook } from "./settings.ts";
import type { SettingsStore } from "./settings-store.ts";

/** The maximum number of valid secrets of a mode, because each adds a signature to the header. A rotation drops the oldest. */
const MAX_SECRETS = 5;

/** How far (ms) the clocks of a task's object and its tenant's object may differ. */
const CLOCK_SKEW_MS = 1_000;

/** The webhook endpoints and signing secrets of a tenant. */
export class WebhookEndpoints {
  readonly #settings: SettingsStore;

  constructor(settings: SettingsStore) {
    this.#settings = settings;
  }

  /** The endpoint of a mode. */
  endpoint(mode: KeyMode): EndpointInfo {
    const { url = null, disabledAt = null, disabledReason = null } = this.#of(mode).endpoint ?? {};
    return { url, disabledAt, disabledReason };
  }

  /** Sets and enables the endpoint, or deletes it (null). */
  setEndpoint(mode: KeyMode, url: string | null, now: number): EndpointInfo {
    const { endpoint } = this.#of(mode);
    const since = endpoint?.disabledAt === null ? endpoint.since : now;
    this.#update(mode, { endpoint: url === null ? null : { url, since, disabledAt: null, disabledReason: null } });
    return this.endpoint(mode);
  }

  /** Disables the endpoint if `url` is still its URL. Returns whether it did. */
  disable(mode: KeyMode, url: string, reason: string, now: number): boolean {
    const { endpoint } = this.#of(mode);
    if (endpoint === null || endpoint.url !== url || endpoint.disabledAt !== null) return false;
    this.#update(mode, { endpoint: { ...endpoint, disabledAt: now, disabledReason: reason } });
    return true;
  }

  /** The current and the previous secret of a mode. */
  secret(mode: KeyMode, now: number): SecretInfo {
    const [newest, before] = this.#valid(mode, now);
    if (newest === undefined) throw new Error("the mode has no signing secret");
    const previous = before?.expiresAt == null ? null : { secret: before.secret, expiresAt: before.expiresAt };
    return { secret: newest.secret, previous };
  }

  /** Replaces the secret. Previous secrets remain valid for at most `overlapMs`. */
  rotateSecret(mode: KeyMode, overlapMs: number, now: number): string {
    const secret = randomSecret();
    const until = now + overlapMs;
    const older = this.#of(mode)
      .secrets.map((old) => ({ secret: old.secret, expiresAt: Math.min(old.expiresAt ?? until, until) }))
      .filter(({ expiresAt }) => expiresAt > now);
    this.#update(mode, { secrets: [{ secret, expiresAt: null }, ...older].slice(0, MAX_SECRETS) });
    return secret;
  }

  /** The settings for sending webhooks. A disabled endpoint counts as missing. */
  settings(mode: KeyMode, now: number): WebhookSettings {
    const { url, disabledAt } = this.endpoint(mode);
    return { endpoint: disabledAt === null ? url : null, secrets: this.#valid(mode, now).map(({ secret }) => secret) };
  }

  /**
   * The settings for the webhook of a task without a URL of its own. An endpoint that was set after the task ended counts as missing,
   * because a task can report its outcome late, and again after an eviction.
   * @param endedAt by the clock of the task's object (ms since the epoch)
   */
  settingsOfEnded(mode: KeyMode, endedAt: number, now: number): WebhookSettings {
    const settings = this.settings(mode, now);
    const { since = 0 } = this.#of(mode).endpoint ?? {};
    return since <= endedAt + CLOCK_SKEW_MS ? settings : { ...settings, endpoint: null };
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

/** Creates a random signing secret, `whsec_…`. */
export function randomSecret(): string {
  return newWebhookSecret(crypto.getRandomValues(new Uint8Array(WEBHOOK_SECRET_BYTES)));
}
