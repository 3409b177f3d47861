// Idempotency keys of the console's own task creations.

import { useRef } from "preact/hooks";

/**
 * A key for repeats of the same body, until one of them succeeded: a second click after a lost response creates no second task.
 * Another body gets another key.
 */
export function useIdempotencyKey(body: string) {
  const kept = useRef<{ readonly body: string; readonly key: string } | null>(null);
  return {
    current: (): string => {
      if (kept.current?.body !== body) kept.current = { body, key: `console-${randomHex()}` };
      return kept.current.key;
    },
    used: () => {
      kept.current = null;
    },
  };
}

function randomHex(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
