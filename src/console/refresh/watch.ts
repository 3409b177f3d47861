// A view of something that changes: loaded, and looked at again by the cadence while anybody sees it. One request at a time. Refuses
// to go on in a hidden tab, to drop what is shown because a look failed, and to let an old answer overwrite a newer one.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Failure, Result } from "../api/failure.ts";
import { useSession } from "../session/session.ts";
import type { LoadOutcome, RefreshHistory } from "./refresh-interval.ts";
import { FRESH, historyAfter, refreshIntervalMs } from "./refresh-interval.ts";

/** What there is to wait for: something that runs, a change whose moment is known (ms), or nothing. */
export interface RefreshPolicy {
  readonly running: boolean;
  readonly nextChangeAt: number | null;
  /** Nothing will change by itself: no further look. */
  readonly settled: boolean;
}

export interface Live<T> {
  readonly value: T | null;
  /** Why the last look failed; `value` is then what was seen before. */
  readonly failure: Failure | null;
  /** `retrying`: the last look failed and another comes. `paused`: the tab is hidden. `settled`: nothing more will come. */
  readonly phase: "loading" | "live" | "retrying" | "paused" | "settled";
  /** When the next look is due (ms), or null. */
  readonly nextAt: number | null;
  /** Looks now. */
  refresh(): void;
  /** Shows what an action answered, and looks again at once. */
  replace(value: T): void;
}

type Shown<T> = Pick<Live<T>, "value" | "failure" | "phase" | "nextAt">;

const LOADING = { value: null, failure: null, phase: "loading", nextAt: null } as const;

/** After a change's moment (ms): the gateway needs a little to have it happen. */
const CHANGE_MARGIN_MS = 800;

/** Loads at once and keeps looking; `name` says what is loaded, and another name begins anew. */
export function useLive<T>(
  name: string,
  load: (signal: AbortSignal) => Promise<Result<T>>,
  refreshPolicyOf: (value: T, now: number) => RefreshPolicy,
): Live<T> {
  const { lose } = useSession();
  const [shown, setShown] = useState<Shown<T> & { readonly name: string }>({ ...LOADING, name });
  const latest = useRef({ load, refreshPolicyOf, lose });
  latest.current = { load, refreshPolicyOf, lose };
  const handle = useRef<Watch<T> | null>(null);

  useEffect(() => {
    const watch = new Watch<T>(
      {
        load: (signal) => latest.current.load(signal),
        refreshPolicyOf: (value, now) => latest.current.refreshPolicyOf(value, now),
        lose: () => latest.current.lose(),
      },
      (next) => setShown({ ...next, name }),
    );
    handle.current = watch;
    const onVisibility = () => watch.seen(!document.hidden);
    const onOnline = () => watch.online();
    document.addEventListener("visibilitychange", onVisibility);
    window.addEventListener("online", onOnline);
    watch.refresh();
    return () => {
      document.removeEventListener("visibilitychange", onVisibility);
      window.removeEventListener("online", onOnline);
      watch.stop();
    };
  }, [name]);

  return {
    // What was shown under another name is not shown under this one, not even for a frame.
    ...(shown.name === name ? shown : LOADING),
    refresh: () => handle.current?.refresh(),
    replace: (value) => handle.current?.replace(value),
  };
}

interface Source<T> {
  load(signal: AbortSignal): Promise<Result<T>>;
  refreshPolicyOf(value: T, now: number): RefreshPolicy;
  lose(): void;
}

/** The loop behind `useLive`: look, show, wait. */
class Watch<T> {
  readonly #source: Source<T>;
  readonly #show: (shown: Shown<T>) => void;
  #value: T | null = null;
  #text = "";
  #history: RefreshHistory = FRESH;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking: AbortController | null = null;
  #stopped = false;
  #settled = false;

  constructor(source: Source<T>, show: (shown: Shown<T>) => void) {
    this.#source = source;
    this.#show = show;
  }

  refresh(): void {
    this.#history = FRESH;
    void this.#look();
  }

  replace(value: T): void {
    // What is being asked now was asked before the action: its answer would show the past.
    this.#asking?.abort();
    this.#asking = null;
    this.#take(value);
    this.#wait({ tag: "changed" }, null);
    // The action's answer is one part of what is shown: its traces in the rest are looked for at once, even where all is settled.
    this.refresh();
  }

  seen(visible: boolean): void {
    if (this.#settled) return;
    if (visible) {
      this.refresh();
      return;
    }
    clearTimeout(this.#timer);
    if (this.#asking === null) this.#show({ value: this.#value, failure: null, phase: "paused", nextAt: null });
  }

  /** The network is back: what waits for it need not wait longer. */
  online(): void {
    if (!this.#settled) this.refresh();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#asking?.abort();
  }

  async #look(): Promise<void> {
    if (this.#asking !== null || this.#stopped) return;
    clearTimeout(this.#timer);
    const asking = new AbortController();
    this.#asking = asking;
    const result = await this.#source.load(asking.signal);
    // Stopped, or overtaken by an action.
    if (this.#asking !== asking || this.#stopped) return;
    this.#asking = null;
    if (result.ok) {
      const look: LoadOutcome = { tag: this.#take(result.value) ? "changed" : "same" };
      this.#history = historyAfter(this.#history, look);
      this.#wait(look, null);
      return;
    }
    if (result.failure.tag === "unauthenticated") {
      this.#source.lose();
      return;
    }
    const look: LoadOutcome = { tag: "failed", retryAfterMs: result.failure.retryAfterMs };
    this.#history = historyAfter(this.#history, look);
    this.#wait(look, result.failure);
  }

  /** Takes a value over; says whether it differs from the one before. */
  #take(value: T): boolean {
    const text = JSON.stringify(value);
    const changed = text !== this.#text;
    if (changed) this.#value = value;
    this.#text = text;
    return changed;
  }

  #wait(look: LoadOutcome, failure: Failure | null): void {
    clearTimeout(this.#timer);
    const now = Date.now();
    const value = this.#value;
    // A refusal is the gateway's considered word: asking again would bring it again.
    const refused = failure?.tag === "refused";
    const policy = value === null ? null : this.#source.refreshPolicyOf(value, now);
    this.#settled = refused || (failure === null && policy?.settled === true);
    if (this.#settled) {
      this.#show({ value, failure, phase: "settled", nextAt: null });
      return;
    }
    if (document.hidden) {
      this.#show({ value, failure, phase: "paused", nextAt: null });
      return;
    }
    const running = policy?.running === true;
    const known = policy?.nextChangeAt ?? null;
    const soon = refreshIntervalMs(this.#history, look, running || known !== null);
    const pause =
      failure === null && !running && known !== null ? Math.max(soon, known - now + CHANGE_MARGIN_MS) : soon;
    this.#timer = setTimeout(() => void this.#look(), pause);
    this.#show({ value, failure, phase: failure === null ? "live" : "retrying", nextAt: now + pause });
  }
}
