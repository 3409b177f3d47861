// The load: requests over loopback with kept-alive connections, either by a number of clients that wait for their answers, or at
// a steady rate whatever the answers do. Counts are bounded. An answer that was not expected ends the run: it measures nothing.

import { Agent, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

export interface Answer {
  readonly status: number;
  readonly body: string;
  /** From the request's leaving to the answer's last byte (ms). */
  readonly latencyMs: number;
}

/** One request of a load. */
export type Send = () => Promise<Answer>;

export interface LoadResult {
  readonly latenciesMs: readonly number[];
  readonly perSecond: number;
}

class StaleConnection extends Error {}

/** A caller with connections of its own. */
export class Caller {
  readonly #agent: Agent;
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: 256 });
    this.#url = new URL(url);
    this.#headers = headers;
  }

  /**
   * Sends a request; rejects where no answer comes, or one of another status than those expected. A kept connection may be closed
   * by the other side as a request leaves on it: such a one is sent once more.
   */
  async send(method: string, path: string, expected: readonly number[], body = "", headers = {}): Promise<Answer> {
    try {
      return await this.#sendOnce(method, path, expected, body, headers);
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error;
      return this.#sendOnce(method, path, expected, body, headers);
    }
  }

  #sendOnce(method: string, path: string, expected: readonly number[], body: string, headers: object): Promise<Answer> {
    const sentAt = performance.now();
    return new Promise((resolve, reject) => {
      const options = {
        agent: this.#agent,
        host: this.#url.hostname,
        port: this.#url.port,
        method,
        path,
        headers: {
          ...this.#headers,
          ...(body === "" ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
          ...headers,
        },
      };
      const outgoing = request(options, (incoming) => {
        let text = "";
        incoming.setEncoding("utf8");
        incoming.on("data", (chunk: string) => {
          text += chunk;
        });
        incoming.once("error", reject);
        incoming.once("end", () => {
          const latencyMs = performance.now() - sentAt;
          const status = incoming.statusCode ?? 0;
          if (expected.includes(status)) resolve({ status, body: text, latencyMs });
          else reject(new Error(`${method} ${path} was answered ${status}: ${text.slice(0, 300)}`));
        });
      });
      outgoing.once("error", (error: NodeJS.ErrnoException) => {
        reject(outgoing.reusedSocket && error.code === "ECONNRESET" ? new StaleConnection() : error);
      });
      outgoing.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** `clients` that send one request after the other, `count` in all. */
export async function sendByClients(clients: number, count: number, send: Send): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  let left = count;
  const startedAt = performance.now();
  const work = async () => {
    while (left > 0) {
      left -= 1;
      latenciesMs.push((await send()).latencyMs);
    }
  };
  await Promise.all(Array.from({ length: clients }, work));
  return { latenciesMs, perSecond: (count * 1_000) / (performance.now() - startedAt) };
}

/** `clients` that send until they are stopped. */
export function keepSending(clients: number, send: Send): { stop(): Promise<LoadResult> } {
  const latenciesMs: number[] = [];
  let stopped = false;
  const startedAt = performance.now();
  const work = async () => {
    while (!stopped) latenciesMs.push((await send()).latencyMs);
  };
  const all = Promise.all(Array.from({ length: clients }, work));
  all.catch(() => undefined);
  return {
    stop: async () => {
      stopped = true;
      await all;
      return { latenciesMs, perSecond: (latenciesMs.length * 1_000) / (performance.now() - startedAt) };
    },
  };
}

/** `count` requests, `perSecond` each second, whether or not those before are answered. Their answers, in the order of sending. */
export async function sendSteadily<T>(perSecond: number, count: number, send: () => Promise<T>): Promise<T[]> {
  const startedAt = performance.now();
  const answers: Promise<T>[] = [];
  for (let index = 0; index < count; index += 1) {
    const waitMs = startedAt + (index * 1_000) / perSecond - performance.now();
    if (waitMs > 0) await delay(waitMs);
    const answer = send();
    answer.catch(() => undefined);
    answers.push(answer);
  }
  return Promise.all(answers);
}
