// Wire types of calls that the OpenAPI document does not describe yet. Each is deleted when `wire.gen.ts` has it.

import type { Mode } from "./types.ts";

/** The tenant of the calling key, its limits, and what it uses now. */
export interface Account {
  tenant: { id: string; name: string; suspended: boolean };
  mode: Mode;
  allowedHosts: string[];
  limits: { maxInFlight: number; monthlyTasks: number | null };
  month: { liveTasks: number; quota: number | null };
  inFlight: number;
  queued: number;
}

/** One entry of the audit log. It never holds a secret. */
export interface AuditEntry {
  at: string;
  action: string;
  actor: { type: "key" | "operator"; keyId?: string | undefined };
  target: string | null;
  mode: Mode | null;
  details: { [k: string]: unknown };
}

export interface AuditList {
  entries: AuditEntry[];
  nextCursor: string | null;
}
