// Signatures of Standard Webhooks 1.0, by the reference library. Refuses to sign with no secret.

import { Webhook } from "standardwebhooks";

/** The body and headers of one attempt, ready to be sent as they are. */
export interface SignedWebhook {
  readonly body: string;
  readonly headers: Readonly<Record<"webhook-id" | "webhook-timestamp" | "webhook-signature", string>>;
}

/**
 * Signs `body` with every valid secret (`whsec_…`), newest first, space-separated.
 * @param now ms since the epoch; the header has whole seconds
 * @throws RangeError when there is no secret
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

/** A new signing secret: `whsec_` and standard base64 of 32 random bytes. */
export function newWebhookSecret(random: Uint8Array): string {
  return `whsec_${btoa(String.fromCharCode(...random))}`;
}

/** Bytes of entropy of a signing secret: the 192 to 512 bits that Standard Webhooks asks for, as one SHA-256 block's key. */
export const WEBHOOK_SECRET_BYTES = 32;
