// `solvegate listen`: receives events, forwards them in order and prints what came of each.

import { WebSocket } from "ws";
import { SolvegateError } from "../error.ts";
import type { StreamEvent } from "../events.ts";
import { Solvegate } from "../solvegate.ts";
import { pause } from "../time-limits.ts";
import type { CurrentKey } from "../types.ts";
import { type Forwarded, forward } from "./forward.ts";
import type { ListenOptions } from "./options.ts";

/** Where lines are printed. */
export interface Output {
  /** Events. */
  readonly event: (line: string) => void;
  /** Everything else. */
  readonly note: (line: string) => void;
}

/** For how long (s) the first calls are retried: a gateway that is away is reported soon. */
const RETRY_S = 5;

/** `ws` shows the response of a gateway that rejects the connection, which Node's own class hides. */
class StreamSocket extends WebSocket {
  constructor(url: string, protocols: string[]) {
    super(url, protocols, { perMessageDeflate: false });
  }
}

/** Events at the receiver at a time. */
const MAX_IN_FLIGHT = 8;

/** The next event waits so long (ms) for the response to the one before it: a receiver in good order gets them in order. */
const ORDER_MS = 1_000;

/**
 * Listens until `signal` aborts.
 * @throws SolvegateError when the gateway rejects the key or cannot be reached at the start
 */
export async function listen(
  options: ListenOptions,
  version: string,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const { url: baseUrl, apiKey, forwardTo } = options;
  const solvegate = new Solvegate({ baseUrl, apiKey, retrySeconds: RETRY_S, WebSocket: StreamSocket });
  const key = await solvegate.keys.current({ signal });
  output.note(`Solvegate ${baseUrl}: ${key.mode} events of ${key.tenantId}`);
  output.note(`Signing secret: ${await describeSecret(solvegate, key, signal)}`);
  output.note(
    forwardTo === null ? "Events are printed; --forward-to sends them to a receiver" : `Forwarding to ${forwardTo}`,
  );

  const inFlight = new Set<Promise<void>>();
  const handle = async (event: StreamEvent) => {
    const forwarded =
      forwardTo === null ? null : await forward(forwardTo, event, `solvegate-listen/${version}`, signal);
    if (!signal.aborted) output.event(options.json ? jsonLine(event, forwarded) : textLine(event, forwarded));
  };
  const onConnection = (state: "connected" | "reconnecting", reason: string | null) =>
    output.note(state === "connected" ? "Connected. Ctrl-C ends" : `Connection lost (${reason}), reconnecting`);
  for await (const event of solvegate.events({ signal, events: options.events, onConnection })) {
    while (inFlight.size >= MAX_IN_FLIGHT) await Promise.race(inFlight);
    const handled = handle(event).finally(() => inFlight.delete(handled));
    inFlight.add(handled);
    await Promise.race([handled, pause(ORDER_MS, signal).catch(() => undefined)]);
  }
  await Promise.all(inFlight);
}

/** The secret that signs the events, or why it is not shown. */
async function describeSecret(solvegate: Solvegate, key: CurrentKey, signal: AbortSignal): Promise<string> {
  if (!key.scopes.includes("account:write")) return "not shown, the API key lacks the scope account:write";
  try {
    return (await solvegate.webhook.secret({ signal })).secret;
  } catch (error) {
    if (!(error instanceof SolvegateError)) throw error;
    return `not shown (${error.code})`;
  }
}

function textLine(event: StreamEvent, forwarded: Forwarded | null): string {
  const time = new Date().toTimeString().slice(0, 8);
  const { id, error } = event.data;
  const line = `${time}  ${event.type.padEnd(13)}  ${id}${error === null ? "" : `  ${error.code}`}`;
  if (forwarded === null) return line;
  const { status, durationMs, error: failure } = forwarded;
  return `${line}  -> ${[status, failure].filter((part) => part !== null).join(", ")} (${durationMs} ms)`;
}

function jsonLine(event: StreamEvent, forwarded: Forwarded | null): string {
  const { id, headers: _headers, body: _body, ...parsed } = event;
  return JSON.stringify({ id, type: event.type, taskId: event.data.id, forwarded, event: parsed });
}
