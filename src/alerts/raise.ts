// Operator alerts, raised: the one call that the rest of the gateway makes. It never delays its caller and never throws.

import type { LogLevel } from "../log.ts";
import { log } from "../log.ts";

/** Something that the operator must hear of. `data` has no secret, key or token. */
export type Alert =
  /** The upstream refused an account with `code`; `nextProbeAt` is RFC 3339. */
  | { readonly type: "upstream.refused"; readonly data: { readonly account: string; readonly code: string } }
  /** The account works again; `code` is the one that it was refused with. */
  | { readonly type: "upstream.recovered"; readonly data: { readonly account: string; readonly code: string } }
  /** Every configured account is refused. */
  | { readonly type: "upstream.exhausted"; readonly data: { readonly accounts: readonly string[] } }
  /** A tenant has used up the live tasks of `month` (`2026-11`). */
  | {
      readonly type: "tenant.quota_reached";
      readonly data: { readonly tenantId: string; readonly month: string; readonly quota: number };
    }
  /** A tenant's webhook endpoint answered 410 and gets no more webhooks until it is set again. */
  | {
      readonly type: "endpoint.disabled";
      readonly data: { readonly tenantId: string; readonly mode: "live" | "test"; readonly host: string };
    }
  /** A task failed with `internal`. */
  | {
      readonly type: "task.internal_error";
      readonly data: { readonly tenantId: string; readonly mode: "live" | "test"; readonly taskId: string };
    };

const LEVELS: Readonly<Record<Alert["type"], LogLevel>> = {
  "upstream.refused": "error",
  "upstream.recovered": "warn",
  "upstream.exhausted": "error",
  "tenant.quota_reached": "warn",
  "endpoint.disabled": "warn",
  "task.internal_error": "error",
};

/** Raises an alert. Not awaited by callers: what goes wrong is logged. */
export function raiseAlert(_env: object, { type, data }: Alert): void {
  const { accounts, ...fields } = { accounts: undefined, ...data };
  log(LEVELS[type], "alert", { type, ...fields, ...(accounts === undefined ? {} : { accounts: accounts.join(", ") }) });
}
