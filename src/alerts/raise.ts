// Raising operator alerts: the one call that the rest of the gateway makes. It hands the alert to the AlertObject, which sends it.

import type { Env } from "../env.ts";
import { configurationOf } from "../env.ts";
import { describeError, log } from "../log.ts";
import type { Alert } from "./alerts.ts";
import type { AlertObject } from "./object.ts";

/** The name of the one AlertObject. */
const OBJECT_NAME = "alerts";

/** Alerts that are logged at error; the others at warn. */
const URGENT: ReadonlySet<Alert["type"]> = new Set(["upstream.refused", "upstream.exhausted", "task.internal_error"]);

/** Raises an alert. Never awaited and never throws: an alert must not delay or fail what it reports. */
export function raiseAlert(env: Pick<Env, "ALERTS">, alert: Alert): void {
  sendAlert(env, alert).catch((error: unknown) => {
    log("warn", "alert_unsent", { type: alert.type, ...describeError(error) });
  });
}

/**
 * Logs an alert and, where alerts are sent somewhere, hands it to the AlertObject.
 * @throws what the call to the object throws
 */
export async function sendAlert(env: Pick<Env, "ALERTS">, alert: Alert): Promise<void> {
  logAlert(alert);
  if (configurationOf(env).alertWebhook === null) return;
  await alertObject(env).raise(alert);
}

/** The one AlertObject. A fresh stub for each call: a stub whose object was lost stays broken. */
export function alertObject({ ALERTS }: Pick<Env, "ALERTS">): DurableObjectStub<AlertObject> {
  return ALERTS.get(ALERTS.idFromName(OBJECT_NAME));
}

function logAlert({ type, data }: Alert): void {
  const fields = Object.entries(data).map(([key, value]) => [key, Array.isArray(value) ? value.join(", ") : value]);
  log(URGENT.has(type) ? "error" : "warn", "alert", { type, ...Object.fromEntries(fields) });
}
