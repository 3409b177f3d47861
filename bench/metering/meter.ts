// Counts the rows, alarms and calls of tasks inside their objects, by wrapping their storage, their methods and `fetch`. The bench's entry
// uses it too, so it imports nothing.
//
// Rows are counted as the price list describes (https://developers.cloudflare.com/durable-objects/platform/pricing/, read in November
// 2026): each key that is put or deleted, each row that a statement writes, each setAlarm(). The list does not mention deleteAll(), so each
// deleted key counts as one row. It does not mention the removal of an alarm when it fires, which is not counted.

/** `shared`: objects that tasks call. */
type Role = "task" | "shared";

/** The counts of one object. */
export interface ObjectCounts {
  readonly role: Role;
  rowsWritten: number;
  /** Alarms that fired. */
  alarms: number;
  /** Calls of its methods. Each is a billed request. */
  calls: number;
}

/** The counts since the meter was created. */
export interface Reading {
  /** By the object's id. */
  readonly objects: Readonly<Record<string, ObjectCounts>>;
  /** Requests to the Worker. */
  readonly workerRequests: number;
  readonly kvPuts: number;
  /** Requests to the upstream and to receivers, and calls from task objects to other objects. */
  readonly outgoing: number;
  /** Outgoing requests during a long poll, which keeps the object active anyway. */
  readonly outgoingWhileHeld: number;
  /** How long (ms) long polls kept objects active. */
  readonly heldMs: number;
}

interface Storage {
  readonly kv: { list(): Iterable<unknown> };
  readonly sql: object;
}

/** The part of an object that the meter uses. */
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

  /** Counts the work of all objects of a class, from the first call of each. Calls to shared objects count as outgoing calls too. */
  watchObjects(prototype: object, role: Role): void {
    for (const name of Object.getOwnPropertyNames(prototype)) {
      if (name === "constructor" || typeof Reflect.get(prototype, name) !== "function") continue;
      const meter = this;
      this.#wrap(
        prototype,
        name,
        (method) =>
          function counted(this: unknown, ...parameters: unknown[]) {
            const running = this as Running;
            const counts = meter.#countsOf(running, role);
            if (name === "alarm") counts.alarms += 1;
            else counts.calls += 1;
            if (role === "shared" && name !== "alarm") meter.#countOutgoing();
            const run = () => method.apply(running, parameters);
            return role === "task" && name === "longPoll" ? meter.#hold(run) : run();
          },
      );
    }
  }

  /** Counts calls of `fetch` as outgoing requests. */
  watchFetch(scope: object): void {
    this.#before(scope, "fetch", () => this.#countOutgoing());
  }

  /** Counts the requests to a Worker's default export. */
  watchWorker(worker: object): void {
    this.#before(worker, "fetch", () => {
      this.#totals.workerRequests += 1;
    });
  }

  /** Counts the puts of a KV namespace. */
  watchKv(namespace: object): void {
    this.#before(namespace, "put", () => {
      this.#totals.kvPuts += 1;
    });
  }

  read(): Reading {
    const objects = Object.fromEntries([...this.#objects].map(([id, counts]) => [id, { ...counts }]));
    return { objects, ...this.#totals };
  }

  /** Removes all wrappers, except that an object's storage stays wrapped until the object is evicted. */
  stop(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo();
  }

  #countsOf({ ctx }: Running, role: Role): ObjectCounts {
    const id = ctx.id.toString();
    const counts = this.#objects.get(id) ?? { role, rowsWritten: 0, alarms: 0, calls: 0 };
    this.#objects.set(id, counts);
    if (!this.#metered.has(ctx.storage)) {
      this.#metered.add(ctx.storage);
      meterStorage(ctx.storage, counts);
    }
    return counts;
  }

  #countOutgoing(): void {
    this.#totals.outgoing += 1;
    if (this.#held > 0) this.#totals.outgoingWhileHeld += 1;
  }

  /** Simultaneous long polls count once, because the platform bills the time of the object and not of the requests. */
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

  #before(target: object, name: string, count: () => void): void {
    this.#wrap(
      target,
      name,
      (method) =>
        function counted(this: unknown, ...parameters: unknown[]) {
          count();
          return method.apply(this, parameters);
        },
    );
  }

  #wrap(target: object, name: string, wrapper: (method: Method) => Method): void {
    const method = Reflect.get(target, name) as Method;
    const own = Object.hasOwn(target, name);
    if (!Reflect.set(target, name, wrapper(method))) throw new Error(`${name} cannot be wrapped`);
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
  wrap(storage, "put", (_result, [entries]) => countKeys(entries));
  wrap(storage, "delete", (_result, [keys]) => (Array.isArray(keys) ? keys.length : 1));
  wrap(storage, "setAlarm", () => 1);
  wrap(storage, "deleteAlarm", () => 1);
  // Statements run when they are executed, so the number of rows is known before the cursor is read.
  wrap(storage.sql, "exec", (cursor) => (cursor as { readonly rowsWritten: number }).rowsWritten);
  const deleteAll = Reflect.get(storage, "deleteAll") as Method;
  const counted: Method = (...parameters) => {
    counts.rowsWritten += [...storage.kv.list()].length;
    return deleteAll.apply(storage, parameters);
  };
  if (!Reflect.set(storage, "deleteAll", counted)) throw new Error("storage's deleteAll cannot be wrapped");
}

/** The keys of `put(key, value)` or `put({ … })`. */
const countKeys = (entries: unknown): number =>
  typeof entries === "object" && entries !== null ? Object.keys(entries).length : 1;
