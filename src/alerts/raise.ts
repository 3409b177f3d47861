// Raises operator alerts.

import type { Env } from "../env.ts";
import { configurationOf } from "../env.ts";
import { describeError, log } from "../log.ts";
import type { Alert } from "./alerts.ts";
import type { AlertObject } from "./object.ts";

const OBJECT_NAME = "alerts";

/** Alerts that are logged at level error instead of warn. */
const URGENT: ReadonlySet<Alert["type"]> = new Set(["upstream.refused", "upstream.exhausted", "task.internal_error"]);

/** Raises an alert in the background. Does not throw, because an alert must not affect the operation that it reports. */
export function raiseAlert(env: Pick<Env, "ALERTS">, alert: Alert): void {
  sendAlert(env, alert).catch((error: unknown) => {
    log("warn", "alert_unsent", { type: alert.type, ...describeError(error) });
  });
}

/**
 * Logs an alert and, if ALERT_WEBHOOK_URL is set, passes it to the AlertObject.
 * @throws if the call to the object fails
 */
export async function sendAlert(env: Pick<Env, "ALERTS">, alert: Alert): Promise<void> {
  logAlert(alert);
  if (configurationOf(env).alertWebhook === null) return;
  await alertObject(env).raise(alert);
}

/** A stub of the only AlertObject. Create one for each call, because a stub is broken once its object was reset. */
export function alertObject({ ALERTS }: Pick<Env, "ALERTS">): DurableObjectStub<AlertObject> {
  return ALERTS.get(ALERTS.idFromName(OBJECT_NAME));
}

function logAlert({ type, data }: Alert): void {
  const fields = Object.entries(data).map(([key, value]) => [key, Array.isArray(value) ? value.join(", ") : value]);
  log(URGENT.has(type) ? "error" : "warn", "alert", { type, ...Object.fromEntries(fields) });
}
