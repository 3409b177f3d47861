// Keeps a view's data up to date while it can be seen: loads it, and loads it again after an interval or when the event stream reports
// a change. One request at a time. A failed load keeps what is shown, and an older response never replaces a newer one.

import { useEffect, useRef, useState } from "preact/hooks";
import { type Failure, resultOf } from "../api/failure.ts";
import { useSession, useTenant } from "../session/session.ts";
import type { EventStream, StreamEvent } from "./event-stream.ts";
import type { LoadOutcome, RefreshHistory, RefreshPolicy } from "./refresh-interval.ts";
import { FRESH, historyAfter, refreshIntervalMs } from "./refresh-interval.ts";

/** Loads once: the value changes only by actions in the view. */
export const LOAD_ONCE = (): RefreshPolicy => ({ running: false, nextChangeAt: null, final: true });

/** Loads a value at most this often (ms). */
export const loadEvery =
  (ms: number) =>
  (_value: unknown, now: number): RefreshPolicy => ({
    running: false,
    nextChangeAt: null,
    pollAt: now + ms,
    final: false,
  });

export interface Watched<T> {
  readonly value: T | null;
  /** Why the last load failed; `value` is then what was loaded before. */
  readonly failure: Failure | null;
  /** `retrying`: the last load failed and another follows. `paused`: the tab is hidden. `final`: no further load. */
  readonly phase: "loading" | "current" | "retrying" | "paused" | "final";
  /** When the next load is due (ms since the epoch), or null. */
  readonly nextAt: number | null;
  /** Loads it now. */
  refresh(): void;
  /** Shows the result of an action, and loads again at once. */
  replace(value: T): void;
}

type Shown<T> = Pick<Watched<T>, "value" | "failure" | "phase" | "nextAt">;

const LOADING = { value: null, failure: null, phase: "loading", nextAt: null } as const;

/** Time (ms) after a known change, because the gateway needs a moment to apply it. */
const CHANGE_MARGIN_MS = 800;

/** Least time (ms) between two loads that events cause: a burst of events is one load. */
const EVENT_GAP_MS = 1_000;

/** The event stream, and which of its events concern the view. */
export interface EventSource {
  readonly stream: EventStream;
  /** Least time (ms) between two loads that events cause; by default a second. */
  readonly gapMs?: number;
  concerns(event: StreamEvent): boolean;
}

/** All events of the key's tenant and mode; undefined for a key that may not read them. */
export function useAllEvents(gapMs?: number): EventSource | undefined {
  const { stream, can } = useTenant();
  if (!can("tasks:read")) return undefined;
  return { stream, concerns: () => true, ...(gapMs === undefined ? {} : { gapMs }) };
}

/**
 * Loads at once and keeps the value up to date.
 * @param name what is loaded: another name starts over
 * @param events where given, an idle view makes no request while the stream is connected
 */
export function useWatch<T>(
  name: string,
  load: (signal: AbortSignal) => Promise<T>,
  policyOf: (value: T, now: number) => RefreshPolicy,
  events?: EventSource,
): Watched<T> {
  const { expire } = useSession();
  const [shown, setShown] = useState<Shown<T> & { readonly name: string }>({ ...LOADING, name });
  const source: Source<T> = { load, policyOf, expire, events };
  const latest = useRef(source);
  latest.current = source;
  const handle = useRef<Watch<T> | null>(null);

  useEffect(() => {
    const stream = latest.current.events?.stream;
    const watch = new Watch<T>(latest, (next) => setShown({ ...next, name }));
    handle.current = watch;
    const onVisibility = () => watch.setVisible(!document.hidden);
    const onReturn = () => watch.returned();
    document.addEventListener("visibilitychange", onVisibility);
    window.addEventListener("online", onReturn);
    window.addEventListener("focus", onReturn);
    const unsubscribe = stream?.subscribe({
      onEvent: (event) => {
        if (latest.current.events?.concerns(event) === true) watch.eventReceived();
      },
      onConnection: () => watch.connectionChanged(),
    });
    watch.refresh();
    return () => {
      document.removeEventListener("visibilitychange", onVisibility);
      window.removeEventListener("online", onReturn);
      window.removeEventListener("focus", onReturn);
      unsubscribe?.();
      watch.stop();
    };
  }, [name]);

  return {
    // A value loaded under another name is not shown under this one, not even for a frame.
    ...(shown.name === name ? shown : LOADING),
    refresh: () => handle.current?.refresh(),
    replace: (value) => handle.current?.replace(value),
  };
}

interface Source<T> {
  load(signal: AbortSignal): Promise<T>;
  policyOf(value: T, now: number): RefreshPolicy;
  expire(): void;
  readonly events: EventSource | undefined;
}

/** The loop behind `useWatch`: load, show, wait. */
class Watch<T> {
  /** From the last rendering. */
  readonly #latest: { readonly current: Source<T> };
  readonly #show: (shown: Shown<T>) => void;
  #value: T | null = null;
  #text = "";
  #history: RefreshHistory = FRESH;
  #last: { readonly outcome: LoadOutcome; readonly failure: Failure | null } | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #loading: AbortController | null = null;
  #loadedAt = Number.NEGATIVE_INFINITY;
  /** An event came while a load was under way, whose response may be older. */
  #stale = false;
  #stopped = false;
  #final = false;

  constructor(latest: { readonly current: Source<T> }, show: (shown: Shown<T>) => void) {
    this.#latest = latest;
    this.#show = show;
  }

  get #source(): Source<T> {
    return this.#latest.current;
  }

  get #streaming(): boolean {
    return this.#source.events?.stream.connected === true;
  }

  refresh(): void {
    this.#history = FRESH;
    void this.#load();
  }

  replace(value: T): void {
    // A request from before the action would show the state before it.
    this.#loading?.abort();
    this.#loading = null;
    this.#take(value);
    this.#wait({ tag: "changed" }, null);
    // The action's result is one part of what is shown: load the rest, even where the view was final.
    this.refresh();
  }

  setVisible(visible: boolean): void {
    if (this.#final) return;
    if (visible) {
      this.refresh();
      return;
    }
    clearTimeout(this.#timer);
    if (this.#loading === null) this.#show({ value: this.#value, failure: null, phase: "paused", nextAt: null });
  }

  /** The reader or the network is back. */
  returned(): void {
    if (!this.#final && !document.hidden) this.refresh();
  }

  eventReceived(): void {
    if (document.hidden) return;
    if (this.#loading !== null) {
      this.#stale = true;
      return;
    }
    clearTimeout(this.#timer);
    const wait = Math.max(this.#loadedAt + (this.#source.events?.gapMs ?? EVENT_GAP_MS) - Date.now(), 0);
    this.#timer = setTimeout(() => this.refresh(), wait);
  }

  /** Events may have been missed before a connection; without one the view polls. */
  connectionChanged(): void {
    if (this.#final || document.hidden) return;
    if (this.#streaming) this.eventReceived();
    else if (this.#last !== null && this.#loading === null) this.#wait(this.#last.outcome, this.#last.failure);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#loading?.abort();
  }

  async #load(): Promise<void> {
    if (this.#loading !== null || this.#stopped) return;
    clearTimeout(this.#timer);
    const loading = new AbortController();
    this.#loading = loading;
    this.#loadedAt = Date.now();
    this.#stale = false;
    const result = await resultOf(this.#source.load(loading.signal), loading.signal);
    // Stopped, or overtaken by an action.
    if (this.#loading !== loading || this.#stopped) return;
    this.#loading = null;
    if (!result.ok && result.failure.tag === "unauthenticated") {
      this.#source.expire();
      return;
    }
    const outcome: LoadOutcome = result.ok
      ? { tag: this.#take(result.value) ? "changed" : "same" }
      : { tag: "failed", retryAfterMs: result.failure.retryAfterMs };
    this.#history = historyAfter(this.#history, outcome);
    this.#wait(outcome, result.ok ? null : result.failure);
    if (this.#stale) this.eventReceived();
  }

  /** Stores a value. Returns whether it differs from the last one. */
  #take(value: T): boolean {
    const text = JSON.stringify(value);
    const changed = text !== this.#text;
    if (changed) this.#value = value;
    this.#text = text;
    return changed;
  }

  #wait(outcome: LoadOutcome, failure: Failure | null): void {
    clearTimeout(this.#timer);
    this.#last = { outcome, failure };
    const now = Date.now();
    const value = this.#value;
    // Repeating a rejected request would bring the same response.
    const rejected = failure?.tag === "rejected";
    const policy = value === null ? null : this.#source.policyOf(value, now);
    this.#final = rejected || (failure === null && policy?.final === true);
    if (this.#final) {
      this.#show({ value, failure, phase: "final", nextAt: null });
      return;
    }
    if (document.hidden) {
      this.#show({ value, failure, phase: "paused", nextAt: null });
      return;
    }
    const phase = failure === null ? "current" : "retrying";
    const running = policy?.running === true;
    const known = policy?.nextChangeAt ?? null;
    if (failure === null && !running && known === null && this.#streaming) {
      this.#show({ value, failure, phase, nextAt: null });
      return;
    }
    const interval = refreshIntervalMs(this.#history, outcome, running || known !== null);
    const due = known === null ? policy?.pollAt : known + CHANGE_MARGIN_MS;
    const wait = failure === null && !running && due !== undefined ? Math.max(interval, due - now) : interval;
    this.#timer = setTimeout(() => void this.#load(), wait);
    this.#show({ value, failure, phase, nextAt: now + wait });
  }
}
