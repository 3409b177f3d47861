// The stage of a round: a fresh gateway with tenants and keys, or a fresh floor, each with a way to send it one task. A round begins
// with empty storage, so that none pays for the tasks that rounds before it have left waiting.

import type { Bundle } from "./build.ts";
import type { Send } from "./load.ts";
import { Caller, sendByClients } from "./load.ts";
import type { RunningWorker, Variables } from "./runtime.ts";
import { ADMIN_TOKEN, startFloor, startGateway } from "./runtime.ts";

/** Requests before anything is counted, and the clients that send them: the isolate has compiled what it runs, and reads no KV. */
const WARM_UP = { clients: 8, count: 120 } as const;

/** A task that upstream never solves: what goes on behind it is the same for each. */
const NEVER_TASK = JSON.stringify({
  task: {
    type: "RecaptchaV3TaskProxyless",
    websiteURL: "https://antcpt.com/score_detector",
    websiteKey: "sandbox-never",
    pageAction: "homepage",
    websiteTitle: "Score detector for reCAPTCHA v3",
  },
  timeoutSeconds: 300,
});

/** One Worker in one round. */
export interface Side {
  readonly worker: RunningWorker;
  /** One task of the tenant, accepted or over its limit; a side has two tenants, who share nothing but the Worker. */
  readonly send: readonly [Send, Send];
  close(): Promise<void>;
}

/** In-flight slots of a tenant of the bench: more than any stage has tasks. */
const MAX_IN_FLIGHT = 10_000;

/** Makes a tenant with a key on a gateway, and a caller that holds the key. */
export async function makeCaller(
  worker: RunningWorker,
  tenantId: string,
  mode: "test" | "live" = "test",
): Promise<Caller> {
  const operator = new Caller(worker.url, { authorization: `Bearer ${ADMIN_TOKEN}` });
  const limits = { maxInFlight: MAX_IN_FLIGHT };
  const tenant = { id: tenantId, name: tenantId, allowedHosts: ["antcpt.com"], limits };
  await operator.send("POST", "/admin/tenants", [201], JSON.stringify(tenant));
  const path = `/admin/tenants/${tenantId}/keys`;
  const { body } = await operator.send("POST", path, [201], JSON.stringify({ name: "bench", mode }));
  operator.close();
  const { key } = JSON.parse(body) as { key: string };
  return new Caller(worker.url, { authorization: `Bearer ${key}` });
}

/** A warm gateway with two tenants, under variables of the bench's entry. */
export async function setGateway(bundle: Pick<Bundle, "script" | "texts">, variables: Variables): Promise<Side> {
  const worker = await startGateway(bundle, variables);
  const callers = [await makeCaller(worker, "tenant-a"), await makeCaller(worker, "tenant-b")] as const;
  return warm(worker, callers, "/v1/tasks");
}

/** A warm floor; its two tenants are two callers with connections of their own. */
export async function setFloor(script?: string): Promise<Side> {
  const worker = await startFloor(script);
  return warm(worker, [new Caller(worker.url), new Caller(worker.url)], "/");
}

async function warm(worker: RunningWorker, callers: readonly [Caller, Caller], path: string): Promise<Side> {
  const sendOf = (caller: Caller) => () => caller.send("POST", path, [202, 429], NEVER_TASK);
  const send = [sendOf(callers[0]), sendOf(callers[1])] as const;
  for (const one of send) await sendByClients(WARM_UP.clients, WARM_UP.count, one);
  return {
    worker,
    send,
    close: async () => {
      for (const caller of callers) caller.close();
      await worker.stop();
    },
  };
}
