// What the faulty receiver of webhooks and its tests agree on: the addresses it is reached at, and what it tells of the requests
// it saw. Read by Node (the server) and by workerd (the tests), so it uses neither's own modules.

import "vitest";

/** Where the faulty receiver is. A webhook goes to `<url>/hook/<fault>/<case>`. */
interface FaultyReceiver {
  readonly url: string;
  /** The same receiver behind TLS, with a certificate that nobody trusts. */
  readonly untrustedUrl: string;
  /** An address of the loopback where nobody listens. */
  readonly rejectingUrl: string;
}

/** One request as it came: headers by lower-case name, the body's very bytes in hex. */
export interface SeenWebhook {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly hex: string;
}

/** What `GET <url>/seen/<case>` and `GET <url>/closed/<case>` tell. */
export interface SeenWebhooks {
  readonly requests: readonly SeenWebhook[];
  /** Written to the case's connections that are closed by now. */
  readonly bytesSent: number;
}

/** The length (bytes) of the longest answer. */
export const GIGABYTE = 1024 ** 3;

declare module "vitest" {
  interface ProvidedContext {
    readonly faultyReceiver: FaultyReceiver;
  }
}
