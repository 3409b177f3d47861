// Time limits and pauses. All of them end as soon as a signal aborts, with its reason.

/** The longest delay (ms) that platform timers support: with a longer one they fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Thrown by `withTimeLimit` when the time is up. */
export class TimeLimitError extends Error {}

/**
 * Runs `work` for at most `ms`. It gets a signal, but need not respect it: a result after the end is ignored.
 * @throws TimeLimitError when the time is up; the reason of `signal` when that aborts
 */
export function withTimeLimit<T>(
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
    const timer = setTimeout(() => end(new TimeLimitError(`no response in ${Math.ceil(ms / 1_000)} s`)), timerMs(ms));
    signal?.addEventListener("abort", onAbort);
    work(controller.signal)
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      });
  });
}

/** The result of `work`; rejects with the reason of `signal` if that aborts first. */
export function unlessAborted<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (signal === undefined) return work;
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

const timerMs = (ms: number): number => Math.min(ms, MAX_TIMER_MS);
