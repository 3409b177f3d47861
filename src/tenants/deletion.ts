// The deletion of a tenant: its snapshot must be removed from KV, and its unfinished tasks must be canceled. The remaining work is
// stored, so that it survives evictions and the creation of a new tenant with the same id.

import { z } from "zod";
import { describeError, log } from "../log.ts";
import { TASK_ID_PREFIX } from "../tasks/task-id.ts";
import type { Publisher } from "./publisher.ts";
import type { TaskCalls } from "./task-calls.ts";

/** The storage key of the record, and the key prefix of tasks to cancel. */
const DELETION_KEY = "deletion";
const CANCEL_PREFIX = "cancel:";

/**
 * When the deletion from KV is repeated (ms after the tenant was deleted). KV accepts one write a second per key, and a location may
 * cache a value for 60 s.
 */
const FIRST_REPEAT_MS = 1_500;
const REPEATS_MS = [FIRST_REPEAT_MS, 5_000, 15_000, 30_000, 60_000, 90_000, 120_000, 180_000];

/** A failed step is retried after this time (ms). */
const RETRY_MS = 5_000;

/** How long (ms) canceling a task is retried: a day, which is long after its deadline. */
const CANCEL_RETRY_LIMIT_MS = 86_400_000;

/** Tables of SQLite, the platform and its local emulator. */
const PLATFORM_TABLE = /^(?:sqlite_|_cf_|__miniflare_)/;

/** The number of tasks that are canceled in parallel. */
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

/** The deletion of the tenant in an object, if one is in progress. */
export class Deletion {
  readonly #storage: DurableObjectStorage;
  readonly #publisher: Publisher;
  readonly #tasks: TaskCalls;
  #record: DeletionRecord | null;

  constructor(storage: DurableObjectStorage, publisher: Publisher, tasks: TaskCalls) {
    this.#storage = storage;
    this.#publisher = publisher;
    this.#tasks = tasks;
    this.#record = readRecord(storage);
  }

  /** When the next step is due (ms), or null if no deletion is in progress. */
  get nextAt(): number | null {
    return this.#record?.nextAt ?? null;
  }

  /** The minimum `createdAt` (ms) of a new tenant, so that it differs from the deleted one's. */
  get createdAfter(): number {
    return (this.#record?.tenantCreatedAt ?? 0) + 1;
  }

  /** Replaces the contents of storage with a deletion, in one transaction. */
  start(tenantId: string, tenantCreatedAt: number, unfinished: readonly string[], now: number): void {
    const nextAt = now + FIRST_REPEAT_MS;
    const record: DeletionRecord = { version: 1, tenantId, tenantCreatedAt, deletedAt: now, nextAt };
    this.#storage.transactionSync(() => {
      for (const [key] of [...this.#storage.kv.list()]) {
        // Tasks of a tenant that was deleted earlier may remain.
        if (!key.startsWith(CANCEL_PREFIX)) this.#storage.kv.delete(key);
      }
      for (const table of tablesOf(this.#storage)) this.#storage.sql.exec(`DROP TABLE "${table}"`);
      for (const taskId of unfinished) this.#storage.kv.put(CANCEL_PREFIX + taskId, now);
      this.#storage.kv.put(DELETION_KEY, record);
    });
    this.#record = record;
  }

  /** Continues the deletion. Returns whether it is complete and removed from storage. */
  async proceed(now: number): Promise<boolean> {
    const record = this.#record;
    if (record === null) return true;
    const { tenantId, deletedAt } = record;
    const [canceled, corrected] = await Promise.all([this.cancelTasks(), this.#publisher.correct(tenantId)]);
    // A new tenant with the same id was deleted in the meantime, and replaced this deletion.
    if (this.#record !== record) return false;
    const repeatAt = REPEATS_MS.map((ms) => deletedAt + ms).find((at) => at > now);
    if (canceled && corrected && repeatAt === undefined) {
      this.#storage.kv.delete(DELETION_KEY);
      this.#record = null;
      return true;
    }
    const nextAt = canceled && corrected && repeatAt !== undefined ? repeatAt : now + RETRY_MS;
    this.#record = { ...record, nextAt };
    this.#storage.kv.put(DELETION_KEY, this.#record);
    return false;
  }

  /** Cancels the remaining tasks. Returns whether all are canceled. */
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
      await this.#tasks.stub(taskId).abandon(tenantId, taskId);
    } catch (error) {
      log("warn", "task_unreached", { taskId: TASK_ID_PREFIX + taskId, ...describeError(error) });
      if (Date.now() < since + CANCEL_RETRY_LIMIT_MS) return false;
    }
    this.#storage.kv.delete(key);
    return true;
  }
}

/** The record, or null if there is none. A record that this version cannot read is kept for a version that can. */
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
