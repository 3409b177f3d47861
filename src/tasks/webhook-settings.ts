// A task's cache of its tenant's webhook settings. In memory only, because secrets must not be stored with a task.

import type { TaskSettings } from "../tenants/rpc.ts";
import type { TaskEventType } from "./task-webhook.ts";

/** How long (ms) settings are used. Changes of the endpoint and the secrets take effect within this time. */
const MAX_AGE_MS = 60_000;

/** Settings older than this (ms) are refreshed during a poll, so that they are available when the task ends. */
const REFRESH_AGE_MS = 30_000;

/** The settings of a deleted tenant. Without a secret, no webhook is sent. */
const OF_DELETED_TENANT: TaskSettings = { endpoint: null, secrets: [] };

/** The cached webhook settings. */
export class WebhookSettingsCache {
  #cached: { readonly settings: TaskSettings; readonly askedAt: number } | null = null;
  #tenantDeleted = false;

  /** Caches settings that were requested at `askedAt` (ms since the epoch). */
  keep(settings: TaskSettings, askedAt: number): void {
    this.#cached = { settings, askedAt };
  }

  /** Must be called when the tenant is deleted. Later settings are ignored, including those of a pending response. */
  tenantDeleted(): void {
    this.#tenantDeleted = true;
  }

  /** The settings. Null if they are missing or too old. */
  current(now: number): TaskSettings | null {
    if (this.#tenantDeleted) return OF_DELETED_TENANT;
    return this.#cached !== null && now - this.#cached.askedAt < MAX_AGE_MS ? this.#cached.settings : null;
  }

  /** Whether a stream client is known to want the event. */
  streams(event: TaskEventType, now: number): boolean {
    return this.current(now)?.streamed?.includes(event) === true;
  }

  /** Whether an unfinished task should refresh its settings now. `ownUrl`: whether the task has a webhook URL of its own. */
  needsRefresh(ownUrl: boolean, now: number): boolean {
    if (this.#cached === null) return true;
    // A task without a webhook gets a new endpoint when it reports its outcome.
    if (!ownUrl && this.#cached.settings.endpoint === null) return false;
    return now - this.#cached.askedAt >= REFRESH_AGE_MS;
  }
}
