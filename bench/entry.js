// The gateway's entry in the bench: the deployed bundle without rate limits. On the platform, rate limits are counted in memory, and the local
// implementation would write a row to disk for each call. Variables change more, each for one measurement:
//
// BENCH_DEFER_ALARMS: the alarms of tasks are set an hour later and their first steps do not run, so that tasks are only accepted.
// BENCH_FAR_MS: the delay (ms) of each call from a task's object to its tenant's object. /__bench/calls lists these calls and the
//   webhook attempts, in the order in which they were started.
// BENCH_SPEED: the factor by which the objects' clock and alarms run faster.
// BENCH_METER: counts rows, alarms and calls for /__bench/meter.
// BENCH_TIMES: measures the methods of tenants' objects for /__bench/times. /__bench/fill fills a ledger.

import { env as variables } from "cloudflare:workers";
import * as deployed from "./index.js";
import { fillLedger } from "./ledger-rows.js";
import { Meter } from "./meter.js";

export * from "./index.js";

const DEFERRED_BY_MS = variables.BENCH_DEFER_ALARMS === "true" ? 3_600_000 : 0;
const FAR_MS = Number(variables.BENCH_FAR_MS ?? "-1");
const SPEED = Number(variables.BENCH_SPEED ?? "1");

const machineNow = Date.now.bind(Date);
/** When both clocks agree: at the first request, because the platform has no clock before that. */
let startedAt = null;
const origin = () => {
  startedAt ??= machineNow();
  return startedAt;
};
const toFast = (at) => Math.floor(origin() + (at - origin()) * SPEED);
/** Rounded up, because an alarm that fires too early would be set again and counted twice. */
const toReal = (at) => Math.ceil(origin() + (at - origin()) / SPEED);
if (SPEED !== 1) Date.now = () => toFast(machineNow());

/** Derives a class whose alarms use the bench's clock. */
function timed(Deployed, deferredByMs) {
  if (SPEED === 1 && deferredByMs === 0) return Deployed;
  return class extends Deployed {
    constructor(context, env) {
      const { storage } = context;
      const setAlarm = storage.setAlarm.bind(storage);
      const getAlarm = storage.getAlarm.bind(storage);
      storage.setAlarm = (at, options) => setAlarm(toReal(at) + deferredByMs, options);
      storage.getAlarm = async (options) => {
        const at = await getAlarm(options);
        return at === null ? null : toFast(at - deferredByMs);
      };
      super(context, env);
      if (deferredByMs > 0) this.state.afterAnswer = async () => undefined;
    }

    alarm(info) {
      return super.alarm(info && { ...info, scheduledTime: toFast(info.scheduledTime) });
    }
  };
}

/** Calls from task objects to tenant objects. */
const farCalls = [];

if (FAR_MS >= 0) {
  const send = globalThis.fetch;
  globalThis.fetch = (request, init) => {
    const webhookId = request instanceof Request ? request.headers.get("webhook-id") : null;
    if (webhookId !== null)
      farCalls.push({ taskId: webhookId.slice("msg_".length), method: "webhook", at: Date.now() });
    return send(request, init);
  };
}

/** Wraps a namespace so that each call from the task takes BENCH_FAR_MS longer. */
function far(namespace, taskId) {
  const callable = (stub) =>
    new Proxy(stub, {
      get: (target, method) => {
        if (method === "then") return undefined;
        return async (...parameters) => {
          farCalls.push({ taskId, method, at: Date.now() });
          await scheduler.wait(FAR_MS);
          return target[method](...parameters);
        };
      },
    });
  return new Proxy(namespace, {
    get: (target, name) => {
      const member = target[name];
      if (typeof member !== "function") return member;
      if (name === "get" || name === "getByName") return (...parameters) => callable(target[name](...parameters));
      return member.bind(target);
    },
  });
}

const TimedTaskObject = timed(deployed.TaskObject, DEFERRED_BY_MS);
export const TaskObject =
  FAR_MS < 0
    ? TimedTaskObject
    : class extends TimedTaskObject {
        constructor(context, env) {
          super(context, { ...env, TENANTS: far(env.TENANTS, context.id.toString()) });
        }
      };

/** The duration (ms) of each call of a tenant's object. */
const times = [];

/** Reads the clock after a pause, because it stands still while code runs. */
async function tick() {
  await scheduler.wait(1);
  return machineNow();
}

class MeasuredTenantObject extends deployed.TenantObject {
  fillLedger(rows) {
    return fillLedger(this.ctx.storage.sql, rows);
  }

  /** Evicts the object, so that its data is loaded again. */
  reload() {
    this.ctx.abort("reload");
  }
}
if (variables.BENCH_TIMES === "true") {
  for (const name of Object.getOwnPropertyNames(deployed.TenantObject.prototype)) {
    const method = deployed.TenantObject.prototype[name];
    if (name === "constructor" || name === "alarm" || typeof method !== "function") continue;
    MeasuredTenantObject.prototype[name] = async function (...parameters) {
      const before = await tick();
      const overheadMs = (await tick()) - before;
      const calledAt = await tick();
      const result = await method.apply(this, parameters);
      times.push({ method: name, ms: (await tick()) - calledAt - overheadMs });
      return result;
    };
  }
}
export const TenantObject = variables.BENCH_TIMES === "true" ? MeasuredTenantObject : timed(deployed.TenantObject, 0);

const meter = variables.BENCH_METER === "true" ? new Meter() : null;
if (meter !== null) {
  for (const [name, exported] of Object.entries(deployed)) {
    if (/Object$/.test(name)) meter.watchObjects(exported.prototype, name === "TaskObject" ? "task" : "shared");
  }
  meter.watchFetch(globalThis);
  meter.watchWorker(deployed.default);
  meter.watchKv(Object.getPrototypeOf(variables.DIRECTORY));
}

async function bench(request, env) {
  const { pathname, searchParams } = new URL(request.url);
  const tenant = () => env.TENANTS.get(env.TENANTS.idFromName(searchParams.get("tenant")));
  switch (pathname) {
    case "/__bench/meter":
      return Response.json(meter.read());
    case "/__bench/calls":
      return Response.json(farCalls);
    case "/__bench/times":
      return Response.json(times.splice(0));
    case "/__bench/fill":
      await tenant().fillLedger(Number(searchParams.get("rows")));
      await tenant()
        .reload()
        .catch(() => undefined);
      return Response.json({});
  }
}

const noLimit = { limit: async () => ({ success: true }) };

/** One environment for each isolate, because the gateway caches the parsed configuration by environment. */
let unlimited = null;

export default {
  async fetch(request, env, context) {
    if (request.url.includes("/__bench/")) return bench(request, env);
    unlimited ??= { ...env, ...Object.fromEntries(env.BENCH_LIMITS.map((name) => [name, noLimit])) };
    return deployed.default.fetch(request, unlimited, context);
  },
};
