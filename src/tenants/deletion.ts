// What is left to do after a tenant was deleted, kept in its object until it is done: its snapshot has to leave KV for good, and each of
// its unfinished tasks has to be canceled. It survives evictions, and a new tenant of the same id.

import { z } from "zod";
import { describeError, log } from "../log.ts";
import { TASK_ID_PREFIX } from "../tasks/task-id.ts";

/** The storage key of the record, and the prefix of the keys of tasks that are not canceled yet. */
const DELETION_KEY = "deletion";
const CANCEL_PREFIX = "cancel:";

/**
 * When the deletion from KV is repeated (ms after the tenant was deleted). KV rejects more than one write a second to a key, and a
 * location may return what it has cached for 60 s.
 */
const FIRST_REPEAT_MS = 1_500;
const REPEATS_MS = [FIRST_REPEAT_MS, 5_000, 15_000, 30_000, 60_000, 90_000, 120_000, 180_000];

/** A step that failed is repeated after this time (ms). */
const RETRY_MS = 5_000;

/** A task that can't be canceled for a day is past its deadline, and its object is broken: it is given up. */
const CANCEL_PATIENCE_MS = 86_400_000;

/** Tables of SQLite, of the platform and of its local emulator. */
const PLATFORM_TABLE = /^(?:sqlite_|_cf_|__miniflare_)/;

/** Tasks that are canceled at once. */
const CANCEL_BATCH = 50;

const deletionSchema = z.object({
  version: z.literal(1),
  tenantId: z.string(),
  /** `createdAt` of the deleted tenant (ms). */
  tenantCreatedAt: z.number(),
  deletedAt: z.number(),
  /** When the next step is due (ms). */
  nextAt: z.number(),
});
type DeletionRecord = z.output<typeof deletionSchema>;

/** What a deletion needs of its object. */
export interface DeletionEffects {
  /** Makes KV hold what is true now: no snapshot, or the one of a new tenant of the same id. Returns whether it does. */
  correctKv(tenantId: string): Promise<boolean>;
  /** Cancels a task. Idempotent. */
  cancelTask(tenantId: string, taskId: string): Promise<void>;
}

export class Deletion {
  readonly #storage: DurableObjectStorage;
  readonly #effects: DeletionEffects;
  #record: DeletionRecord | null;

  constructor(storage: DurableObjectStorage, effects: DeletionEffects) {
    this.#storage = storage;
    this.#effects = effects;
    this.#record = readRecord(storage);
  }

  /** When the next step is due (ms), or null when no deletion is under way. */
  get nextAt(): number | null {
    return this.#record?.nextAt ?? null;
  }

  /** The earliest time (ms) at which a new tenant may be created, so that it differs from the deleted one. */
  get createdAfter(): number {
    return (this.#record?.tenantCreatedAt ?? 0) + 1;
  }

  /** Replaces everything in storage by the deletion of the tenant, in one transaction. */
  start(tenantId: string, tenantCreatedAt: number, unfinished: readonly string[], now: number): void {
    const nextAt = now + FIRST_REPEAT_MS;
    const record: DeletionRecord = { version: 1, tenantId, tenantCreatedAt, deletedAt: now, nextAt };
    this.#storage.transactionSync(() => {
      for (const [key] of [...this.#storage.kv.list()]) {
        // Tasks of a tenant that was deleted before may still be left.
        if (!key.startsWith(CANCEL_PREFIX)) this.#storage.kv.delete(key);
      }
      for (const table of tablesOf(this.#storage)) this.#storage.sql.exec(`DROP TABLE "${table}"`);
      for (const taskId of unfinished) this.#storage.kv.put(CANCEL_PREFIX + taskId, now);
      this.#storage.kv.put(DELETION_KEY, record);
    });
    this.#record = record;
  }

  /** Does what is left. Returns whether the deletion is done, and with it out of storage. */
  async proceed(now: number): Promise<boolean> {
    const record = this.#record;
    if (record === null) return true;
    const { tenantId, deletedAt } = record;
    const [canceled, held] = await Promise.all([this.cancelTasks(), this.#effects.correctKv(tenantId)]);
    // A new tenant of the same id was deleted meanwhile: its deletion has taken over.
    if (this.#record !== record) return false;
    const repeatAt = REPEATS_MS.map((ms) => deletedAt + ms).find((at) => at > now);
    if (canceled && held && repeatAt === undefined) {
      this.#storage.kv.delete(DELETION_KEY);
      this.#record = null;
      return true;
    }
    const nextAt = canceled && held && repeatAt !== undefined ? repeatAt : now + RETRY_MS;
    this.#record = { ...record, nextAt };
    this.#storage.kv.put(DELETION_KEY, this.#record);
    return false;
  }

  /** Cancels the tasks that are left. Returns whether none is left. */
  async cancelTasks(): Promise<boolean> {
    const tenantId = this.#record?.tenantId;
    if (tenantId === undefined) return true;
    const left = [...this.#storage.kv.list<number>({ prefix: CANCEL_PREFIX })];
    let done = true;
    for (let index = 0; index < left.length; index += CANCEL_BATCH) {
      const batch = left.slice(index, index + CANCEL_BATCH);
      const results = await Promise.all(batch.map(([key, since]) => this.#cancelTask(tenantId, key, since)));
      done &&= results.every(Boolean);
    }
    return done;
  }

  async #cancelTask(tenantId: string, key: string, since: number): Promise<boolean> {
    const taskId = key.slice(CANCEL_PREFIX.length);
    try {
      await this.#effects.cancelTask(tenantId, taskId);
    } catch (error) {
      log("warn", "task_unreached", { taskId: TASK_ID_PREFIX + taskId, ...describeError(error) });
      if (Date.now() < since + CANCEL_PATIENCE_MS) return false;
    }
    this.#storage.kv.delete(key);
    return true;
  }
}

/** The record, or null when there is none. One that this version cannot read is left for another. */
function readRecord(storage: DurableObjectStorage): DeletionRecord | null {
  const stored: unknown = storage.kv.get(DELETION_KEY);
  if (stored === undefined) return null;
  const parsed = deletionSchema.safeParse(stored);
  if (!parsed.success) log("error", "tenant_deletion_unreadable", describeError(parsed.error));
  return parsed.success ? parsed.data : null;
}

function tablesOf(storage: DurableObjectStorage): string[] {
  const tables = storage.sql.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'");
  return tables.toArray().flatMap(({ name }) => (PLATFORM_TABLE.test(name) ? [] : [name]));
}
