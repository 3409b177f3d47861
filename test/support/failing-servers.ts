// What the failing upstream, the failing receiver and their tests share: the URLs, and the form in which a server reports the requests
// that it received. Read by Node (the servers) and by workerd (the tests), so it uses neither's own modules.

import "vitest";

/** Where a failing server is. The path selects the failure: `<url>/<failure>/<case>/…`, where `<case>` identifies a test's requests. */
interface FailingServer {
  readonly url: string;
  /** A loopback URL with a closed port. */
  readonly closedPortUrl: string;
}

/** One request as received, headers by lower-case name. */
interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The response of `GET <url>/seen/<case>`, and of `GET <url>/closed/<case>`, which waits until the case's connections are closed. */
export interface SeenRequests {
  readonly requests: readonly ReceivedRequest[];
  /** Bytes written to the connections that are closed by now. */
  readonly bytesSent: number;
}

/** The most that may be read of one upstream answer (bytes), as the client promises. */
export const ANSWER_LIMIT = 1024 * 1024;

/** The length (bytes) of a receiver's longest answer. */
export const GIGABYTE = 1024 ** 3;

/** The failing upstream's successful answers. */
export const CREATED = {
  errorId: 0,
  errorCode: "",
  errorDescription: "",
  taskId: "61138bb6-19fb-11ec-a9c8-0242ac110006",
} as const;
export const PROCESSING = { errorId: 0, errorCode: null, errorDescription: null, status: "processing" } as const;

let cases = 0;

/** A case of its own at a failing server: the base URL of its requests, and the requests that the server received. */
export function failingCase(server: FailingServer, failure: string) {
  cases += 1;
  const name = `${cases}-${crypto.randomUUID()}`;
  const path = `/${encodeURIComponent(failure)}/${name}`;
  const ask = async (what: "seen" | "closed"): Promise<SeenRequests> =>
    JSON.parse(await (await fetch(`${server.url}/${what}/${name}`)).text());
  return { url: server.url + path, path, seen: () => ask("seen"), closed: () => ask("closed") };
}

declare module "vitest" {
  interface ProvidedContext {
    readonly failingUpstream: FailingServer;
    readonly failingReceiver: FailingServer;
  }
}
