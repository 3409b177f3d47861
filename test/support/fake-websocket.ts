// A scripted WebSocket for the tests of the client: each connection plays the next scene, by the test's clock.

import type { WebSocketConstructor, WebSocketLike } from "../../src/client/index.ts";

/** What the server side of a connection can do. */
export interface ServerSide {
  open(): void;
  send(text: string): void;
  /** Ends the connection, as a server or a network does. */
  drop(): void;
}

export interface FakeConnection {
  readonly at: number;
  readonly url: URL;
  readonly protocols: readonly string[];
  /** What the client sent. */
  readonly sent: string[];
  readonly server: ServerSide;
  /** Whether the client closed it. */
  closed: boolean;
}

/** A class whose connections play `scenes`, one after another. The last scene repeats. */
export function fakeWebSockets(scenes: readonly ((server: ServerSide, connection: FakeConnection) => void)[]): {
  WebSocket: WebSocketConstructor;
  connections: FakeConnection[];
} {
  const connections: FakeConnection[] = [];

  class FakeWebSocket implements WebSocketLike {
    readonly #listeners = new Map<string, ((event: object) => void)[]>();
    readonly #connection: FakeConnection;

    constructor(url: string, protocols: string[]) {
      const server: ServerSide = {
        open: () => this.#emit("open", {}),
        send: (text) => this.#emit("message", { data: text }),
        drop: () => this.#emit("close", {}),
      };
      this.#connection = { at: Date.now(), url: new URL(url), protocols, sent: [], server, closed: false };
      const scene = scenes[Math.min(connections.length, scenes.length - 1)];
      connections.push(this.#connection);
      // A real connection opens after the constructor has returned.
      queueMicrotask(() => scene?.(server, this.#connection));
    }

    addEventListener(type: string, listener: (event: object) => void): void {
      this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
    }

    send(text: string): void {
      this.#connection.sent.push(text);
    }

    close(): void {
      this.#connection.closed = true;
    }

    #emit(type: string, event: object): void {
      for (const listener of this.#listeners.get(type) ?? []) listener(event);
    }
  }

  return { WebSocket: FakeWebSocket, connections };
}
