// WebSocket connections on every platform: the platform's own class, or the package `ws` on Node before 22.

/** What the client needs of a WebSocket. */
export interface WebSocketLike {
  send(text: string): void;
  close(): void;
  addEventListener(type: "open" | "message" | "error" | "close", listener: (event: object) => void): void;
}

export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;

/** The response of a server that did not upgrade, where the platform exposes it. */
export interface HandshakeResponse {
  readonly ok: boolean;
  readonly status: number;
  readonly type: string;
  readonly headers: { get(name: string): string | null };
  readonly body: string;
}

export interface SocketEvents {
  opened(): void;
  /** A text frame. */
  received(text: string): void;
  /** The connection is over. With the server's response if it did not upgrade and the platform exposes the response. */
  closed(reason: string, response: HandshakeResponse | null): void;
}

/** A connection in the hands of its owner. */
export interface Socket {
  send(text: string): void;
  close(): void;
  /** Ends it without the closing handshake, for a peer that no longer responds. */
  terminate(reason: string): void;
}

/** Not a literal in the `import`: compilers of users would ask for the types of `ws`, and bundlers for the package. */
const WS_PACKAGE: string = "ws";

/** The class that opens connections. @throws TypeError on a platform that has none, without the package `ws` */
export async function webSocketClass(given: WebSocketConstructor | undefined): Promise<WebSocketConstructor> {
  if (given !== undefined) return given;
  const own = (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
  if (own !== undefined) return own;
  try {
    const module: { WebSocket: WebSocketConstructor } = await import(/* @vite-ignore */ WS_PACKAGE);
    return module.WebSocket;
  } catch (cause) {
    throw new TypeError("events() needs a WebSocket: Node 22 or newer, or the package ws", { cause });
  }
}

/** The additional methods of `ws`. */
interface WsExtras {
  on?(event: "unexpected-response", listener: (request: WsRequest, response: WsResponse) => void): void;
  terminate?(): void;
}
interface WsRequest {
  destroy(): void;
}
interface WsResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  setEncoding(encoding: "utf8"): void;
  on(event: string, listener: (chunk: string) => void): void;
}

/** Time limit (ms) of the closing handshake. */
const CLOSING_MS = 1_000;

/** The largest body (characters) of a rejection that is read: problem details are far smaller. */
const MAX_REJECTION_LENGTH = 65_536;

/**
 * Opens a connection. `closed` is called exactly once, whatever happens.
 * @throws what the constructor throws for a URL or protocol that cannot be sent
 */
export function openSocket(
  WebSocket: WebSocketConstructor,
  url: string,
  protocols: string[],
  events: SocketEvents,
): Socket {
  const socket: WebSocketLike & WsExtras = new WebSocket(url, protocols);
  let over = false;
  const end = (reason: string, response: HandshakeResponse | null = null) => {
    if (over) return;
    over = true;
    events.closed(reason, response);
  };
  let failure = "the connection was closed";
  socket.addEventListener("open", () => {
    if (!over) events.opened();
  });
  socket.addEventListener("message", (event) => {
    const data: unknown = Reflect.get(event, "data");
    if (!over && typeof data === "string") events.received(data);
  });
  socket.addEventListener("error", (event) => {
    const message: unknown = Reflect.get(event, "message");
    failure = typeof message === "string" && message !== "" ? message : "the connection failed";
  });
  let terminator: ReturnType<typeof setTimeout> | null = null;
  socket.addEventListener("close", () => {
    if (terminator !== null) clearTimeout(terminator);
    end(failure);
  });
  socket.on?.("unexpected-response", (request, response) => {
    readRejection(response, (body) => {
      end(`the response was ${response.statusCode}`, handshakeResponse(response, body));
      request.destroy();
    });
  });
  return {
    send: (text) => socket.send(text),
    close: () => {
      if (over) return;
      end("closed by the client");
      socket.close();
      // `ws` waits 30 s for a peer that does not respond, and keeps the process alive meanwhile.
      if (socket.terminate !== undefined) terminator = setTimeout(() => socket.terminate?.(), CLOSING_MS);
    },
    terminate: (reason) => {
      end(reason);
      if (socket.terminate === undefined) socket.close();
      else socket.terminate();
    },
  };
}

function readRejection(response: WsResponse, done: (body: string) => void): void {
  let body = "";
  response.setEncoding("utf8");
  response.on("data", (chunk) => {
    if (body.length < MAX_REJECTION_LENGTH) body += chunk;
  });
  for (const event of ["end", "error", "close"]) response.on(event, () => done(body));
}

function handshakeResponse({ statusCode: status, headers }: WsResponse, body: string): HandshakeResponse {
  const get = (name: string) => {
    const value = headers[name];
    return value === undefined ? null : String(value);
  };
  return { ok: status >= 200 && status < 300, status, type: "default", headers: { get }, body };
}
