// Waiting that ends: work with a time limit, and pauses. Both end as soon as a signal aborts, with its reason.

/** The longest time (ms) that a platform's timer counts: one that is asked for more fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** How `within` tells that its time was up. */
export class OutOfTime extends Error {}

/**
 * Runs `work` for `ms` at the most. It is handed a signal, but not trusted to heed it: what it does after its end is ignored.
 * @throws OutOfTime when the time is up; the reason of `signal` when that aborts
 */
export function within<T>(
  ms: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const controller = new AbortController();
    const end = (reason: unknown) => {
      reject(reason);
      controller.abort(reason);
    };
    const onAbort = () => end(signal?.reason);
    const timer = setTimeout(() => end(new OutOfTime(`no answer in ${Math.ceil(ms / 1_000)} s`)), timerMs(ms));
    signal?.addEventListener("abort", onAbort);
    work(controller.signal)
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      });
  });
}

/** What `work` comes to, unless `signal` aborts first: then its reason. It has no time limit but its own. */
export function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort);
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** @throws the reason of `signal` when that aborts */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, timerMs(ms));
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

const timerMs = (ms: number): number => Math.min(ms, LONGEST_TIMER_MS);
