/** The flags defined by Trace Context Level 2: sampled and random-trace-id. Undefined flags are cleared. */
const KNOWN_TRACE_FLAGS = 0x03;

/**
 * Parses a `traceparent` header (W3C Trace Context) and returns the version 00 header to send on, or undefined if the header is
 * missing or invalid. Later versions are parsed as version 00, as the standard requires.
 *
 * The parent id remains the caller's: the gateway reports no spans, and a parent without a span would break the trace.
 */
export function parseTraceparent(value: string | undefined): string | undefined {
  const match = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(value?.trim() ?? "");
  const [, version, trace = "", parent = "", flags = "", rest] = match ?? [];
  if (version === undefined || version === "ff" || (version === "00" && rest !== undefined)) return undefined;
  if (/^0+$/.test(trace) || /^0+$/.test(parent)) return undefined;
  const known = Number.parseInt(flags, 16) & KNOWN_TRACE_FLAGS;
  return `00-${trace}-${parent}-${known.toString(16).padStart(2, "0")}`;
}
