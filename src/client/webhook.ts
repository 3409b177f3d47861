// Webhooks as a receiver takes them: verified by the standard's reference library, then typed. It stands apart from the client, so
// that a bundle that verifies nothing bears none of it. Refuses to read an event before its signature is good.

import { Webhook } from "standardwebhooks";
import { fieldsOf, parse, readTask } from "./answers.ts";
import { SolvegateError } from "./error.ts";
import type { CanceledTask, FailedTask, SolvedTask, SpentTask } from "./types.ts";

interface EventOf<Type extends string, Data> {
  readonly type: Type;
  /** When the event came about; RFC 3339 in UTC with milliseconds. */
  readonly timestamp: string;
  readonly data: Data;
}

/** A task is ready. Late attempts bear no solution: `data.solutionState` tells. */
export type TaskReadyEvent = EventOf<"task.ready", SolvedTask | SpentTask>;
export type TaskFailedEvent = EventOf<"task.failed", FailedTask>;
export type TaskCanceledEvent = EventOf<"task.canceled", CanceledTask>;
/** Somebody tried the endpoint. */
export type WebhookTestEvent = EventOf<"webhook.test", { readonly tenantId: string }>;

/** An event, by its `type`. A newer gateway may send others: let a `default` take them. */
export type WebhookEvent = TaskReadyEvent | TaskFailedEvent | TaskCanceledEvent | WebhookTestEvent;

/** Headers as `fetch` has them, or as a plain record, such as Node's `request.headers`. */
export type WebhookHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface ReceivedWebhook {
  /** The body as it came, byte for byte: never the JSON of a parsed one. */
  readonly body: string | Uint8Array | ArrayBuffer;
  readonly headers: WebhookHeaders;
  /** `whsec_…`, or several of them while one is being replaced. */
  readonly secret: string | readonly string[];
}

const HEADERS = ["webhook-id", "webhook-timestamp", "webhook-signature"] as const;

/**
 * The event of a webhook whose signature and time are good.
 * @throws SolvegateError `webhook_not_verified` where they are not: answer 400. The time may be 5 minutes off, either way
 * @throws TypeError for what is the receiver's own mistake: no secret, a body that was parsed before
 */
export async function verifyWebhook({ body, headers, secret }: ReceivedWebhook): Promise<WebhookEvent> {
  const webhooks = [secret].flat().map(webhookOf);
  if (webhooks.length === 0) throw new TypeError("secret must be one secret at least");
  const text = textOf(body);
  const signed = Object.fromEntries(HEADERS.map((name) => [name, headerOf(headers, name)]));
  // The library reads the digits that a time begins with, and signs those: what follows them would be believed unsigned.
  if (!/^\d*$/.test(signed["webhook-timestamp"] ?? ""))
    throw notVerified("The timestamp is no whole number of seconds");
  let failure: unknown;
  for (const webhook of webhooks) {
    try {
      webhook.verify(text, signed, { jsonParse: false });
      return eventOf(text);
    } catch (error) {
      if (error instanceof SolvegateError) throw error;
      failure = error;
    }
  }
  throw notVerified(failure instanceof Error ? failure.message : "No matching signature found", failure);
}

const notVerified = (words: string, cause?: unknown) => new SolvegateError("webhook_not_verified", words, { cause });

function webhookOf(secret: unknown): Webhook {
  try {
    if (typeof secret === "string") return new Webhook(secret.trim());
  } catch {
    // Told below, without a word of the secret.
  }
  throw new TypeError("secret must be the tenant's webhook secret: whsec_ and base64");
}

function textOf(body: unknown): string {
  if (typeof body === "string") return body;
  if (!(body instanceof Uint8Array) && !(body instanceof ArrayBuffer)) {
    throw new TypeError(
      "body must be the raw body, as text or bytes: a parsed one no longer has the bytes that were signed",
    );
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

function eventOf(text: string): WebhookEvent {
  const event = parse(text);
  const { type, data } = fieldsOf(event) ?? {};
  const known = typeof type === "string" && (type.startsWith("task.") ? readTask(data) : fieldsOf(data)) !== undefined;
  if (!known) throw notVerified("The webhook is signed, and is no event of a gateway");
  return event as WebhookEvent;
}
