// The header `traceparent`.

/** Flags that are defined (Level 2): sampled, and a trace id that is random. Others are sent on as zero. */
const KNOWN_TRACE_FLAGS = 0x03;

/**
 * `traceparent` (W3C Trace Context) as it is sent on: trace and parent as they came, in the form of version 00. Undefined where the
 * header is missing or malformed, has an id of zeros, or is of version ff: such a header is ignored, never refused.
 *
 * A later version is read by what it has in common with 00, as the standard has it. The parent stays the caller's: the gateway
 * reports no spans, and a parent that nobody reported would cut the trace in two.
 */
export function parseTraceparent(value: string | undefined): string | undefined {
  const match = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(value?.trim() ?? "");
  const [, version, trace = "", parent = "", flags = "", rest] = match ?? [];
  if (version === undefined || version === "ff" || (version === "00" && rest !== undefined)) return undefined;
  if (/^0+$/.test(trace) || /^0+$/.test(parent)) return undefined;
  const known = Number.parseInt(flags, 16) & KNOWN_TRACE_FLAGS;
  return `00-${trace}-${parent}-${known.toString(16).padStart(2, "0")}`;
}
