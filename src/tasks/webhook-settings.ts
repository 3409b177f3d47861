// What a task knows of its tenant: where its webhook goes, what signs it, and which events are streamed. Kept in memory only, never in
// storage.

import type { TaskSettings } from "../tenants/rpc.ts";
import type { TaskEventType } from "./task-webhook.ts";

/** Settings are used for at most this long (ms), so a change of the endpoint or of the secrets takes effect within this time. */
const MAX_AGE_MS = 60_000;

/** Settings older than this (ms) are asked for again beside a poll, so that they are at hand when the task ends. */
const REFRESH_AGE_MS = 30_000;

export class WebhookSettingsCache {
  #kept: { readonly settings: TaskSettings; readonly askedAt: number } | null = null;

  /** Keeps settings that were asked for at `askedAt` (ms since the epoch). */
  keep(settings: TaskSettings, askedAt: number): void {
    this.#kept = { settings, askedAt };
  }

  /** The settings, unless they are missing or too old. */
  fresh(now: number): TaskSettings | null {
    return this.#kept !== null && now - this.#kept.askedAt < MAX_AGE_MS ? this.#kept.settings : null;
  }

  /** Whether a stream client is connected that wants the event, as far as the task knows. */
  streams(event: TaskEventType, now: number): boolean {
    return this.fresh(now)?.streamed?.includes(event) === true;
  }

  /** Whether an unfinished task should ask for its settings now. `ownUrl`: the task has a webhook URL of its own. */
  needsRefresh(ownUrl: boolean, now: number): boolean {
    if (this.#kept === null) return true;
    // A task without a webhook learns of a new endpoint when it reports its outcome.
    if (!ownUrl && this.#kept.settings.endpoint === null) return false;
    return now - this.#kept.askedAt >= REFRESH_AGE_MS;
  }
}
