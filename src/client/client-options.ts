// The options that both clients share, and the transport that they configure.

import { type Fetch, Transport } from "./transport.ts";
import { positiveSeconds, secondsFromZero, validBaseUrl, validFetch, validToken } from "./validate-options.ts";

export interface ClientOptions {
  /** The gateway's URL, such as `https://gateway.example`. Empty: the origin of the page that runs this. */
  readonly baseUrl: string | URL;
  /** By default the platform's. In a Worker with a service binding: `(url, init) => env.GATEWAY.fetch(url, init)`. */
  readonly fetch?: Fetch | undefined;
  /** Time limit (s) of one attempt, beside the time of a long poll; 15 by default. */
  readonly attemptSeconds?: number | undefined;
  /** For how long (s) failed calls are retried if they have no deadline of their own; 30 by default, 0 for no retries. */
  readonly retrySeconds?: number | undefined;
}

/** Seconds. The gateway responds within one; `webhook.test` waits 10 s for its receiver. */
const DEFAULT_ATTEMPT_S = 15;

/** Seconds: enough for a restart, and for one `Retry-After: 10`. */
const DEFAULT_RETRY_S = 30;

/**
 * @throws TypeError for an invalid URL, token or `fetch`
 * @throws RangeError for a time that is not a finite number in its range
 */
export function transportOf(options: ClientOptions, tokenName: "apiKey" | "adminToken", token: string): Transport {
  // With default values an option that is null is rejected, and not taken for an omitted one.
  const { attemptSeconds = DEFAULT_ATTEMPT_S, retrySeconds = DEFAULT_RETRY_S } = options;
  return new Transport({
    baseUrl: validBaseUrl(options.baseUrl),
    token: validToken(tokenName, token),
    fetch: validFetch(options.fetch),
    attemptMs: positiveSeconds("attemptSeconds", attemptSeconds) * 1_000,
    retryMs: secondsFromZero("retrySeconds", retrySeconds) * 1_000,
  });
}
