// Custom spans for Workers tracing, beside the ones that the platform makes by itself. A span ends with the work that it is around.

import { tracing } from "cloudflare:workers";

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * Runs a step inside a span.
 * @param name such as `task.poll`
 * @param attributes ids, codes and counts only: never a key, token, cookie or secret
 * @param outcomeOf what to note of the result
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
