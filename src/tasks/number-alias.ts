// Aliases for the task numbers of the compatibility API. A task is stored in the object named after its number. A task with an
// idempotency key is stored in the object named after the key, and the number's object contains an alias.

import { z } from "zod";
import { KEY_MODES } from "../tenants/keys.ts";
import type { TaskOwner } from "./rpc.ts";

const ALIAS_KEY = "numberAlias";

const aliasSchema = z.object({
  /** The task's id without its prefix. */
  taskId: z.string(),
  tenantId: z.string(),
  tenantSince: z.number(),
  mode: z.enum(KEY_MODES),
  /** When the alias expires (ms since the epoch). The task is purged by then. */
  expiresAt: z.number(),
});
/** The task that a number refers to. */
export type NumberAlias = z.output<typeof aliasSchema>;

/** The alias in an object's storage. */
export class AliasStore {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** The alias, or null. @throws ZodError if it cannot be read */
  read(): NumberAlias | null {
    const stored: unknown = this.#storage.kv.get(ALIAS_KEY);
    return stored === undefined ? null : aliasSchema.parse(stored);
  }

  /** Stores an alias if the number is free. Returns whether the number refers to the alias's task. */
  reserve(alias: NumberAlias): boolean {
    const known = this.read();
    if (known !== null) return known.taskId === alias.taskId;
    this.#storage.kv.put(ALIAS_KEY, alias);
    void this.#storage.setAlarm(alias.expiresAt);
    return true;
  }

  /** The id of the task, if it belongs to `owner`. */
  taskIdFor({ tenantId, tenantSince, mode }: TaskOwner): string | null {
    const alias = this.read();
    const owned = alias?.tenantId === tenantId && alias.tenantSince === tenantSince && alias.mode === mode;
    return owned ? alias.taskId : null;
  }

  /** Deletes an expired alias. Called by the alarm of an object without a task. */
  async expire(now: number): Promise<void> {
    const alias = this.read();
    if (alias === null) return;
    if (alias.expiresAt <= now) await this.#storage.deleteAll();
    else await this.#storage.setAlarm(alias.expiresAt);
  }
}
