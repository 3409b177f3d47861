// Custom spans for Workers tracing, in addition to the platform's own.

import { tracing } from "cloudflare:workers";

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * Runs `work` inside a span.
 * @param name for example `task.poll`
 * @param attributes ids, codes and counts only, never a key, token, cookie or secret
 * @param outcomeOf the attributes to record for the result
 */
export function inSpan<T>(
  name: string,
  attributes: Attributes,
  work: () => Promise<T>,
  outcomeOf: (result: T) => Attributes,
): Promise<T> {
  return tracing.enterSpan(name, async (span) => {
    // Attributes cost time, and most invocations are not sampled.
    if (!span.isTraced) return work();
    span.setAttributes(attributes);
    const result = await work();
    span.setAttributes(outcomeOf(result));
    return result;
  });
}
