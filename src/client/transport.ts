// One call of the gateway: attempts, time limits, and what an answer means. It knows no tasks. It never follows a redirect (the key
// would travel along, and a POST would become a GET), and never says a key in an error.

import type { FieldError } from "./account-types.ts";
import { fieldsOf, parse, readProblem } from "./answers.ts";
import { readBody } from "./body.ts";
import { SolvegateError } from "./error.ts";
import { type Fault, faultKindOf, LEAST_ATTEMPT_MS, pauseAfter, type Repeatable, retryAfterMsOf } from "./retry.ts";
import type { Task } from "./types.ts";
import { pause, within } from "./within.ts";

/** What the client asks of a `fetch`. */
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

/** Where the gateway is, and how it is called. Durations in ms. */
export interface TransportSettings {
  /** With no slash at its end. */
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly fetch: Fetch;
  /** One attempt may take this long, beside what it is held on purpose. */
  readonly attemptMs: number;
  /** A call that has no deadline of its own is repeated for this long. */
  readonly callMs: number;
}

/** What is known of a call's attempts while it runs: whether one is under way, and whether one may have been done unseen. */
export interface Trail {
  flying: boolean;
  open: boolean;
}

/** A call. */
export interface Call<T> {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With its query. */
  readonly path: string;
  /** What is sent as JSON, as text: each attempt sends the very same. */
  readonly body?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly repeatable: Repeatable;
  /** The answer's body (undefined where it is not JSON) as what it must be; undefined where it is something else. */
  readonly read: (body: unknown, status: number) => T | undefined;
  /** Seconds for which the gateway may hold the answer, given the ms that are left. */
  readonly holdSeconds?: ((remainingMs: number) => number) | undefined;
  /** Ms since the epoch; by default `callMs` from now. */
  readonly deadline?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Whose errors these are: the task as last seen. */
  readonly task?: Task | undefined;
  readonly trail?: Trail | undefined;
}

/** A call's answer. */
export interface Answer<T> {
  readonly value: T;
  readonly requestId: string | null;
  readonly retryAfterMs: number | null;
}

/** Strikes the key out of a text that came from outside. */
type Strike = (text: string) => string;

type Outcome<T> = { readonly answer: Answer<T> } | { readonly fault: Fault };

/** Characters of a stranger's answer that an error quotes. */
const QUOTE_LENGTH = 80;

/** What stands in an error's words in the key's place. */
const STRUCK = "[apiKey]";

/** How Node's fetch (undici) calls a port that the Fetch standard blocks ("bad port"): no request to it ever leaves. */
const BLOCKED_PORT = "bad port";

export class Transport {
  readonly #settings: TransportSettings;

  constructor(settings: TransportSettings) {
    this.#settings = settings;
  }

  /**
   * Makes a call, and makes it again where that helps and is safe, until its deadline.
   * @throws TypeError for a request that the platform does not build
   * @throws SolvegateError when it was refused, or got no answer; the signal's reason when that aborts
   */
  async call<T>(call: Call<T>): Promise<Answer<T>> {
    const { signal, trail, repeatable } = call;
    signal?.throwIfAborted();
    // What cannot be built cannot leave: it throws here, for `fetch` would tell it like a fault of the network.
    new Request(this.#settings.baseUrl + call.path, this.#initOf(call, 0));
    const deadline = call.deadline ?? Date.now() + this.#settings.callMs;
    for (let attempt = 0; ; attempt += 1) {
      signal?.throwIfAborted();
      if (trail !== undefined) trail.flying = true;
      // `callMs` limits repetitions. A claim that began with less than a moment of it would be made, and its answer lost.
      const leastMs = call.deadline === undefined ? LEAST_ATTEMPT_MS : 1;
      const outcome = await this.#attempt(call, Math.max(deadline - Date.now(), leastMs)).finally(() => {
        if (trail !== undefined) trail.flying = false;
      });
      if ("answer" in outcome) return outcome.answer;
      const { fault } = outcome;
      if (trail !== undefined) trail.open ||= fault.kind === "open";
      signal?.throwIfAborted();
      const remainingMs = deadline - Date.now();
      const ms = pauseAfter(fault, repeatable, { attempt, remainingMs, random: Math.random() });
      if (ms === null) throw fault.error;
      await pause(ms, signal);
      // The pause ended late, as on a machine that slept: what is left would lose the answer, and hide why there was none before.
      if (deadline - Date.now() < LEAST_ATTEMPT_MS) throw fault.error;
    }
  }

  /** One exchange. A fault is told, not thrown. */
  async #attempt<T>(call: Call<T>, remainingMs: number): Promise<Outcome<T>> {
    const { baseUrl, attemptMs } = this.#settings;
    // Called as a plain function: a fetch that finds another `this` than the global one refuses to work in browsers and Workers.
    const { fetch } = this.#settings;
    const hold = call.holdSeconds?.(remainingMs) ?? 0;
    const init = this.#initOf(call, hold);
    const strike = (text: string) => this.strike(text);
    try {
      const limitMs = Math.min(hold * 1_000 + attemptMs, remainingMs);
      return await within(limitMs, call.signal, async (signal) => {
        const response = await fetch(baseUrl + call.path, { ...init, signal });
        return judge(call, response, await readBody(response), strike);
      });
    } catch (error) {
      return { fault: networkFault(call, error, strike) };
    }
  }

  /** A text from outside, for an error's words: the key in it is struck out, for a server may send back what it was sent. */
  strike(text: string): string {
    const { apiKey } = this.#settings;
    return text.replaceAll(apiKey, STRUCK).replaceAll(encodeURIComponent(apiKey), STRUCK);
  }

  /** What is sent, but for the signal. */
  #initOf({ method, body, idempotencyKey }: Call<unknown>, hold: number) {
    const headers: Record<string, string> = {
      authorization: `Bearer ${this.#settings.apiKey}`,
      accept: "application/json",
    };
    if (body !== undefined) headers["content-type"] = "application/json";
    if (idempotencyKey !== undefined) headers["idempotency-key"] = idempotencyKey;
    if (hold > 0) headers.prefer = `wait=${hold}`;
    return { method, headers, ...(body === undefined ? {} : { body }), redirect: "manual" as const };
  }
}

function networkFault({ method, path, repeatable, task }: Call<unknown>, cause: unknown, strike: Strike): Fault {
  const { words, blocked } = lossOf(cause);
  const doubt = repeatable === "any" || blocked ? "" : "; it may have been done all the same, so it was not repeated";
  const error = new SolvegateError("network_error", `${method} ${path} got no answer (${strike(words)})${doubt}`, {
    task,
    cause,
  });
  return { kind: blocked ? "final" : "open", error, retryAfterMs: null };
}

/** Why no answer came, and whether none ever can. */
function lossOf(cause: unknown): { words: string; blocked: boolean } {
  if (!(cause instanceof Error)) return { words: String(cause), blocked: false };
  // Node says "fetch failed", and why one error deeper.
  const deeper = cause.cause instanceof Error ? cause.cause.message : "";
  return { words: deeper === "" ? cause.message : `${cause.message}: ${deeper}`, blocked: deeper === BLOCKED_PORT };
}

/**
 * What an answer means for the call.
 * @param text the body; null where it is too long to be one
 */
function judge<T>(call: Call<T>, response: Response, text: string | null, strike: Strike): Outcome<T> {
  const { status, headers } = response;
  const retryAfterMs = retryAfterMsOf(headers.get("retry-after"), Date.now());
  const requestId = headers.get("x-request-id");
  const body = text === null ? undefined : parse(text);
  if (response.ok && text !== null) {
    const value = call.read(body, status);
    if (value !== undefined)
      return { answer: { value, requestId: requestId === null ? null : strike(requestId), retryAfterMs } };
  }
  const problem = response.ok ? undefined : readProblem(body);
  const named = problem?.requestId ?? requestId;
  const errors = (problem?.errors ?? []).map((one) => ({ path: strike(one.path), message: strike(`${one.message}`) }));
  const details = {
    status,
    requestId: named === null ? null : strike(named),
    task: call.task,
    errors,
    retryAfterSeconds: retryAfterMs === null ? null : Math.ceil(retryAfterMs / 1_000),
  };
  const error =
    problem === undefined
      ? new SolvegateError("unexpected_answer", unexpected(call, response, text, strike), details)
      : new SolvegateError(strike(problem.code), wordsOf(strike(problem.detail), errors), details);
  return { fault: { kind: faultKindOf(status, problem?.code ?? null, retryAfterMs), error, retryAfterMs } };
}

function wordsOf(detail: string, errors: readonly FieldError[]): string {
  const fields = errors.map(({ path, message }) => `${path} ${message}`).join("; ");
  return fields === "" ? detail : `${detail} ${fields}`;
}

function unexpected({ method, path }: Call<unknown>, response: Response, text: string | null, strike: Strike): string {
  const { status, type, headers } = response;
  // A browser hides the redirect behind a type of its own, which not every platform's types know.
  if (String(type) === "opaqueredirect" || (status >= 300 && status < 400)) {
    const to = headers.get("location");
    return `${method} ${path} was redirected${to === null ? "" : ` to ${strike(to)}`}: baseUrl is not the gateway's own address`;
  }
  const seen = text === null ? "more than 4 MiB" : seenIn(text, strike);
  return `${method} ${path} was answered ${status} with ${seen}, which is no answer of a gateway: is baseUrl right?`;
}

function seenIn(text: string, strike: Strike): string {
  if (fieldsOf(parse(text)) !== undefined) return "other JSON";
  // Struck before it is cut: half a key is no key to strike.
  const quote = strike(text).replace(/\s+/g, " ").trim().slice(0, QUOTE_LENGTH);
  return quote === "" ? "an empty body" : `"${quote}"`;
}

/** A path with the parameters that have a value. */
export function withQuery(
  path: string,
  parameters: Readonly<Record<string, string | number | null | undefined>>,
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value != null) query.set(name, String(value));
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}
