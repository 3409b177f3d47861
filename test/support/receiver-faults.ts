// What the faulty webhook receiver and its tests share: its URLs, and the form in which it reports the requests that
// it received. Read by Node (the server) and by workerd (the tests), so it uses neither's own modules.

import "vitest";

/** Where the faulty receiver is. A webhook goes to `<url>/hook/<fault>/<case>`. */
interface FaultyReceiver {
  readonly url: string;
  /** The same receiver behind TLS, with an untrusted certificate. */
  readonly untrustedUrl: string;
  /** A loopback URL with a closed port. */
  readonly rejectingUrl: string;
}

/** One request as received: headers by lower-case name, the bytes of the body in hex. */
export interface SeenWebhook {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly hex: string;
}

/** The response of `GET <url>/seen/<case>` and `GET <url>/closed/<case>`. */
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
