// Publishing a tenant's snapshot to KV, where the edge reads it. One write at a time, in order. A write that KV rejects is repeated by the
// object's alarm: the object is the source of truth.

import { describeError, log } from "../log.ts";
import { parseSnapshot } from "./directory.ts";
import type { TenantServices } from "./services.ts";
import { snapshotKeyOf } from "./settings.ts";

/** A rejected write is repeated after this time (ms). KV takes one write a second to a key. */
const PUBLISH_RETRY_MS = 1_500;

/** What the publisher needs of the tenant's object. */
export interface Publishing {
  directory(): KVNamespace;
  /** The tenant as it is now, or null after it was deleted. */
  current(): TenantServices | null;
  /** Makes the alarm ring at a time (ms) or earlier. */
  wakeBy(at: number): void;
}

export class Publisher {
  readonly #object: Publishing;
  /** The end of the last write that was asked for. Never rejects. */
  #lastWrite: Promise<unknown> = Promise.resolve();

  constructor(object: Publishing) {
    this.#object = object;
  }

  /** Puts the latest snapshot into KV. */
  publish(tenant: TenantServices): Promise<void> {
    return this.#inOrder(() => this.#put(tenant));
  }

  /**
   * Makes KV hold what is true after a deletion: no snapshot, or the one of a new tenant of the same id. Returns whether KV showed it. A
   * location may show what it has cached for 60 s.
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
    const directory = this.#object.directory();
    if (this.#object.current() === null) await directory.delete(name);
    const stored = await directory.get(name);
    const current = this.#object.current();
    if (current === null) return stored === null;
    const snapshot = parseSnapshot(stored, name);
    if (snapshot?.profile.createdAt === current.profile.createdAt) return true;
    current.settings.update({});
    await this.#put(current);
    return false;
  }

  async #put(tenant: TenantServices): Promise<void> {
    if (this.#object.current() !== tenant || !tenant.settings.unpublished) return;
    const { profile } = tenant;
    const snapshot = tenant.snapshot(Date.now());
    try {
      await this.#object.directory().put(snapshotKeyOf(profile.id), JSON.stringify(snapshot));
      // Deleted meanwhile: its deletion writes after this.
      if (this.#object.current() === tenant) tenant.settings.markPublished(snapshot);
    } catch (error) {
      log("warn", "snapshot_unpublished", { tenantId: profile.id, ...describeError(error) });
      this.#object.wakeBy(Date.now() + PUBLISH_RETRY_MS);
    }
  }

  #inOrder<T>(write: () => Promise<T>): Promise<T> {
    const turn = this.#lastWrite.then(write);
    this.#lastWrite = turn.catch(() => undefined);
    return turn;
  }
}
