// The tenant's event stream as the console uses it: one connection per session, open while a view needs it. An event only reports
// that something changed; views then load what they show. Without a connection views poll.

/** An event of the stream, as far as the console reads it. */
export interface StreamEvent {
  readonly type: string;
  readonly taskId: string;
}

export interface StreamListener {
  onEvent(event: StreamEvent): void;
  /** The connection was opened or lost. After a loss events may have been missed. */
  onConnection(connected: boolean): void;
}

/**
 * Opens the connection and keeps it open until `signal` aborts; reports its state through `onConnection`. Rejects when it can't be
 * opened or is lost for good.
 */
export type OpenStream = (
  signal: AbortSignal,
  onEvent: (event: StreamEvent) => void,
  onConnection: (connected: boolean) => void,
) => Promise<void>;

/** How long (ms) the connection stays open after the last view left: the next view usually follows at once. */
const LINGER_MS = 5_000;

/** How long (ms) to wait before a connection that ended for good is tried again. */
const REOPEN_MS = 60_000;

export class EventStream {
  readonly #open: OpenStream;
  readonly #listeners = new Set<StreamListener>();
  #connection: AbortController | null = null;
  #connected = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(open: OpenStream) {
    this.#open = open;
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Listens, and opens the connection for the first listener. Returns the function that stops listening. */
  subscribe(listener: StreamListener): () => void {
    this.#listeners.add(listener);
    this.#clearTimer();
    if (this.#connection === null) void this.#connect();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#clearTimer();
      this.#timer = setTimeout(() => this.close(), LINGER_MS);
    };
  }

  /** Closes the connection. */
  close(): void {
    this.#clearTimer();
    this.#connection?.abort();
    this.#connection = null;
    this.#setConnected(false);
  }

  async #connect(): Promise<void> {
    const connection = new AbortController();
    this.#connection = connection;
    const current = () => this.#connection === connection;
    try {
      await this.#open(
        connection.signal,
        (event) => {
          if (current()) for (const listener of this.#listeners) listener.onEvent(event);
        },
        (connected) => {
          if (current()) this.#setConnected(connected);
        },
      );
    } catch {
      // Views poll while there is no stream.
    }
    if (!current()) return;
    this.#connection = null;
    this.#setConnected(false);
    this.#timer = setTimeout(() => {
      if (this.#listeners.size > 0) void this.#connect();
    }, REOPEN_MS);
  }

  #clearTimer(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #setConnected(connected: boolean): void {
    if (this.#connected === connected) return;
    this.#connected = connected;
    for (const listener of this.#listeners) listener.onConnection(connected);
  }
}
