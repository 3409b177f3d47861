// Verifies webhooks with the reference library of Standard Webhooks. It is independent of the client, so that a bundle that does not
// verify webhooks does not contain the library.

import { Webhook } from "standardwebhooks";
import { SolvegateError } from "./error.ts";
import { readEvent, type WebhookEvent } from "./webhook-events.ts";

/** Headers as `fetch` has them, or a plain record such as Node's `request.headers`. */
export type WebhookHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface ReceivedWebhook {
  /** The raw body, byte for byte. A body that was parsed and serialized again has other bytes. */
  readonly body: string | Uint8Array | ArrayBuffer;
  readonly headers: WebhookHeaders;
  /** `whsec_…`, or several of them during a rotation. */
  readonly secret: string | readonly string[];
}

const HEADERS = ["webhook-id", "webhook-timestamp", "webhook-signature"] as const;

/**
 * The event of a webhook with a valid signature and a timestamp at most 5 minutes off.
 * @throws SolvegateError `webhook_not_verified` for any other webhook: respond with 400
 * @throws TypeError for mistakes of the receiver: no secret, or a body that was parsed before
 */
export async function verifyWebhook({ body, headers, secret }: ReceivedWebhook): Promise<WebhookEvent> {
  const webhooks = [secret].flat().map(webhookOf);
  if (webhooks.length === 0) throw new TypeError("secret must be at least one secret");
  const text = textOf(body);
  const signed = Object.fromEntries(HEADERS.map((name) => [name, headerOf(headers, name)]));
  // The library parses leading digits only, and signs what it parsed: anything behind them would be trusted unsigned.
  if (!/^\d*$/.test(signed["webhook-timestamp"] ?? "")) throw notVerified("The timestamp is not in whole seconds");
  let failure: unknown;
  for (const webhook of webhooks) {
    try {
      webhook.verify(text, signed, { jsonParse: false });
      return parseEvent(text);
    } catch (error) {
      if (error instanceof SolvegateError) throw error;
      failure = error;
    }
  }
  throw notVerified(failure instanceof Error ? failure.message : "No matching signature found", failure);
}

const notVerified = (detail: string, cause?: unknown) => new SolvegateError("webhook_not_verified", detail, { cause });

function webhookOf(secret: unknown): Webhook {
  try {
    if (typeof secret === "string") return new Webhook(secret.trim());
  } catch {
    // Reported below, without the secret.
  }
  throw new TypeError("secret must be a webhook secret: whsec_ and base64");
}

function textOf(body: unknown): string {
  if (typeof body === "string") return body;
  if (!(body instanceof Uint8Array) && !(body instanceof ArrayBuffer)) {
    throw new TypeError("body must be the raw body, as text or bytes: a parsed body no longer has the signed bytes");
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch (cause) {
    throw notVerified("The body is not UTF-8", cause);
  }
}

function headerOf(headers: WebhookHeaders, name: string): string {
  if (hasGet(headers)) return headers.get(name) ?? "";
  const value = Object.entries(headers).find(([one]) => one.toLowerCase() === name)?.[1];
  return typeof value === "string" ? value : (value?.join(" ") ?? "");
}

function hasGet(headers: WebhookHeaders): headers is { get(name: string): string | null } {
  return typeof headers.get === "function";
}

function parseEvent(text: string): WebhookEvent {
  const event = readEvent(text);
  if (event === undefined) throw notVerified("The webhook is signed, but is not an event of a gateway");
  return event;
}
