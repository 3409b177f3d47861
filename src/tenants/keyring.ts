// The tenant's API keys: minted here, shown once, kept as SHA-256. Refuses to hand a key out twice, and to keep more than a
// bounded number. Synchronous but for the hash.

import { eq } from "drizzle-orm";
import type { DrizzleSqliteDODatabase } from "drizzle-orm/durable-sqlite";
import type { KeyMode, Scope } from "./keys.ts";
import { hashKey, KEY_ENTROPY_BYTES, mintKey } from "./keys.ts";
import { apiKeys } from "./schema.ts";
import type { SnapshotKey } from "./settings.ts";

/** Keys of a tenant at once: the snapshot that every edge reads holds them all. */
export const MAX_KEYS = 200;

/** A key to make; `expiresAt` in ms since the epoch. */
export interface NewKey {
  readonly name: string;
  readonly mode: KeyMode;
  readonly scopes: readonly Scope[];
  readonly expiresAt: number | null;
}

/** A key as it is shown in lists: everything but itself. Times in ms. */
export interface KeyInfo {
  readonly id: string;
  readonly name: string;
  readonly mode: KeyMode;
  readonly scopes: readonly Scope[];
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly lastUsedDay: string | null;
}

/** A key with its secret, shown this once. */
export interface MintedKey extends KeyInfo {
  readonly key: string;
}

type KeyRow = typeof apiKeys.$inferSelect;

export class Keyring {
  readonly #db: DrizzleSqliteDODatabase;
  readonly #tenantId: string;

  constructor(db: DrizzleSqliteDODatabase, tenantId: string) {
    this.#db = db;
    this.#tenantId = tenantId;
  }

  /** Mints a key, or null where the tenant has as many as it may. */
  async mint(wanted: NewKey, now: number): Promise<MintedKey | null> {
    this.#dropExpired(now);
    if (this.#rows().length >= MAX_KEYS) return null;
    const key = mintKey(wanted.mode, this.#tenantId, crypto.getRandomValues(new Uint8Array(KEY_ENTROPY_BYTES)));
    const hash = await hashKey(key);
    const row: KeyRow = {
      id: `key_${crypto.randomUUID().replaceAll("-", "")}`,
      hash,
      name: wanted.name,
      mode: wanted.mode,
      scopes: [...wanted.scopes],
      createdAt: now,
      expiresAt: wanted.expiresAt,
      endsAt: null,
      lastUsedDay: null,
    };
    this.#db.insert(apiKeys).values(row).run();
    return { ...infoOf(row), key };
  }

  /** The keys that are not expired, oldest first. */
  list(now: number): KeyInfo[] {
    return this.#living(now).map(infoOf);
  }

  find(id: string, now: number): KeyInfo | null {
    return this.list(now).find((key) => key.id === id) ?? null;
  }

  /** Ends a key at once; false where there is none of that id. */
  revoke(id: string, now: number): boolean {
    if (this.find(id, now) === null) return false;
    this.#db.delete(apiKeys).where(eq(apiKeys.id, id)).run();
    return true;
  }

  /**
   * Mints an heir of a key, of the same name, mode, scopes and expiry, and lets the key itself end after `overlapMs`. Null where
   * the tenant has as many as it may.
   */
  async rotate(id: string, overlapMs: number, now: number): Promise<MintedKey | null> {
    const old = this.#living(now).find((row) => row.id === id);
    if (old === undefined) throw new RangeError("no such key");
    const { name, mode, scopes, expiresAt } = old;
    const minted = await this.mint({ name, mode, scopes, expiresAt }, now);
    if (minted === null) return null;
    const endsAt = Math.min(old.endsAt ?? now + overlapMs, now + overlapMs);
    this.#db.update(apiKeys).set({ endsAt }).where(eq(apiKeys.id, id)).run();
    return minted;
  }

  /** Notes that a key was used on `day`; writes once a day. */
  noteUse(id: string, day: string): void {
    const row = this.#rows().find((candidate) => candidate.id === id);
    if (row === undefined || (row.lastUsedDay ?? "") >= day) return;
    this.#db.update(apiKeys).set({ lastUsedDay: day }).where(eq(apiKeys.id, id)).run();
  }

  /** The keys as the edge needs them. */
  forSnapshot(now: number): SnapshotKey[] {
    return this.#living(now).map((row) => {
      const { id, hash, mode, scopes } = row;
      return { id, hash, mode, scopes, expiresAt: endOf(row) };
    });
  }

  #rows(): KeyRow[] {
    return this.#db.select().from(apiKeys).orderBy(apiKeys.createdAt, apiKeys.id).all();
  }

  #living(now: number): KeyRow[] {
    return this.#rows().filter((row) => isAlive(row, now));
  }

  #dropExpired(now: number): void {
    for (const row of this.#rows()) {
      if (!isAlive(row, now)) this.#db.delete(apiKeys).where(eq(apiKeys.id, row.id)).run();
    }
  }
}

/** When a key ends (ms): by its expiry or its rotation, whichever is first; null for never. */
function endOf({ expiresAt, endsAt }: KeyRow): number | null {
  return expiresAt === null ? endsAt : Math.min(expiresAt, endsAt ?? expiresAt);
}

function isAlive(row: KeyRow, now: number): boolean {
  const end = endOf(row);
  return end === null || end > now;
}

function infoOf(row: KeyRow): KeyInfo {
  const { id, name, mode, scopes, createdAt, lastUsedDay } = row;
  return { id, name, mode, scopes, createdAt, expiresAt: endOf(row), lastUsedDay };
}
