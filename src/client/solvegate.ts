// The client. `fetch` and WebCrypto are all that it asks of its platform: it runs in Node from 20 up, Deno, Bun, Workers and
// browsers' service workers.

import { Keys, WebhookEndpoint } from "./account.ts";
import type { UsageDay, UsageRange } from "./account-types.ts";
import { readUsage } from "./answers.ts";
import { apiKeyOf, baseUrlOf, fetchOf, secondsOf } from "./given.ts";
import { type SolveOptions, solve } from "./solve.ts";
import { type CallOptions, Tasks } from "./tasks.ts";
import { type Fetch, Transport, withQuery } from "./transport.ts";
import type { SolvedTask, SolveInput } from "./types.ts";

export interface SolvegateOptions {
  /** Where the gateway is, such as `https://gateway.example`. */
  readonly baseUrl: string | URL;
  /** `sg_live_…` or `sg_test_…`. */
  readonly apiKey: string;
  /** By default the platform's. In a Worker with a service binding: `(url, init) => env.GATEWAY.fetch(url, init)`. */
  readonly fetch?: Fetch | undefined;
  /** How long (s) the gateway holds one read while a task is waited for, 1 to 60, by default 25. */
  readonly waitSeconds?: number | undefined;
  /** How long (s) one attempt may take beside what it is held, by default 15. */
  readonly attemptSeconds?: number | undefined;
  /** How long (s) a call with no deadline of its own is repeated where it fails, by default 30. */
  readonly retrySeconds?: number | undefined;
}

/** The longest hold of a read (s) that the gateway takes. */
const LONGEST_WAIT_S = 60;

/**
 * Seconds. Chrome ends a service worker whose fetch is unanswered for 30 s (developer.chrome.com, "The extension service worker
 * lifecycle"), and proxies give up after 30 or 60. A task of 120 s costs five reads.
 */
const DEFAULT_WAIT_S = 25;

/** Seconds. The gateway answers within one; `webhook.test` waits 10 s for its receiver. */
const DEFAULT_ATTEMPT_S = 15;

/** Seconds: a restart and a burst of `Retry-After: 10` fit. */
const DEFAULT_RETRY_S = 30;

/** A client of a gateway, for one key. */
export class Solvegate {
  readonly tasks: Tasks;
  readonly webhook: WebhookEndpoint;
  readonly keys: Keys;
  readonly #transport: Transport;
  readonly #waitSeconds: number;

  /**
   * @throws TypeError for an address that is none, no key, or a `fetch` that is no function
   * @throws RangeError for a time that is no finite number above 0
   */
  constructor(options: SolvegateOptions) {
    // By these defaults an option that is null is refused, not taken for one that is left out.
    const {
      waitSeconds = DEFAULT_WAIT_S,
      attemptSeconds = DEFAULT_ATTEMPT_S,
      retrySeconds = DEFAULT_RETRY_S,
    } = options;
    this.#waitSeconds = Math.min(Math.max(Math.floor(secondsOf("waitSeconds", waitSeconds)), 1), LONGEST_WAIT_S);
    this.#transport = new Transport({
      baseUrl: baseUrlOf(options.baseUrl),
      apiKey: apiKeyOf(options.apiKey),
      fetch: fetchOf(options.fetch),
      attemptMs: secondsOf("attemptSeconds", attemptSeconds) * 1_000,
      callMs: secondsOf("retrySeconds", retrySeconds) * 1_000,
    });
    this.tasks = new Tasks(this.#transport, this.#waitSeconds);
    this.webhook = new WebhookEndpoint(this.#transport);
    this.keys = new Keys(this.#transport);
  }

  /**
   * Submits a task and waits for its solution, through lost answers, refusals for a while and restarts of the gateway. One call
   * makes one task, however often it has to be sent.
   * @throws SolvegateError for all but a solution: a refusal's `code` and `status`; a failed task's `error.code`, `task_canceled`,
   *   `solution_expired` or `already_claimed` with its `task`; `network_error`, `unexpected_answer`, `deadline_exceeded`
   * @throws TypeError, RangeError for what is no idempotency key or no time, before anything is sent
   * @throws the reason of `options.signal` when that aborts; the task is canceled before
   */
  solve(input: SolveInput, options: SolveOptions = {}): Promise<SolvedTask> {
    return solve(this.#transport, this.#waitSeconds, input, options);
  }

  /** Usage by day, of the tenant and the key's mode. Needs the scope `account:read`. */
  async usage({ from, to }: UsageRange = {}, { signal }: CallOptions = {}): Promise<readonly UsageDay[]> {
    const path = withQuery("/v1/usage", { from, to });
    return (await this.#transport.call({ method: "GET", path, repeatable: "any", read: readUsage, signal })).value;
  }
}
