// The gateway's entry in the bench: the deployed bundle, with what a bench must change, by variables of its own:
//
// - Rate limits are counted in memory. On the platform they are counted in the memory of the machine that asks; the local stand-in
//   writes a row to disk for each call instead, which no deployed gateway pays for. They let everything pass, but for creations
//   beyond BENCH_CREATIONS a key, where that is set: no period ends while the bench runs.
// - BENCH_DEFER_ALARMS: each alarm is armed an hour later. What is then seen is accepting alone, as the floor does it.
// - BENCH_SPEED: the objects' clock runs so many times faster, alarms with it. A life of minutes is then counted in seconds.
// - BENCH_METER: what objects do is counted, and told at /__bench/meter.
//
// Nothing else of the bundle or its bindings is replaced.

import { env as variables } from "cloudflare:workers";
import { Meter } from "./counting.js";
import worker, { TaskObject as DeployedTaskObject, TenantObject as DeployedTenantObject } from "./index.js";

/** Alarms are deferred by this (ms): beyond any run of the bench. */
const DEFERRED_BY_MS = variables.BENCH_DEFER_ALARMS === "true" ? 3_600_000 : 0;

const SPEED = Number(variables.BENCH_SPEED ?? "1");

const machineNow = Date.now.bind(Date);
/** Both clocks agree at the first request: before it the platform shows none. */
let beganAt = null;
const origin = () => {
  beganAt ??= machineNow();
  return beganAt;
};
const fast = (at) => origin() + (at - origin()) * SPEED;
/** Rounded up: an alarm that rings before its time would be set once more, and counted twice. */
const real = (at) => Math.ceil(origin() + (at - origin()) / SPEED);
if (SPEED !== 1) Date.now = () => Math.floor(fast(machineNow()));

/** A class whose alarms follow the bench's clock. */
function timed(Deployed, deferredByMs) {
  return class extends Deployed {
    constructor(context, env) {
      if (SPEED !== 1 || deferredByMs !== 0) {
        const { storage } = context;
        const arm = storage.setAlarm.bind(storage);
        const read = storage.getAlarm.bind(storage);
        storage.setAlarm = (at, options) => arm(real(at) + deferredByMs, options);
        storage.getAlarm = async (options) => {
          const at = await read(options);
          return at === null ? null : Math.floor(fast(at - deferredByMs));
        };
      }
      super(context, env);
    }

    alarm(info) {
      return super.alarm(info && { ...info, scheduledTime: Math.floor(fast(info.scheduledTime)) });
    }
  };
}

export const TaskObject = timed(DeployedTaskObject, DEFERRED_BY_MS);
export const TenantObject = timed(DeployedTenantObject, 0);

/** Counts by key, and lets `limit` calls of each pass. */
class MemoryLimit {
  #counts = new Map();
  #limit;

  constructor(limit = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  async limit({ key }) {
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    return { success: count <= this.#limit };
  }
}

const creations = variables.BENCH_CREATIONS;
const limits = {
  CREATE_LIMIT: new MemoryLimit(creations === undefined ? undefined : Number(creations)),
  CALL_LIMIT: new MemoryLimit(),
  AUTH_FAILURE_LIMIT: new MemoryLimit(),
  UNKNOWN_KEY_LIMIT: new MemoryLimit(),
  WEBHOOK_TEST_LIMIT: new MemoryLimit(),
};

const meter = variables.BENCH_METER === "true" ? new Meter() : null;
if (meter !== null) {
  meter.watchObjects(DeployedTaskObject.prototype, "task");
  meter.watchObjects(DeployedTenantObject.prototype, "shared");
  meter.watchFetch(globalThis);
  meter.watchWorker(worker);
  meter.watchKv(Object.getPrototypeOf(variables.DIRECTORY));
}

/** One environment an isolate: the gateway remembers its parsed configuration by it. */
let limited = null;

export default {
  fetch(request, env, context) {
    if (meter !== null && request.url.endsWith("/__bench/meter")) return Response.json(meter.read());
    limited ??= { ...env, ...limits };
    return worker.fetch(request, limited, context);
  },
};
