// The console's one way to the gateway: a request with the key in its header, and an answer that is read or a failure that is
// named. Refuses to throw for what can happen (a refusal, a fault, no network), to put the key in a URL, and to keep anything.

import { parseRetryAfter } from "../../http.ts";
import type { TaskStatus } from "../../tasks/status.ts";
import type { KeyMode, Scope } from "../../tenants/keys.ts";
import {
  readCreatedKey,
  readCurrentKey,
  readEndpoint,
  readEvents,
  readKeys,
  readProbe,
  readProblem,
  readSecret,
  readTask,
  readTaskPage,
  readUsage,
} from "./answers.ts";
import type { Failure, Result } from "./failure.ts";

/** How long (ms) an ordinary call may take: the gateway answers from stored state. */
const TIMEOUT_MS = 15_000;

/** The longest `Retry-After` (ms) that is passed on: a quota's end may be weeks away. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** Tasks of a page. */
const PAGE_SIZE = 50;

interface Call<T> {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Beyond the ordinary time-out, for a request that the gateway holds (ms). */
  readonly holdMs?: number;
  /** @throws MalformedAnswer */
  readonly read: (value: unknown) => T;
}

export interface NewTask {
  readonly task: Readonly<Record<string, unknown>>;
  readonly webhookUrl?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly timeoutSeconds?: number;
}

export interface NewKey {
  readonly name: string;
  readonly mode: KeyMode;
  readonly scopes: readonly Scope[];
  readonly expiresAt: string | null;
}

/** The gateway, as one key may ask it. `signal` gives a call up: nobody waits for it any more. */
export class Api {
  readonly #key: string;

  constructor(key: string) {
    this.#key = key;
  }

  currentKey = (signal?: AbortSignal) => this.#call({ path: "/v1/keys/current", read: readCurrentKey }, signal);

  tasks(wanted: { readonly status: TaskStatus | null; readonly cursor: string | null }, signal?: AbortSignal) {
    const query = new URLSearchParams({ limit: String(PAGE_SIZE) });
    if (wanted.status !== null) query.set("status", wanted.status);
    if (wanted.cursor !== null) query.set("cursor", wanted.cursor);
    return this.#call({ path: `/v1/tasks?${query}`, read: readTaskPage }, signal);
  }

  task = (id: string, signal?: AbortSignal) => this.#call({ path: `/v1/tasks/${part(id)}`, read: readTask }, signal);

  events = (id: string, signal?: AbortSignal) =>
    this.#call({ path: `/v1/tasks/${part(id)}/events`, read: readEvents }, signal);

  /** @param idempotencyKey makes a repeat of a lost call harmless  @param waitS holds the answer until the task is finished */
  createTask(body: NewTask, idempotencyKey: string, waitS: number, signal?: AbortSignal) {
    const headers = { "Idempotency-Key": idempotencyKey, ...(waitS === 0 ? {} : { Prefer: `wait=${waitS}` }) };
    return this.#call(
      { method: "POST", path: "/v1/tasks", body, headers, holdMs: waitS * 1_000, read: readTask },
      signal,
    );
  }

  cancel = (id: string) => this.#call({ method: "POST", path: `/v1/tasks/${part(id)}/cancel`, read: readTask });

  redeliver = (id: string) => this.#call({ method: "POST", path: `/v1/tasks/${part(id)}/redeliver`, read: readTask });

  usage = (signal?: AbortSignal) => this.#call({ path: "/v1/usage", read: readUsage }, signal);

  endpoint = (signal?: AbortSignal) => this.#call({ path: "/v1/webhook", read: readEndpoint }, signal);

  putEndpoint = (url: string) => this.#call({ method: "PUT", path: "/v1/webhook", body: { url }, read: readEndpoint });

  removeEndpoint = () => this.#call({ method: "DELETE", path: "/v1/webhook", read: nothing });

  testEndpoint = () => this.#call({ method: "POST", path: "/v1/webhook/test", read: readProbe });

  rotateSecret = (overlapSeconds: number) =>
    this.#call({ method: "POST", path: "/v1/webhook/rotate", body: { overlapSeconds }, read: readSecret });

  keys = (signal?: AbortSignal) => this.#call({ path: "/v1/keys", read: readKeys }, signal);

  makeKey = (body: NewKey) => this.#call({ method: "POST", path: "/v1/keys", body, read: readCreatedKey });

  revokeKey = (id: string) => this.#call({ method: "DELETE", path: `/v1/keys/${part(id)}`, read: nothing });

  rotateKey = (id: string, overlapSeconds: number) =>
    this.#call({ method: "POST", path: `/v1/keys/${part(id)}/rotate`, body: { overlapSeconds }, read: readCreatedKey });

  async #call<T>(call: Call<T>, signal?: AbortSignal): Promise<Result<T>> {
    const { method = "GET", path, body, holdMs = 0, read } = call;
    const timeout = AbortSignal.timeout(TIMEOUT_MS + holdMs);
    let answer: Response;
    let content: string;
    try {
      answer = await fetch(path, {
        method,
        headers: {
          ...call.headers,
          Authorization: `Bearer ${this.#key}`,
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
        cache: "no-store",
        credentials: "omit",
      });
      content = await answer.text();
    } catch {
      return { ok: false, failure: { ...NOTHING_SAID, tag: "unreachable", status: null, retryAfterMs: null } };
    }
    if (!answer.ok) return { ok: false, failure: failureOf(answer, content) };
    try {
      return { ok: true, value: read(content === "" ? null : JSON.parse(content)) };
    } catch {
      return { ok: false, failure: { ...NOTHING_SAID, tag: "broken", status: answer.status, retryAfterMs: null } };
    }
  }
}

const NOTHING_SAID = { code: null, detail: null, errors: [], requestId: null } as const;

const part = (text: string): string => encodeURIComponent(text);
/** Of an answer without a body: that it came is all. */
const nothing = (): true => true;

function failureOf(answer: Response, content: string): Failure {
  const { status, headers } = answer;
  const retryAfterMs = parseRetryAfter(headers.get("retry-after"), Date.now(), MAX_RETRY_AFTER_MS);
  const said = readProblem(jsonOrNull(content));
  return { tag: tagOf(status, said.code), status, retryAfterMs, ...said };
}

function tagOf(status: number, code: string | null): Failure["tag"] {
  if (status === 401) return "unauthenticated";
  if (status === 429 && code !== "quota_exceeded") return "limited";
  // 503 upstream_not_configured is the gateway's considered word, not a fault that passes.
  return status >= 500 && code !== "upstream_not_configured" ? "broken" : "refused";
}

function jsonOrNull(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return null;
  }
}
