// Calls of the gateway over HTTP: attempts, retries and time limits. It never follows a redirect (the key would be sent along, and a
// POST would become a GET), and no error contains the key.

import { type Answer, type Expected, networkFailure, type Outcome, outcomeOf, readBody } from "./response.ts";
import { MIN_ATTEMPT_MS, pauseAfter } from "./retry.ts";
import { pause, withTimeLimit } from "./time-limits.ts";

/** What the client needs of a `fetch`. */
export type Fetch = (
  url: string,
  init: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly body?: string;
    readonly redirect: "manual";
    readonly signal: AbortSignal;
  },
) => Promise<Response>;

/** How the gateway is called. */
export interface TransportSettings {
  /** Without a trailing slash. */
  readonly baseUrl: string;
  /** An API key or the admin token. */
  readonly token: string;
  readonly fetch: Fetch;
  /** Time limit of one attempt, beside the time of a long poll. */
  readonly attemptMs: number;
  /** For how long a call without a deadline of its own is retried; 0 for no retries. */
  readonly retryMs: number;
}

/** The state of a call's attempts while it runs. */
export interface AttemptState {
  inFlight: boolean;
  /** Whether an attempt failed that may have been executed. */
  uncertain: boolean;
}

export interface Call<T> extends Expected<T> {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** JSON text: every attempt sends the same bytes. */
  readonly body?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  /** For how long (s) the gateway may hold the response (`Prefer: wait`), given the time that remains. */
  readonly holdSeconds?: ((remainingMs: number) => number) | undefined;
  /** Ms since the epoch. */
  readonly deadline?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly attempts?: AttemptState | undefined;
}

/** What every call of the client accepts. */
export interface CallOptions {
  /** Ends the call, which then throws the signal's reason. The gateway may still execute it. */
  readonly signal?: AbortSignal | undefined;
}

interface SendOptions extends CallOptions {
  /** Sent as JSON. */
  readonly body?: object | undefined;
  readonly idempotent?: boolean;
}

/**
 * For how long (ms) responses that are not a gateway's are retried, one after another. A proxy can send them for a moment while a
 * task runs behind it; a wrong base URL sends nothing else.
 */
const UNEXPECTED_RETRY_MS = 30_000;

const REDACTED = "[redacted]";

export class Transport {
  readonly #settings: TransportSettings;

  constructor(settings: TransportSettings) {
    this.#settings = settings;
  }

  get settings(): TransportSettings {
    return this.#settings;
  }

  /** The value of a call, for calls that need nothing else of the response. */
  async value<T>(call: Call<T>): Promise<T> {
    return (await this.call(call)).value;
  }

  /** The value of a GET. The options beside the signal are its query parameters. */
  get<T>(path: string, read: Call<T>["read"], { signal, ...query }: CallOptions = {}): Promise<T> {
    return this.value({ method: "GET", path: withQuery(path, query), idempotent: true, read, signal });
  }

  /** The value of a call that changes something. After a lost response it is retried only if it is `idempotent`. */
  send<T>(
    method: "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    read: Call<T>["read"],
    { body, idempotent = false, signal }: SendOptions,
  ): Promise<T> {
    return this.value({ method, path, body: JSON.stringify(body), idempotent, read, signal });
  }

  /**
   * Makes a call, and retries it where that is safe and can help, until its deadline.
   * @throws TypeError for a request that the platform cannot build
   * @throws SolvegateError if it was rejected or got no response; the signal's reason when that aborts
   */
  async call<T>(call: Call<T>): Promise<Answer<T>> {
    const { signal, attempts, idempotent } = call;
    const { baseUrl, retryMs } = this.#settings;
    signal?.throwIfAborted();
    // A request that cannot be built throws here. `fetch` would report it like a network error, and it would be retried.
    new Request(baseUrl + call.path, this.#initOf(call, 0));
    const heldMs = (call.holdSeconds?.(Number.POSITIVE_INFINITY) ?? 0) * 1_000;
    const deadline = call.deadline ?? Date.now() + heldMs + retryMs;
    let unexpectedUntil: number | null = null;
    for (let attempt = 0; ; attempt += 1) {
      signal?.throwIfAborted();
      if (attempts !== undefined) attempts.inFlight = true;
      const outcome = await this.attempt(call, this.#attemptLimitMs(call, attempt, deadline)).finally(() => {
        if (attempts !== undefined) attempts.inFlight = false;
      });
      if (outcome.tag === "answer") return outcome.answer;
      const { failure } = outcome;
      if (attempts !== undefined) attempts.uncertain ||= failure.kind === "uncertain";
      signal?.throwIfAborted();
      unexpectedUntil = outcome.unexpected ? (unexpectedUntil ?? Date.now() + UNEXPECTED_RETRY_MS) : null;
      const end = Math.min(deadline, unexpectedUntil ?? deadline);
      const remainingMs = end - Date.now();
      const ms = pauseAfter(failure, idempotent, { attempt, remainingMs, random: Math.random() });
      if (ms === null) throw failure.error;
      await pause(ms, signal);
      // The pause ended late, for example because the machine slept. Another attempt would lose its response.
      if (end - Date.now() < MIN_ATTEMPT_MS) throw failure.error;
    }
  }

  /** Removes the key or token from a text that came from outside. */
  redact(text: string): string {
    const { token } = this.#settings;
    return text.replaceAll(token, REDACTED).replaceAll(encodeURIComponent(token), REDACTED);
  }

  /** The deadline of the call limits its attempts; the time for retries alone does not limit the first one. */
  #attemptLimitMs({ deadline: own }: Call<unknown>, attempt: number, deadline: number): number {
    if (own !== undefined) return Math.max(deadline - Date.now(), 1);
    return attempt === 0 ? Number.POSITIVE_INFINITY : Math.max(deadline - Date.now(), MIN_ATTEMPT_MS);
  }

  /** One request and its response, within a time limit (ms). It returns failures, and never throws one. */
  async attempt<T>(call: Call<T>, remainingMs: number): Promise<Outcome<T>> {
    const { baseUrl, attemptMs } = this.#settings;
    // Called as a plain function: browsers and Workers reject `fetch` with another `this` than the global object.
    const { fetch } = this.#settings;
    const hold = call.holdSeconds?.(remainingMs) ?? 0;
    const init = this.#initOf(call, hold);
    const redact = (text: string) => this.redact(text);
    try {
      const limitMs = Math.min(hold * 1_000 + attemptMs, remainingMs);
      return await withTimeLimit(limitMs, call.signal, async (signal) => {
        const response = await fetch(baseUrl + call.path, { ...init, signal });
        return outcomeOf(call, response, await readBody(response), redact);
      });
    } catch (error) {
      return networkFailure(call, error, redact);
    }
  }

  /** The request without its signal. */
  #initOf({ method, body, idempotencyKey }: Call<unknown>, hold: number) {
    const headers: Record<string, string> = {
      authorization: `Bearer ${this.#settings.token}`,
      accept: "application/json",
    };
    if (body !== undefined) headers["content-type"] = "application/json";
    if (idempotencyKey !== undefined) headers["idempotency-key"] = idempotencyKey;
    if (hold > 0) headers.prefer = `wait=${hold}`;
    return { method, headers, ...(body === undefined ? {} : { body }), redirect: "manual" as const };
  }
}

/** A path with those query parameters that have a value. */
export function withQuery(path: string, parameters: object): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value != null) query.set(name, String(value));
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}
