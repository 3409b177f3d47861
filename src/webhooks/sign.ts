// Signs webhooks (Standard Webhooks 1.0).

import { Webhook } from "standardwebhooks";

/** The signed body and headers of an attempt. */
export interface SignedWebhook {
  readonly body: string;
  readonly headers: Readonly<Record<"webhook-id" | "webhook-timestamp" | "webhook-signature", string>>;
}

/**
 * Signs `body` with every valid secret (`whsec_…`), newest first.
 * @param now the time of the attempt, in ms since the epoch
 * @throws RangeError if there is no secret
 */
export function signWebhook(id: string, body: string, secrets: readonly string[], now: number): SignedWebhook {
  if (secrets.length === 0) throw new RangeError("a webhook needs at least one secret");
  const seconds = Math.floor(now / 1_000);
  const at = new Date(seconds * 1_000);
  const signatures = secrets.map((secret) => new Webhook(secret).sign(id, at, body));
  return {
    body,
    headers: {
      "webhook-id": id,
      "webhook-timestamp": String(seconds),
      "webhook-signature": signatures.join(" "),
    },
  };
}

/** Creates a signing secret from `WEBHOOK_SECRET_BYTES` random bytes. */
export function newWebhookSecret(random: Uint8Array): string {
  return `whsec_${btoa(String.fromCharCode(...random))}`;
}

/** The size of a signing secret, in bytes. Standard Webhooks recommends 24 to 64. */
export const WEBHOOK_SECRET_BYTES = 32;
