/** The outcome of a webhook attempt. `failed` is retried. `gone` ends the attempts: HTTP 410, or a deleted tenant. */
export type DeliveryOutcome =
  | { readonly tag: "delivered"; readonly status: number; readonly error: null }
  | {
      readonly tag: "failed";
      /** The HTTP status, or null if there was no response. */
      readonly status: number | null;
      /** `timeout`, `network`, `redirect`, `target_refused`, …, or null if the status explains the failure. */
      readonly error: string | null;
      /** `Retry-After` in ms, or null. */
      readonly retryAfterMs: number | null;
    }
  | { readonly tag: "gone"; readonly status: number | null; readonly error: string | null };
