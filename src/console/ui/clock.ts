// The current time, for ages and countdowns. A component that uses it is rendered at each tick; a hidden tab does not tick.

import { useEffect, useState } from "preact/hooks";

/** The time (ms since the epoch), updated every `everyMs`; null does not update it. */
export function useNow(everyMs: number | null): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (everyMs === null) return;
    const tick = () => {
      if (!document.hidden) setNow(Date.now());
    };
    tick();
    const timer = setInterval(tick, everyMs);
    document.addEventListener("visibilitychange", tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", tick);
    };
  }, [everyMs]);
  return now;
}
