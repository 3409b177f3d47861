// The task numbers of the compatibility API. A task with a number and no idempotency key lives in the object that the number names.
// A task with an idempotency key lives in the object of its key, and the number's object stores where: an alias.

import { z } from "zod";
import type { TaskOwner } from "./rpc.ts";

const ALIAS_KEY = "numberAlias";

const aliasSchema = z.object({
  /** The task's id without its prefix. */
  taskId: z.string(),
  tenantId: z.string(),
  tenantSince: z.number(),
  mode: z.enum(["live", "test"]),
  /** When the number is free again (ms since the epoch): the task is purged by then. */
  expiresAt: z.number(),
});
export type NumberAlias = z.output<typeof aliasSchema>;

/** The alias in an object's storage. */
export class AliasStore {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  read(): NumberAlias | null {
    const stored: unknown = this.#storage.kv.get(ALIAS_KEY);
    return stored === undefined ? null : aliasSchema.parse(stored);
  }

  /** Stores the alias of a free number. Returns whether the number leads to that task now. */
  reserve(alias: NumberAlias): boolean {
    const known = this.read();
    if (known !== null) return known.taskId === alias.taskId;
    this.#storage.kv.put(ALIAS_KEY, alias);
    void this.#storage.setAlarm(alias.expiresAt);
    return true;
  }

  /** The task that the number leads to, for its owner only. */
  taskIdFor({ tenantId, tenantSince, mode }: TaskOwner): string | null {
    const alias = this.read();
    const owned = alias?.tenantId === tenantId && alias.tenantSince === tenantSince && alias.mode === mode;
    return owned ? alias.taskId : null;
  }

  /** Deletes an alias whose time is over. Called by the alarm of an object without a task. */
  async expire(now: number): Promise<void> {
    const alias = this.read();
    if (alias === null) return;
    if (alias.expiresAt <= now) await this.#storage.deleteAll();
    else await this.#storage.setAlarm(alias.expiresAt);
  }
}
