// Operator alerts: the environment of a gateway that sends them, the alerts that were sent, and the storage of the AlertObject.

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Webhook } from "standardwebhooks";
import type { Alert } from "../../src/alerts/alerts.ts";
import { alertSchema } from "../../src/alerts/alerts.ts";
import type { AlertObject } from "../../src/alerts/object.ts";
import { alertObject } from "../../src/alerts/raise.ts";
import { setEnvironment } from "./objects.ts";
import type { Outside } from "./upstream.ts";
import { ALERTS_URL } from "./upstream.ts";

const ALERT_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/** The environment of a gateway that sends alerts. */
export const WITH_ALERTS = { ...env, ALERT_WEBHOOK_URL: ALERTS_URL, ALERT_WEBHOOK_SECRET: ALERT_SECRET };

/** A new stub of the AlertObject, in an environment that sends alerts. Call it again after an eviction. */
export async function sendingAlerts(): Promise<DurableObjectStub<AlertObject>> {
  const stub = alertObject(env);
  await setEnvironment(stub, WITH_ALERTS);
  return stub;
}

/** The alerts that the receiver was sent, oldest first, each with its time (ms). Throws where a signature is wrong. */
export function sentAlerts({ alerts }: Outside): (Alert & { readonly at: number; readonly id: string | null })[] {
  return alerts.map(({ headers, body, at }) => {
    const names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    const signed = Object.fromEntries(names.map((name) => [name, headers.get(name) ?? ""]));
    // The tests' clock stands years ahead of the library's: only the signature is checked here.
    const expected = new Webhook(ALERT_SECRET).sign(
      signed["webhook-id"] ?? "",
      new Date(Number(signed["webhook-timestamp"]) * 1_000),
      JSON.stringify(body),
    );
    if (signed["webhook-signature"] !== expected) throw new Error("the signature is wrong");
    return { ...alertSchema.parse(body), at, id: headers.get("webhook-id") };
  });
}

/** The storage keys of the object. */
export function storedAlerts(): Promise<string[]> {
  return runInDurableObject(alertObject(env), (_object, { storage }) => [...storage.kv.list()].map(([key]) => key));
}
