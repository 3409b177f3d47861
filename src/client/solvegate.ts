// The client for one API key. It needs `fetch` and WebCrypto: Node from 20, Deno, Bun, Workers, browsers and their service workers.

import { Audit, Keys, Webhook } from "./account.ts";
import { type ClientOptions, transportOf } from "./client-options.ts";
import { type EventsOptions, type StreamEvent, streamEvents } from "./events.ts";
import { readAccount, readUsage } from "./shapes.ts";
import { type SolveOptions, solve } from "./solve.ts";
import { MAX_WAIT_S, Tasks } from "./tasks.ts";
import type { CallOptions, Transport } from "./transport.ts";
import type { Account, SolvedTask, TaskInput, UsageDay, UsageOptions } from "./types.ts";
import { positiveSeconds } from "./validate-options.ts";
import type { WebSocketConstructor } from "./websocket.ts";

export interface SolvegateOptions extends ClientOptions {
  /** `sg_live_…` or `sg_test_…`. */
  readonly apiKey: string;
  /** The longest long poll (s) while a task is waited for, 1 to 60; 25 by default. */
  readonly waitSeconds?: number | undefined;
  /** For `events()`. By default the platform's, or the package `ws` on Node before 22. */
  readonly WebSocket?: WebSocketConstructor | undefined;
}

/**
 * Seconds. Chrome ends a service worker whose fetch gets no response for 30 s (developer.chrome.com, "The extension service worker
 * lifecycle"), and proxies give up after 30 or 60.
 */
const DEFAULT_WAIT_S = 25;

/** A client of a gateway, for one API key. */
export class Solvegate {
  readonly tasks: Tasks;
  readonly webhook: Webhook;
  readonly keys: Keys;
  readonly audit: Audit;
  readonly #transport: Transport;
  readonly #waitSeconds: number;
  readonly #WebSocket: WebSocketConstructor | undefined;

  /**
   * @throws TypeError for an invalid URL, key or `fetch`
   * @throws RangeError for a time that is not a finite number in its range
   */
  constructor(options: SolvegateOptions) {
    const { waitSeconds = DEFAULT_WAIT_S } = options;
    this.#waitSeconds = Math.min(Math.max(Math.floor(positiveSeconds("waitSeconds", waitSeconds)), 1), MAX_WAIT_S);
    this.#transport = transportOf(options, "apiKey", options.apiKey);
    this.#WebSocket = options.WebSocket;
    this.tasks = new Tasks(this.#transport, this.#waitSeconds);
    this.webhook = new Webhook(this.#transport);
    this.keys = new Keys(this.#transport);
    this.audit = new Audit(this.#transport);
  }

  /**
   * Creates a task and waits for its solution, through lost responses, rate limits and restarts of the gateway. One call is one
   * task, however often it has to be sent. If the call ends without a solution, the task is canceled.
   * @throws SolvegateError for every end without a solution: a rejection with its `code` and `status`; a failed task's `error.code`,
   *   `task_canceled`, `solution_expired` or `already_claimed` with the `task`; `network_error`, `unexpected_answer`,
   *   `deadline_exceeded`
   * @throws TypeError, RangeError for invalid options, before anything is sent
   * @throws the reason of `options.signal` when that aborts
   */
  solve(input: TaskInput, options: SolveOptions = {}): Promise<SolvedTask> {
    return solve(this.#transport, this.#waitSeconds, input, options);
  }

  /** Usage by day, of the key's tenant and mode. Needs the scope `account:read`. */
  async usage({ from, to, groupBy }: UsageOptions = {}, { signal }: CallOptions = {}): Promise<UsageDay[]> {
    const query = { from, to, groupBy, signal };
    return (await this.#transport.get("/v1/usage", readUsage, query)).days;
  }

  /** The key's tenant: its allowed hosts, limits and current use. */
  account({ signal }: CallOptions = {}): Promise<Account> {
    return this.#transport.get("/v1/account", readAccount, { signal });
  }

  /**
   * The events of the key's tenant and mode, as they happen: `for await (const event of solvegate.events({ signal }))`. It needs the
   * scope `tasks:read`, reconnects by itself, resumes where it was (events of the last 5 minutes at most), yields each event once, and
   * returns when `signal` aborts.
   * @throws SolvegateError when the gateway rejects the connection, such as 401 and 403; `network_error` when none can be opened
   *   although the gateway responds
   */
  events(options: EventsOptions = {}): AsyncGenerator<StreamEvent, void, undefined> {
    return streamEvents(this.#transport, this.#WebSocket, options);
  }
}
