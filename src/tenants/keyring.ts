// The API keys of a tenant. Keys are stored as SHA-256 only.

import { eq } from "drizzle-orm";
import type { DrizzleSqliteDODatabase } from "drizzle-orm/durable-sqlite";
import type { Actor } from "./actor.ts";
import { mayGrant, visibleMode } from "./actor.ts";
import type { KeyMode } from "./keys.ts";
import { hashKey, KEY_ENTROPY_BYTES, mintKey } from "./keys.ts";
import type { CreatedKey, CreateKeyResult, KeyInfo, NewKey, RotateKeyResult } from "./rpc.ts";
import { apiKeys } from "./schema.ts";
import type { SnapshotKey } from "./settings.ts";

/** The maximum number of keys of a tenant, because the snapshot contains all of them. */
export const MAX_KEYS = 200;

/** How many rotated keys are kept after their end, so that rotating one again is not answered as if it had never existed. */
const MAX_ROTATED = 200;

type KeyRow = typeof apiKeys.$inferSelect;

/** A key and its SHA-256. */
export interface KeySecret {
  readonly key: string;
  readonly hash: string;
}

/** Creates a random key. */
export async function newKeySecret(mode: KeyMode, tenantId: string): Promise<KeySecret> {
  const key = mintKey(mode, tenantId, crypto.getRandomValues(new Uint8Array(KEY_ENTROPY_BYTES)));
  return { key, hash: await hashKey(key) };
}

/** The table of a tenant's keys. */
export class Keyring {
  readonly #db: DrizzleSqliteDODatabase;

  constructor(db: DrizzleSqliteDODatabase) {
    this.#db = db;
  }

  /** Creates a key, if the actor may grant its mode and scopes. */
  create(actor: Actor, wanted: NewKey, secret: KeySecret, now: number): CreateKeyResult {
    if (!mayGrant(actor, wanted.mode, wanted.scopes)) return "forbidden";
    return this.#insert(secret, wanted, now) ?? "too_many";
  }

  /** The valid keys that the actor can see, oldest first. */
  list(actor: Actor, now: number): KeyInfo[] {
    const mode = visibleMode(actor);
    return this.#valid(now)
      .filter((key) => mode === null || key.mode === mode)
      .map(infoOf);
  }

  /** The row of a key that the actor can see, or null. Includes keys that are no longer valid. */
  find(actor: Actor, id: string): KeyRow | null {
    const mode = visibleMode(actor);
    const row = this.#row(id);
    return row !== undefined && (mode === null || row.mode === mode) ? row : null;
  }

  /** Whether a key is valid. */
  has(id: string, now: number): boolean {
    const row = this.#row(id);
    return row !== undefined && isValid(row, now);
  }

  /** Revokes a key immediately and returns it. Null if the actor can see no such valid key. */
  revoke(actor: Actor, id: string, now: number): KeyInfo | null {
    const key = this.list(actor, now).find((one) => one.id === id) ?? null;
    if (key !== null) this.#db.delete(apiKeys).where(eq(apiKeys.id, id)).run();
    return key;
  }

  /**
   * Creates a replacement with the same name, mode, scopes and expiry. The old key ends after `overlapMs`. A key can be rotated only once,
   * which is also the answer after its end, when it is in no list.
   */
  rotate(actor: Actor, id: string, overlapMs: number, secret: KeySecret, now: number): RotateKeyResult {
    const old = this.find(actor, id);
    if (old === null) return "absent";
    if (old.endsAt !== null) return "already_rotated";
    if (!isValid(old, now)) return "absent";
    if (!mayGrant(actor, old.mode, old.scopes)) return "forbidden";
    const { name, mode, scopes } = old;
    const created = this.#insert(secret, { name, mode, scopes, expiresAt: old.expiresAt }, now);
    if (created === null) return "too_many";
    const expiresAt = Math.min(old.expiresAt ?? now + overlapMs, now + overlapMs);
    this.#db.update(apiKeys).set({ endsAt: expiresAt }).where(eq(apiKeys.id, id)).run();
    return { created, replaces: { id, expiresAt } };
  }

  /** Records that a key was used on `day` (`2026-11-23`). Writes at most once a day. */
  noteUse(id: string, day: string): void {
    const row = this.#row(id);
    if (row === undefined || (row.lastUsedDay ?? "") >= day) return;
    this.#db.update(apiKeys).set({ lastUsedDay: day }).where(eq(apiKeys.id, id)).run();
  }

  /** The valid keys for the snapshot. */
  forSnapshot(now: number): SnapshotKey[] {
    return this.#valid(now).map((row) => {
      const { id, hash, mode, scopes } = row;
      return { id, hash, mode, scopes, expiresAt: endOf(row) };
    });
  }

  /** Stores a new key. Null if the tenant has the maximum number of keys. */
  #insert({ key, hash }: KeySecret, wanted: NewKey, now: number): CreatedKey | null {
    this.#dropEnded(now);
    if (this.#valid(now).length >= MAX_KEYS) return null;
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

  #row(id: string): KeyRow | undefined {
    return this.#db.select().from(apiKeys).where(eq(apiKeys.id, id)).get();
  }

  #rows(): KeyRow[] {
    return this.#db.select().from(apiKeys).orderBy(apiKeys.createdAt, apiKeys.id).all();
  }

  #valid(now: number): KeyRow[] {
    return this.#rows().filter((row) => isValid(row, now));
  }

  /** Deletes expired keys, and the oldest of the rotated keys that have ended. */
  #dropEnded(now: number): void {
    const ended = this.#rows().filter((row) => !isValid(row, now));
    const expired = ended.filter(({ endsAt }) => endsAt === null);
    const rotated = ended.filter(({ endsAt }) => endsAt !== null);
    for (const { id } of [...expired, ...rotated.slice(0, -MAX_ROTATED)]) {
      this.#db.delete(apiKeys).where(eq(apiKeys.id, id)).run();
    }
  }
}

/** When a key stops being valid (ms), because it expires or was rotated. Null: never. */
function endOf({ expiresAt, endsAt }: KeyRow): number | null {
  return expiresAt === null ? endsAt : Math.min(expiresAt, endsAt ?? expiresAt);
}

function isValid(row: KeyRow, now: number): boolean {
  const end = endOf(row);
  return end === null || end > now;
}

function infoOf(row: KeyRow): KeyInfo {
  const { id, name, mode, scopes, createdAt, lastUsedDay } = row;
  return { id, name, mode, scopes, createdAt, expiresAt: endOf(row), lastUsedDay };
}
