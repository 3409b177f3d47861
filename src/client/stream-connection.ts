// One connection of the event stream: frames in a bounded buffer, and pings that detect a lost peer.

import { fieldsOf, parseJson } from "./shapes.ts";
import { type HandshakeResponse, openSocket, type Socket, type WebSocketConstructor } from "./websocket.ts";

/** The headers that sign an event. */
export type StreamHeaders = {
  "webhook-id": string;
  "webhook-timestamp": string;
  "webhook-signature": string;
};

/** An event as the gateway sends it. */
export interface Frame {
  readonly id: string;
  readonly headers: StreamHeaders;
  readonly body: string;
}

/** The stream's protocol. The key goes beside it as `bearer.<key>`: browsers cannot set headers on a WebSocket. */
const PROTOCOL = "solvegate.v1";

/** The gateway answers "ping" with "pong". A connection without a pong in time is closed. */
const PING_INTERVAL_MS = 30_000;
const PONG_TIMEOUT_MS = 10_000;

/** A ping goes out after so much received text (characters), too: the gateway waits for one before it sends much more. */
const PING_EVERY_CHARACTERS = 512 * 1024;

/** Time limit (ms) of opening a connection. */
const OPEN_TIMEOUT_MS = 15_000;

/** Frames that wait for a slow consumer. With more the connection is closed; the events after them come with the next one. */
const MAX_BUFFERED_FRAMES = 1_000;

export class Connection {
  /** Whether the connection opened, as soon as that is known. Never rejects. */
  readonly opened: Promise<boolean>;
  /** Why the connection ended. */
  reason = "";
  /** The response of a server that did not upgrade, where the platform exposes it. */
  rejection: HandshakeResponse | null = null;
  readonly #socket: Socket;
  readonly #frames: Frame[] = [];
  #over = false;
  #wake = () => {};
  #timer: ReturnType<typeof setTimeout>;
  #awaitingPong = false;
  #receivedSincePing = 0;
  readonly #isDuplicate: (id: string) => boolean;

  /**
   * @param isDuplicate whether an event was seen on an earlier connection: those never wait in the buffer
   * @throws what the constructor of the WebSocket throws for a URL or key that cannot be sent
   */
  constructor(WebSocket: WebSocketConstructor, url: string, apiKey: string, isDuplicate: (id: string) => boolean) {
    this.#isDuplicate = isDuplicate;
    let report: (opened: boolean) => void = () => {};
    this.opened = new Promise((resolve) => {
      report = resolve;
    });
    this.#socket = openSocket(WebSocket, url, [PROTOCOL, `bearer.${apiKey}`], {
      opened: () => {
        report(true);
        this.#schedulePing(PING_INTERVAL_MS);
      },
      received: (text) => this.#receive(text),
      closed: (reason, rejection) => {
        this.reason = reason;
        this.rejection = rejection;
        this.#end();
        report(false);
      },
    });
    this.#timer = setTimeout(() => this.#socket.terminate("it did not open in time"), OPEN_TIMEOUT_MS);
  }

  close(): void {
    this.#socket.close();
  }

  /** The frames of the connection, until it is over. */
  async *frames(): AsyncGenerator<Frame, void, undefined> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) yield frame;
      else if (this.#over) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }

  #receive(text: string): void {
    if (text === "pong") this.#awaitingPong = false;
    this.#receivedSincePing += text.length;
    if (this.#receivedSincePing >= PING_EVERY_CHARACTERS) this.#ping();
    const frame = frameOf(text);
    if (frame === undefined || this.#isDuplicate(frame.id)) return;
    this.#frames.push(frame);
    this.#wake();
    if (this.#frames.length >= MAX_BUFFERED_FRAMES) this.close();
  }

  #schedulePing(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#awaitingPong = true;
      this.#ping();
      this.#timer = setTimeout(() => {
        if (this.#awaitingPong) this.#socket.terminate("no pong in 10 s");
        else this.#schedulePing(PING_INTERVAL_MS - PONG_TIMEOUT_MS);
      }, PONG_TIMEOUT_MS);
    }, delayMs);
  }

  #ping(): void {
    this.#receivedSincePing = 0;
    this.#socket.send("ping");
  }

  #end(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#wake();
  }
}

/** The event in a text frame; undefined for pongs and whatever a newer gateway may send. */
function frameOf(text: string): Frame | undefined {
  const { id, headers, body } = fieldsOf(parseJson(text)) ?? {};
  const signed = fieldsOf(headers) ?? {};
  const known =
    typeof id === "string" &&
    typeof body === "string" &&
    typeof signed["webhook-id"] === "string" &&
    typeof signed["webhook-timestamp"] === "string" &&
    typeof signed["webhook-signature"] === "string";
  return known ? { id, headers: headers as StreamHeaders, body } : undefined;
}
