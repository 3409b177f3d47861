// An HTTP client that repeats each request until the gateway responds. A timeout does not count as a response, and neither does a response
// of the proxy in front of a stopped gateway.

import { setTimeout as delay } from "node:timers/promises";
import type { z } from "zod";
import { taskViewSchema } from "../../src/schemas/tasks.ts";
import type { PlannedTask } from "./crash-plan.ts";

/** Time limit (ms) of a request. One that takes longer was lost when the gateway started or ended. */
const REQUEST_TIMEOUT_MS = 10_000;

/** Pause (ms) before a request is repeated. */
const PAUSE_MS = 150;

export type Task = z.output<typeof taskViewSchema>;

/** A response of the gateway itself. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
  /** Requests before this one without a response. Each may have had its effect. */
  readonly unanswered: number;
}

export interface RequestOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export class CrashClient {
  readonly #baseUrl: string;
  readonly #token: string;
  #stopped = false;
  /** The 5xx responses of the gateway, which crashes must not cause. */
  readonly serverErrors: string[] = [];

  constructor(baseUrl: string, token: string) {
    this.#baseUrl = baseUrl;
    this.#token = token;
  }

  /** Ends all repetitions: from now on requests throw. */
  stop(): void {
    this.#stopped = true;
  }

  /** Sends a request until there is a response. */
  async send(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    for (let unanswered = 0; ; unanswered += 1) {
      if (this.#stopped) throw new Error(`${method} ${path}: the client was stopped`);
      const answer = await this.#once(method, path, options);
      if (answer !== null && answer.status < 500) return { ...answer, unanswered };
      if (answer !== null) this.serverErrors.push(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      await delay(PAUSE_MS);
    }
  }

  /** Sends a request that must succeed, and returns the body of the response. @throws Error for a status from 400 up */
  async sendOk(method: string, path: string, options: RequestOptions = {}): Promise<unknown> {
    const { status, body } = await this.send(method, path, options);
    if (status >= 400) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  /** Submits a planned task, with `webhookUrl` unless its webhook goes to the tenant's endpoint. */
  submit(planned: PlannedTask, webhookUrl: string): Promise<Answer> {
    const { name, websiteKey, timeoutSeconds, target } = planned;
    return this.send("POST", "/v1/tasks", {
      headers: { "idempotency-key": name },
      body: {
        task: {
          type: "RecaptchaV3TaskProxyless",
          websiteURL: "https://antcpt.com/score_detector",
          websiteKey,
          pageAction: name,
        },
        timeoutSeconds,
        ...(target === "own" ? { webhookUrl } : {}),
      },
    });
  }

  /** Reads a task and parses it by the published schema. */
  async read(id: string): Promise<Task> {
    return taskViewSchema.parse(await this.sendOk("GET", `/v1/tasks/${id}`));
  }

  async #once(
    method: string,
    path: string,
    { body, headers }: RequestOptions,
  ): Promise<Omit<Answer, "unanswered"> | null> {
    try {
      const response = await fetch(this.#baseUrl + path, {
        method,
        headers: {
          authorization: `Bearer ${this.#token}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      const text = await response.text();
      // Every response of the gateway has an id. The development proxy in front of it also sends responses, without one.
      if (!response.headers.has("x-request-id")) return null;
      return { status: response.status, body: text === "" ? null : JSON.parse(text), headers: response.headers };
    } catch {
      return null;
    }
  }
}
