// The gateway's entry in the bench: the deployed bundle, with rate limits counted in memory. On the platform they are counted in
// the memory of the machine that asks; the local stand-in writes a row to disk for each call instead, which no deployed gateway
// pays for. With BENCH_DEFER_ALARMS each alarm is armed an hour later: what is then seen is accepting alone, as the floor does it.
// Nothing else of the bundle or its bindings is replaced.

import worker, { TaskObject as DeployedTaskObject, TenantObject } from "./index.js";

export { TenantObject };

/** Alarms are deferred by this (ms): beyond any run of the bench. */
const DEFERRED_BY_MS = 3_600_000;

export class TaskObject extends DeployedTaskObject {
  constructor(context, env) {
    super(context, env);
    if (env.BENCH_DEFER_ALARMS !== "true") return;
    const { storage } = context;
    const arm = storage.setAlarm.bind(storage);
    storage.setAlarm = (at, options) => arm(at + DEFERRED_BY_MS, options);
  }
}

/** Counts and lets everything pass: the bench must never meet a limit. */
class MemoryLimit {
  #counts = new Map();

  async limit({ key }) {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    return { success: true };
  }
}

const limits = {
  CREATE_LIMIT: new MemoryLimit(),
  CALL_LIMIT: new MemoryLimit(),
  AUTH_FAILURE_LIMIT: new MemoryLimit(),
};

/** One environment an isolate: the gateway remembers its parsed configuration by it. */
let limited = null;

export default {
  fetch(request, env, context) {
    limited ??= { ...env, ...limits };
    return worker.fetch(request, limited, context);
  },
};
