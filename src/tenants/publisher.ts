// Publishes a tenant's snapshot to KV. Writes are sequential, so that an older snapshot cannot overwrite a newer one. Failed writes are
// retried by the object's alarm.

import type { Env } from "../env.ts";
import { describeError, log } from "../log.ts";
import { parseSnapshot } from "./directory.ts";
import type { TenantServices } from "./services.ts";
import { snapshotKeyOf } from "./settings.ts";

/** Publishes snapshots, one at a time. */
export class Publisher {
  readonly #env: () => Pick<Env, "DIRECTORY">;
  readonly #current: () => TenantServices | null;
  /** Resolves after the last write. Never rejects. */
  #lastWrite: Promise<unknown> = Promise.resolve();

  /** @param current returns the current tenant, or null if it was deleted */
  constructor(env: () => Pick<Env, "DIRECTORY">, current: () => TenantServices | null) {
    this.#env = env;
    this.#current = current;
  }

  /** Publishes the latest snapshot. Does not throw. */
  publish(tenant: TenantServices): Promise<void> {
    return this.#inOrder(() => this.#put(tenant));
  }

  /**
   * Corrects KV after a deletion: removes the snapshot, or publishes the one of a new tenant with the same id. Returns whether KV was
   * correct, as far as this location can see: it may cache a value for 60 s.
   */
  correct(tenantId: string): Promise<boolean> {
    return this.#inOrder(async () => {
      try {
        return await this.#correct(tenantId);
      } catch (error) {
        log("warn", "snapshot_not_deleted", { tenantId, ...describeError(error) });
        return false;
      }
    });
  }

  async #correct(tenantId: string): Promise<boolean> {
    const name = snapshotKeyOf(tenantId);
    const directory = this.#env().DIRECTORY;
    if (this.#current() === null) await directory.delete(name);
    const stored = await directory.get(name);
    const current = this.#current();
    if (current === null) return stored === null;
    const snapshot = parseSnapshot(stored, name);
    if (snapshot?.profile.createdAt === current.profile.createdAt) return true;
    current.settings.update({});
    await this.#put(current);
    return false;
  }

  async #put(tenant: TenantServices): Promise<void> {
    if (this.#current() !== tenant || !tenant.settings.unpublished) return;
    const { profile } = tenant;
    const snapshot = tenant.snapshot(Date.now());
    try {
      await this.#env().DIRECTORY.put(snapshotKeyOf(profile.id), JSON.stringify(snapshot));
      // If the tenant was deleted in the meantime, the deletion corrects KV after this write.
      if (this.#current() === tenant) tenant.settings.markPublished(snapshot);
    } catch (error) {
      log("warn", "snapshot_unpublished", { tenantId: profile.id, ...describeError(error) });
      tenant.settings.publishLater();
    }
  }

  #inOrder<T>(write: () => Promise<T>): Promise<T> {
    const turn = this.#lastWrite.then(write);
    this.#lastWrite = turn.catch(() => undefined);
    return turn;
  }
}
