// Sends requests over loopback on keep-alive connections, from clients that wait for their responses or at a steady rate. An unexpected
// response ends the run, because the figures would be wrong.

import { Agent, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

export interface Answer {
  readonly status: number;
  readonly body: string;
  /** From sending the request to the last byte of the response (ms). */
  readonly latencyMs: number;
  /** When the last byte arrived, on the clock of `performance.now()`. */
  readonly endedAt: number;
}

class StaleConnection extends Error {}

export interface RequestOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly expected?: readonly number[];
}

/** A caller with its own connections and headers. */
export class Caller {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 256 });
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.#url = new URL(url);
    this.#headers = headers;
  }

  /** Sends a request. Rejects when there is no response, or one with an unexpected status. */
  async send(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    try {
      return await this.#sendOnce(method, path, options);
    } catch (error) {
      // The server may close an idle connection at the time at which a request is sent on it.
      if (!(error instanceof StaleConnection)) throw error;
      return this.#sendOnce(method, path, options);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #sendOnce(method: string, path: string, { body, headers, expected = [200, 202] }: RequestOptions): Promise<Answer> {
    const sentAt = performance.now();
    const text = body === undefined ? "" : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          agent: this.#agent,
          host: this.#url.hostname,
          port: this.#url.port,
          method,
          path,
          headers: {
            ...this.#headers,
            ...(body === undefined
              ? {}
              : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
            ...headers,
          },
        },
        (incoming) => {
          let answer = "";
          incoming.setEncoding("utf8");
          incoming.on("data", (chunk: string) => {
            answer += chunk;
          });
          incoming.once("error", reject);
          incoming.once("end", () => {
            const endedAt = performance.now();
            const status = incoming.statusCode ?? 0;
            if (expected.includes(status)) resolve({ status, body: answer, latencyMs: endedAt - sentAt, endedAt });
            else reject(new Error(`${method} ${path}: ${status} ${answer.slice(0, 300)}`));
          });
        },
      );
      outgoing.once("error", (error: NodeJS.ErrnoException) => {
        reject(outgoing.reusedSocket && error.code === "ECONNRESET" ? new StaleConnection() : error);
      });
      outgoing.end(text);
    });
  }
}

/** Runs `clients` that each send one request after another for `ms`. */
export async function sendFor(ms: number, clients: number, send: () => Promise<Answer>): Promise<Answer[]> {
  const until = performance.now() + ms;
  const answers: Answer[] = [];
  const client = async () => {
    while (performance.now() < until) answers.push(await send());
  };
  await Promise.all(Array.from({ length: clients }, client));
  return answers;
}

/** Sends `count` requests at a steady rate, without waiting for responses. */
export async function sendSteadily<T>(
  perSecond: number,
  count: number,
  send: (index: number) => Promise<T>,
): Promise<T[]> {
  const startedAt = performance.now();
  const answers: Promise<T>[] = [];
  for (let index = 0; index < count; index += 1) {
    const waitMs = startedAt + (index * 1_000) / perSecond - performance.now();
    if (waitMs > 0) await delay(waitMs);
    const answer = send(index);
    answer.catch(() => undefined);
    answers.push(answer);
  }
  return Promise.all(answers);
}
