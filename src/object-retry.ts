// Objects that are lost in the middle of a call: a deploy, a failover, a machine that ends. The platform marks what it throws then,
// and the same call may find the object again elsewhere. Refuses to repeat anything by itself: whoever asks says that asking
// twice is asking once.

/** Before a lost object is asked again (ms): it is being started elsewhere. */
export const RETRY_DELAY_MS = 50;

/** Losses of one call before it is given up. */
const MAX_LOSSES = 5;

/**
 * Asks, and asks again where the object was lost in the middle. Only for calls that may be repeated.
 * @param ask makes the call, each time by a stub of its own: one whose object was lost is broken for good
 * @throws what the last try threw, or the first error that is no loss.
 */
export async function withRetry<T>(ask: () => Promise<T>): Promise<T> {
  for (let losses = 0; ; ) {
    try {
      return await ask();
    } catch (error) {
      losses += 1;
      if (losses > MAX_LOSSES || !isRetryable(error)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS));
  }
}

/** The platform marks what it threw because an object was lost, and not because of what the object did. */
function isRetryable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const reset = "durableObjectReset" in error && error.durableObjectReset === true;
  return reset || ("retryable" in error && error.retryable === true);
}
