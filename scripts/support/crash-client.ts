// A caller that repeats each request, with the same Idempotency-Key, until the gateway answers, and records the answers.
// A timeout or a response of the proxy in front of a stopped gateway does not count as an answer.

import type { z } from "zod";
import { taskViewSchema } from "../../src/schemas/tasks.ts";
import type { PlannedTask } from "./crash-plan.ts";

/** An exchange may take this long (ms): what is not answered by then was swallowed by a start or an end. */
const EXCHANGE_MS = 10_000;

/** Pause (ms) before asking again. */
const PAUSE_MS = 150;

export type Task = z.output<typeof taskViewSchema>;

/** An answer of the gateway itself. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
  /** Exchanges before this one that brought no answer: each may have had its effect. */
  readonly unanswered: number;
}

/** One exchange; `prefer` and the like go in `headers`. */
export interface Asked {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export class CrashClient {
  readonly #baseUrl: string;
  readonly #token: string;
  #stopped = false;
  /** 5xx answers, which no crash excuses: the gateway itself gave them. */
  readonly faults: string[] = [];

  constructor(baseUrl: string, token: string) {
    this.#baseUrl = baseUrl;
    this.#token = token;
  }

  /** From now on nothing more is asked. */
  stop(): void {
    this.#stopped = true;
  }

  /** Asks until there is an answer. */
  async ask(method: string, path: string, asked: Asked = {}): Promise<Answer> {
    for (let unanswered = 0; ; unanswered += 1) {
      if (this.#stopped) throw new Error(`${method} ${path}: given up`);
      const answer = await this.#once(method, path, asked);
      if (answer !== null && answer.status < 500) return { ...answer, unanswered };
      if (answer !== null) this.faults.push(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  /** The same, and the body of an answer that must be a success. */
  async demand(method: string, path: string, asked: Asked = {}): Promise<unknown> {
    const { status, body } = await this.ask(method, path, asked);
    if (status >= 400) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  /** Submits a planned task, to the address `webhookUrl` where its webhook does not go to the tenant's endpoint. */
  submit(planned: PlannedTask, webhookUrl: string): Promise<Answer> {
    const { name, websiteKey, timeoutSeconds, target } = planned;
    return this.ask("POST", "/v1/tasks", {
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

  /** Reads a task, against the published schema. */
  async read(id: string): Promise<Task> {
    return taskViewSchema.parse(await this.demand("GET", `/v1/tasks/${id}`));
  }

  async #once(method: string, path: string, { body, headers }: Asked): Promise<Omit<Answer, "unanswered"> | null> {
    try {
      const response = await fetch(this.#baseUrl + path, {
        method,
        headers: {
          authorization: `Bearer ${this.#token}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(EXCHANGE_MS),
      });
      const text = await response.text();
      // Every response of the gateway has the id. The development proxy in front of it sends responses of its own.
      if (!response.headers.has("x-request-id")) return null;
      return { status: response.status, body: text === "" ? null : JSON.parse(text), headers: response.headers };
    } catch {
      return null;
    }
  }
}
