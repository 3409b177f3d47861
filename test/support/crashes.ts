// Crashes a task's object at a chosen await. Every call out of the object (to storage, KV, its tenant, the outside) is intercepted, and
// the chosen one never returns. Then the object is aborted, which keeps what it wrote, as in a crash.

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import type { TaskObject } from "../../src/tasks/object.ts";
import type { TaskOrigin } from "../../src/tenants/incarnation.ts";
import type { KeyMode } from "../../src/tenants/keys.ts";
import type { AdmissionRequest, DeliveryState, TaskOutcome } from "../../src/tenants/ledger.ts";
import type { TaskStub } from "./objects.ts";
import { again, setEnvironment } from "./objects.ts";
import { crash, eventually } from "./time.ts";

/** The awaits of a task's object. */
export type AwaitName =
  | "load"
  | "admit"
  | "breaker"
  | "createTask"
  | "getTaskResult"
  | "reportOutcome"
  | "webhook"
  | "webhookSettings"
  | "recordDeliveryState"
  | "deleteAll";

/** `before`: the call was not made. `out`: it had its effect, and its answer is lost. `after`: at the next call. */
export type Moment = "before" | "out" | "after";

/** Where the object crashes: at the `nth` await of a name, and before, during or after it. */
export interface CrashPoint {
  readonly name: AwaitName;
  readonly nth: number;
  readonly moment: Moment;
}

type CrashState = { crashing: boolean; due: boolean };

/** Blocks until the object is aborted, which also ends the timer. */
async function waitForCrash(state: CrashState): Promise<never> {
  state.crashing = true;
  await eventually(() => false);
  throw new Error("the object did not crash");
}

/** Intercepts the object's outgoing calls, and crashes it at one of them. */
export class CrashInjector {
  readonly #point: CrashPoint;
  readonly #calls = new Map<AwaitName, number>();
  readonly #watched = new WeakSet<DurableObjectStorage>();
  #acting = false;
  readonly #state: CrashState = { crashing: false, due: false };
  /** How often the object has crashed. */
  crashes = 0;

  constructor(point: CrashPoint) {
    this.#point = point;
    this.#watchFetch();
  }

  /** Runs work on an object. True if it crashed; the caller must then continue with `again(stub)`. */
  async run(stub: TaskStub, act: (object: TaskObject) => Promise<unknown>): Promise<boolean> {
    await setEnvironment(stub, this.#environment());
    let done = false;
    const acting = runInDurableObject<TaskObject, void>(stub, async (object, state) => {
      this.#watchStorage(state.storage);
      this.#acting = true;
      await act(object);
    }).then(
      () => null,
      (error: unknown) => error,
    );
    void acting.then(() => {
      this.#acting = false;
      done = true;
    });
    await eventually(() => done || this.#state.crashing);
    if (!this.#state.crashing && !this.#state.due) {
      const error = await acting;
      if (error !== null) throw error;
      return false;
    }
    await crash(stub);
    await acting;
    this.#state.crashing = false;
    this.#state.due = false;
    this.crashes += 1;
    return true;
  }

  async #around<T>(name: AwaitName, call: () => Promise<T>): Promise<T> {
    const nth = (this.#calls.get(name) ?? 0) + 1;
    this.#calls.set(name, nth);
    const { moment, ...chosen } = this.#point;
    const here = name === chosen.name && nth === chosen.nth;
    if (this.#state.due || (here && moment === "before")) return waitForCrash(this.#state);
    const result = await call();
    if (here && moment === "out") return waitForCrash(this.#state);
    if (here) this.#state.due = true;
    return result;
  }

  #environment(): object {
    const directory = {
      get: (key: string) => this.#around("breaker", () => env.DIRECTORY.get(key, { type: "json" })),
      put: (key: string, value: string) => env.DIRECTORY.put(key, value),
      delete: (key: string) => env.DIRECTORY.delete(key),
    };
    const tenants = {
      idFromName: (name: string) => env.TENANTS.idFromName(name),
      get: (id: DurableObjectId) => {
        const tenant = env.TENANTS.get(id);
        return {
          admit: (request: AdmissionRequest) => this.#around("admit", async () => tenant.admit(request)),
          reportOutcome: (outcomeReport: TaskOutcome, mayWait: boolean) =>
            this.#around("reportOutcome", async () => tenant.reportOutcome(outcomeReport, mayWait)),
          webhookSettings: (origin: TaskOrigin, mode: KeyMode) =>
            this.#around("webhookSettings", async () => tenant.webhookSettings(origin, mode)),
          recordDeliveryState: (note: DeliveryState) =>
            this.#around("recordDeliveryState", async () => tenant.recordDeliveryState(note)),
        };
      },
    };
    return { ...env, DIRECTORY: directory, TENANTS: tenants };
  }

  /** Puts own methods over the runtime's: the object keeps a reference to its storage from its construction on. */
  #watchStorage(storage: DurableObjectStorage): void {
    if (this.#watched.has(storage)) return;
    this.#watched.add(storage);
    const [getAlarm, deleteAll] = [storage.getAlarm.bind(storage), storage.deleteAll.bind(storage)];
    Object.assign(storage, {
      // Tests read the alarm too, while the object does nothing.
      getAlarm: () => (this.#acting ? this.#around("load", () => getAlarm()) : getAlarm()),
      deleteAll: () => this.#around("deleteAll", () => deleteAll()),
    });
  }

  #watchFetch(): void {
    const outside = globalThis.fetch;
    vi.stubGlobal("fetch", (request: Request) => {
      const call = new URL(request.url).pathname.slice(1);
      const name = call === "createTask" || call === "getTaskResult" ? call : "webhook";
      return this.#around(name, () => outside(request));
    });
  }
}

/** Restores the alarm whose handler crashed, as the platform retries it, unless another was set. */
export async function restoreAlarm(stub: TaskStub, at: number): Promise<void> {
  await runInDurableObject(again(stub), async (_object, { storage }) => {
    if ((await storage.getAlarm()) === null) await storage.setAlarm(at);
  });
}
