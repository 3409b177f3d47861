// Idempotency keys of tasks that are created in the console.

import { useRef } from "preact/hooks";

/**
 * A key for repeats of the same body, until one of them succeeded: a second click after a lost response creates no second task.
 * Another body gets another key.
 */
export function useIdempotencyKey(body: string) {
  const kept = useRef<{ readonly body: string; readonly key: string } | null>(null);
  return {
    current: (): string => {
      if (kept.current?.body !== body) kept.current = { body, key: `console-${crypto.randomUUID()}` };
      return kept.current.key;
    },
    used: () => {
      kept.current = null;
    },
  };
}
