// Publishing a tenant's snapshot to KV, where the edge reads it. One put at a time and the latest last; a put that KV refuses is
// wanted again later, by the object's alarm: the change itself stands in the object, which is the truth.

import { describeError, log } from "../log.ts";
import type { TenantServices } from "./services.ts";
import { snapshotKeyOf } from "./settings.ts";

/** A snapshot that KV did not take is tried again after this (ms): KV takes one write a second to a key. */
export const PUBLISH_RETRY_MS = 1_500;

/** What the publisher asks of the tenant's object. */
export interface Publishing {
  /** Where snapshots are published. */
  directory(): KVNamespace;
  /** The tenant as it is now, or null once it is deleted. */
  current(): TenantServices | null;
  /** Wants the alarm to ring at a moment (ms) or before. */
  wakeBy(at: number): void;
}

export class Publisher {
  readonly #object: Publishing;
  /** The end of the put that is under way; it never rejects. */
  #underWay: Promise<void> = Promise.resolve();

  constructor(object: Publishing) {
    this.#object = object;
  }

  /** Puts the latest snapshot into KV, after whatever put is under way: an older one never lands last. */
  async publish(tenant: TenantServices): Promise<void> {
    const turn = this.#underWay.then(() => this.#put(tenant));
    this.#underWay = turn;
    await turn;
  }

  /** Takes a deleted tenant's snapshot away. */
  async withdraw(tenantId: string): Promise<void> {
    await this.#object.directory().delete(snapshotKeyOf(tenantId));
  }

  async #put(tenant: TenantServices): Promise<void> {
    if (this.#object.current() !== tenant || !tenant.settings.unpublished) return;
    const { profile } = tenant;
    const snapshot = tenant.snapshot(Date.now());
    try {
      await this.#object.directory().put(snapshotKeyOf(profile.id), JSON.stringify(snapshot));
      const current = this.#object.current();
      if (current === tenant) tenant.settings.markPublished(snapshot);
      // Deleted while KV was written: the snapshot must not outlive the tenant.
      else if (current === null) await this.withdraw(profile.id);
    } catch (error) {
      log("warn", "snapshot_unpublished", { tenantId: profile.id, ...describeError(error) });
      this.#object.wakeBy(Date.now() + PUBLISH_RETRY_MS);
    }
  }
}
