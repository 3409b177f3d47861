// What a task costs, counted in the objects that run it: their storage, their methods and `fetch` are wrapped, in workerd, by the
// budget test and by the bench's entry alike. It runs wherever it is given something to wrap and imports nothing. It changes
// nothing that it counts, and refuses to estimate: what is paid for by time is `cost.ts`'s.
//
// What is a row, by the price list (https://developers.cloudflare.com/durable-objects/platform/pricing/, read in November 2026):
// each key put or deleted, each row that a statement writes (the cursor says how many), each setAlarm(). "Deletes are counted as
// rows written", and nothing is said of deleteAll(): each key that it finds is counted as one. That the platform takes an alarm
// off as it rings is not on the list, and is not counted.

/** What one object did. */
export interface ObjectCounts {
  rowsWritten: number;
  /** Alarms that rang. */
  alarms: number;
  /** Methods that were called from outside, each of them a billed request. */
  calls: number;
}

/** What a meter has counted since it began. */
export interface Reading {
  /** By the object's id. */
  readonly objects: Readonly<Record<string, ObjectCounts>>;
  /** Requests to the Worker. */
  readonly workerRequests: number;
  readonly kvPuts: number;
  /** Requests to upstream and to receivers, and calls of a task's object to the tenant's. */
  readonly outgoing: number;
  /** Those of them that left while a caller was held on the line, by whom the time is paid for already. */
  readonly outgoingWhileHeld: number;
  /** How long callers were held (ms). */
  readonly heldMs: number;
}

/** An object's storage, as far as it is counted. */
interface Storage {
  readonly kv: { list(): Iterable<unknown> };
  readonly sql: object;
}

/** An object as its own methods see it. */
interface Running {
  readonly ctx: { readonly id: { toString(): string }; readonly storage: Storage };
}

type Method = (...parameters: unknown[]) => unknown;

export class Meter {
  readonly #objects = new Map<string, ObjectCounts>();
  readonly #metered = new WeakSet<object>();
  readonly #undo: (() => void)[] = [];
  #held = 0;
  #totals = { workerRequests: 0, kvPuts: 0, outgoing: 0, outgoingWhileHeld: 0, heldMs: 0 };

  /** Counts what the objects of a class do, each from its first call on. `role`: a call to the tenant's is a task's outgoing one. */
  watchObjects(prototype: object, role: "task" | "tenant"): void {
    for (const name of Object.getOwnPropertyNames(prototype)) {
      if (name === "constructor" || typeof Reflect.get(prototype, name) !== "function") continue;
      const meter = this;
      this.#wrap(
        prototype,
        name,
        (method) =>
          function counted(this: unknown, ...parameters: unknown[]) {
            const running = this as Running;
            const counts = meter.#countsOf(running);
            if (name === "alarm") counts.alarms += 1;
            else counts.calls += 1;
            if (role === "tenant" && name !== "alarm") meter.#noteOutgoing();
            const run = () => method.apply(running, parameters);
            return role === "task" && name === "view" && Number(parameters[1]) > 0 ? meter.#hold(run) : run();
          },
      );
    }
  }

  /** Counts `fetch`: what objects send out. */
  watchFetch(scope: object): void {
    this.#before(scope, "fetch", () => this.#noteOutgoing());
  }

  /** Counts the requests to a Worker's default export. */
  watchWorker(worker: object): void {
    this.#before(worker, "fetch", () => {
      this.#totals.workerRequests += 1;
    });
  }

  /** Counts what is put into a KV namespace. */
  watchKv(namespace: object): void {
    this.#before(namespace, "put", () => {
      this.#totals.kvPuts += 1;
    });
  }

  /** What has been counted so far. */
  read(): Reading {
    const objects = Object.fromEntries([...this.#objects].map(([id, counts]) => [id, { ...counts }]));
    return { objects, ...this.#totals };
  }

  /** Takes every wrapping off again. Storage of objects that are in memory stays wrapped until they leave it. */
  stop(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo();
  }

  #countsOf({ ctx }: Running): ObjectCounts {
    const id = ctx.id.toString();
    const counts = this.#objects.get(id) ?? { rowsWritten: 0, alarms: 0, calls: 0 };
    this.#objects.set(id, counts);
    if (!this.#metered.has(ctx.storage)) {
      this.#metered.add(ctx.storage);
      meterStorage(ctx.storage, counts);
    }
    return counts;
  }

  #noteOutgoing(): void {
    this.#totals.outgoing += 1;
    if (this.#held > 0) this.#totals.outgoingWhileHeld += 1;
  }

  /** The time in which at least one caller is held counts once: the platform bills an object's, not a request's. */
  async #hold(run: () => unknown): Promise<unknown> {
    const since = Date.now();
    this.#held += 1;
    try {
      return await run();
    } finally {
      this.#held -= 1;
      if (this.#held === 0) this.#totals.heldMs += Date.now() - since;
    }
  }

  #before(target: object, name: string, note: () => void): void {
    this.#wrap(
      target,
      name,
      (method) =>
        function counted(this: unknown, ...parameters: unknown[]) {
          note();
          return method.apply(this, parameters);
        },
    );
  }

  #wrap(target: object, name: string, make: (method: Method) => Method): void {
    const method = Reflect.get(target, name) as Method;
    const own = Object.hasOwn(target, name);
    if (!Reflect.set(target, name, make(method))) throw new Error(`${name} cannot be wrapped`);
    this.#undo.push(() => (own ? Reflect.set(target, name, method) : Reflect.deleteProperty(target, name)));
  }
}

/** Counts the rows that one object's storage writes. */
function meterStorage(storage: Storage, counts: ObjectCounts): void {
  const wrap = (target: object, name: string, rowsOf: (result: unknown, parameters: unknown[]) => number) => {
    const method = Reflect.get(target, name) as Method;
    const counted: Method = (...parameters) => {
      const result = method.apply(target, parameters);
      counts.rowsWritten += rowsOf(result, parameters);
      return result;
    };
    if (!Reflect.set(target, name, counted)) throw new Error(`storage's ${name} cannot be wrapped`);
  };
  wrap(storage.kv, "put", () => 1);
  wrap(storage.kv, "delete", (existed) => (existed === true ? 1 : 0));
  wrap(storage, "put", (_result, [entries]) => keysOf(entries));
  wrap(storage, "delete", (_result, [keys]) => (Array.isArray(keys) ? keys.length : 1));
  wrap(storage, "setAlarm", () => 1);
  wrap(storage, "deleteAlarm", () => 1);
  // Statements are stepped as they are executed: what they write is known before anything is read of them.
  wrap(storage.sql, "exec", (cursor) => (cursor as { readonly rowsWritten: number }).rowsWritten);
  const deleteAll = Reflect.get(storage, "deleteAll") as Method;
  const counted: Method = (...parameters) => {
    counts.rowsWritten += [...storage.kv.list()].length;
    return deleteAll.apply(storage, parameters);
  };
  if (!Reflect.set(storage, "deleteAll", counted)) throw new Error("storage's deleteAll cannot be wrapped");
}

/** One key and its value, or an object of many. */
const keysOf = (entries: unknown): number =>
  typeof entries === "object" && entries !== null ? Object.keys(entries).length : 1;
