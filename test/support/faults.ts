// What the faulty upstream and its tests share: its URLs, and the form in which it reports the requests that it received.
// Read by Node (the server) and by workerd (the tests), so it uses neither's own modules.

import "vitest";

/** Where the faulty upstream is. A task's calls go to `<url>/<fault>/<case>/createTask`, `…/getTaskResult`. */
interface FaultyUpstream {
  readonly url: string;
  /** A loopback URL with a closed port. */
  readonly rejectingUrl: string;
}

/** One request as received, headers by lower-case name. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The response of `GET <url>/seen/<case>`. */
export interface Seen {
  readonly requests: readonly SeenRequest[];
}

/** The most that may be read of one answer (bytes), as the client promises. */
export const ANSWER_LIMIT = 1024 * 1024;

/** The faulty upstream's successful answers. */
export const CREATED = {
  errorId: 0,
  errorCode: "",
  errorDescription: "",
  taskId: "61138bb6-19fb-11ec-a9c8-0242ac110006",
} as const;
export const PROCESSING = { errorId: 0, errorCode: null, errorDescription: null, status: "processing" } as const;

declare module "vitest" {
  interface ProvidedContext {
    readonly faultyUpstream: FaultyUpstream;
  }
}
