// The audit log of a tenant: changes of keys, endpoints, secrets and settings, and reads of secrets. Never contains a key or secret.

import { and, desc, eq, isNull, lt, lte, or } from "drizzle-orm";
import type { DrizzleSqliteDODatabase } from "drizzle-orm/durable-sqlite";
import type { Actor } from "./actor.ts";
import type { KeyMode } from "./keys.ts";
import type { AuditAction, AuditDetails, AuditPage } from "./rpc.ts";
import { audit } from "./schema.ts";

/** How long (ms) entries are kept: a year. */
const KEPT_MS = 365 * 86_400_000;

/** The maximum number of entries, so that changes in a loop cannot fill the storage. */
const MAX_ENTRIES = 100_000;

/** The log is pruned after this many new entries. */
const PRUNE_AFTER = 1_000;

/** The table of a tenant's audit log. */
export class AuditLog {
  readonly #db: DrizzleSqliteDODatabase;

  constructor(db: DrizzleSqliteDODatabase) {
    this.#db = db;
  }

  /** Adds an entry. `mode` is null for changes that affect both modes. */
  record(
    actor: Actor,
    action: AuditAction,
    target: string,
    mode: KeyMode | null,
    details: AuditDetails,
    now: number,
  ): void {
    const actorKeyId = actor.type === "key" ? actor.keyId : null;
    const entry = { at: now, action, actorKeyId, target, mode, details };
    const { id } = this.#db.insert(audit).values(entry).returning({ id: audit.id }).get();
    if (id % PRUNE_AFTER === 0) this.prune(now);
  }

  /**
   * A page of entries, newest first.
   * @param mode only entries that affect this mode. Null: all entries.
   * @param before the `next` of the previous page. Null: the newest entries.
   */
  page(mode: KeyMode | null, limit: number, before: number | null): AuditPage {
    const rows = this.#db
      .select()
      .from(audit)
      .where(
        and(
          mode === null ? undefined : or(isNull(audit.mode), eq(audit.mode, mode)),
          before === null ? undefined : lt(audit.id, before),
        ),
      )
      .orderBy(desc(audit.id))
      .limit(limit + 1)
      .all();
    const entries = rows.slice(0, limit);
    const last = entries.at(-1);
    return {
      entries: entries.map(({ at, action, actorKeyId, target, mode: ofMode, details }) => ({
        at,
        action,
        actor: actorKeyId === null ? { type: "operator" } : { type: "key", keyId: actorKeyId },
        target,
        mode: ofMode,
        details,
      })),
      next: rows.length > limit && last !== undefined ? last.id : null,
    };
  }

  /** Deletes entries that are too old or too many. */
  prune(now: number): void {
    this.#db
      .delete(audit)
      .where(lt(audit.at, now - KEPT_MS))
      .run();
    const newest = this.#db.select({ id: audit.id }).from(audit).orderBy(desc(audit.id)).limit(1).get();
    if (newest === undefined) return;
    this.#db
      .delete(audit)
      .where(lte(audit.id, newest.id - MAX_ENTRIES))
      .run();
  }
}
