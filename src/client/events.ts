// The event stream (`GET /v1/stream`) as an async iterator: it reconnects by itself, resumes where it was, and yields each event once.

import { SolvegateError } from "./error.ts";
import { outcomeOf } from "./response.ts";
import { Connection, type StreamHeaders } from "./stream-connection.ts";
import { StreamPosition, type TaskEvent } from "./stream-position.ts";
import { pause } from "./time-limits.ts";
import { type CallOptions, type Transport, withQuery } from "./transport.ts";
import { type WebSocketConstructor, webSocketClass } from "./websocket.ts";

/**
 * An event of the stream: the parsed body of its webhook, and the webhook itself. The signature is not verified here;
 * `verifyWebhook({ ...event, secret })` does that.
 */
export type StreamEvent = TaskEvent & {
  /** The `webhook-id`. */
  id: string;
  headers: StreamHeaders;
  /** The signed text, byte for byte. */
  body: string;
};

export interface EventsOptions extends CallOptions {
  /** Where to begin: RFC 3339 or a Date, at most 5 minutes ago. By default with the events from now on. */
  readonly since?: string | Date | undefined;
  /** The types of events to receive. By default all. */
  readonly events?: readonly StreamEvent["type"][] | undefined;
  /** Called when a connection opens, and when one is lost or could not be opened, with the reason. */
  readonly onConnection?: ((state: "connected" | "reconnecting", reason: string | null) => void) | undefined;
}

/** The longest first pause (ms) before a reconnect; each failure doubles it, up to the maximum. */
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 30_000;

/** After a connection that was open for so long (ms), the next failure counts as the first. */
const STABLE_MS = 5_000;

/** While the gateway responds to other calls, so many attempts are made to open the first connection. */
const MAX_FIRST_ATTEMPTS = 3;

/** Time limit (ms) of the call that finds out why a connection was rejected. */
const CHECK_MS = 10_000;

/**
 * Yields events until `signal` aborts; then it returns.
 * @throws SolvegateError when the gateway rejects the connection (401, 403, 400, and 429 before the first one opened), and when no
 *   connection can be opened although the gateway responds
 * @throws TypeError for an invalid `since`, and on a platform without WebSockets
 */
export async function* streamEvents(
  transport: Transport,
  given: WebSocketConstructor | undefined,
  options: EventsOptions,
): AsyncGenerator<StreamEvent, void, undefined> {
  const { signal, onConnection } = options;
  const { baseUrl, token } = transport.settings;
  // The exception of a WebSocket constructor would quote the key.
  if (!/^[\w.~-]+$/.test(token)) throw new TypeError("apiKey must be an API key: sg_…");
  const aborted = () => signal?.aborted === true;
  const position = new StreamPosition(options.since, Date.now());
  const WebSocket = await webSocketClass(given);
  let everOpen = false;
  for (let failures = 0; !aborted(); ) {
    const path = streamPath(position.since, options.events);
    const connection = new Connection(WebSocket, baseUrl.replace(/^http/, "ws") + path, token, position.hasSeen);
    const close = () => connection.close();
    signal?.addEventListener("abort", close);
    const startedAt = Date.now();
    let opened = false;
    try {
      opened = await connection.opened;
      everOpen ||= opened;
      if (opened) onConnection?.("connected", null);
      for await (const frame of connection.frames()) {
        const event = position.accept(frame);
        if (event !== null) yield { ...event, ...frame };
        if (aborted()) return;
      }
    } finally {
      // Also when the consumer leaves its loop.
      signal?.removeEventListener("abort", close);
      connection.close();
    }
    if (aborted()) return;
    failures = opened && Date.now() - startedAt >= STABLE_MS ? 1 : failures + 1;
    const retryAfterMs = opened
      ? 0
      : await checkRejection(transport, path, connection, everOpen ? null : failures, signal);
    if (aborted()) return;
    onConnection?.("reconnecting", transport.redact(connection.reason));
    const backoffMs = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), MAX_PAUSE_MS) * (0.5 + Math.random() / 2);
    await pause(Math.max(backoffMs, retryAfterMs), signal).catch(() => undefined);
    position.resume();
  }
}

function streamPath(since: string | undefined, events: EventsOptions["events"]): string {
  const types = events === undefined || events.length === 0 ? undefined : events.join(",");
  return withQuery("/v1/stream", { since, events: types });
}

/**
 * For how long (ms) a connection that did not open must at least not be tried again.
 * @param firstFailures failures so far if no connection has opened yet; otherwise null
 * @throws SolvegateError if trying again would not help
 */
async function checkRejection(
  transport: Transport,
  path: string,
  { rejection, reason }: Connection,
  firstFailures: number | null,
  signal: AbortSignal | undefined,
): Promise<number> {
  const expected = { method: "GET", path, idempotent: true, read: () => undefined } as const;
  const redact = (text: string) => transport.redact(text);
  // Where the platform hides the response, a plain request gets it: the gateway rejects that for the same reasons, or with 426.
  const outcome =
    rejection === null
      ? await transport.attempt<never>({ ...expected, signal }, CHECK_MS)
      : outcomeOf<never>(expected, rejection, rejection.body, redact);
  if (outcome.tag === "answer") return 0;
  const { failure, unexpected } = outcome;
  const hopeless = firstFailures !== null && firstFailures >= MAX_FIRST_ATTEMPTS;
  if (failure.error.code === "upgrade_required" && rejection === null) {
    if (!hopeless) return 0;
    throw new SolvegateError(
      "network_error",
      `The event stream could not be opened (${redact(reason)}), although the gateway responds: ` +
        "the tenant has too many connections, or a proxy does not support WebSockets",
    );
  }
  // Once a connection was open, the response of a proxy shows that the gateway is away, and a rate limit passes.
  const first = firstFailures !== null;
  const final = unexpected
    ? hopeless || (first && failure.kind === "final")
    : failure.kind === "final" || (first && failure.kind === "rejected");
  if (final) throw failure.error;
  return failure.retryAfterMs ?? 0;
}
