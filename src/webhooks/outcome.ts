// What one webhook attempt came to. A type of its own, because the task's pure lifecycle knows it and knows no HTTP.

/** One attempt: delivered, failed (try again by the schedule), or gone (410, or a tenant that is no more). */
export type DeliveryOutcome =
  | { readonly tag: "delivered"; readonly status: number; readonly error: null }
  | {
      readonly tag: "failed";
      /** The HTTP status, or null where no answer came. */
      readonly status: number | null;
      /** A short tag such as `timeout`, `network`, `redirect`, `target_refused`, or null where the status says it all. */
      readonly error: string | null;
      /** `Retry-After` in ms, or null. */
      readonly retryAfterMs: number | null;
    }
  | { readonly tag: "gone"; readonly status: number | null; readonly error: string | null };
