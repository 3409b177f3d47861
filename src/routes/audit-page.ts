// A page of an audit log, as both the tenant and the operator see it.

import type { z } from "zod";
import { invalidField } from "../errors.ts";
import type { auditListSchema } from "../schemas/account.ts";
import { DEFAULT_PAGE } from "../schemas/shared.ts";
import type { AuditEntry, AuditPage } from "../tenants/rpc.ts";
import { readCursor, writeCursor } from "./cursor.ts";

interface PageQuery {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/**
 * @param scope names the log and its filter: a cursor fits no other
 * @param read reads at most `limit` entries that come before an entry id, or from the newest (null)
 * @throws ApiError for a cursor of another log
 */
export async function auditPage(
  { limit = DEFAULT_PAGE, cursor }: PageQuery,
  scope: string,
  read: (limit: number, before: number | null) => Promise<AuditPage>,
): Promise<z.output<typeof auditListSchema>> {
  const { entries, next } = await read(limit, cursor === undefined ? null : placeOf(cursor, scope));
  return {
    entries: entries.map(presentEntry),
    nextCursor: next === null ? null : writeCursor(String(next), scope),
  };
}

function placeOf(cursor: string, scope: string): number {
  const place = Number(readCursor(cursor, scope) ?? Number.NaN);
  if (!Number.isSafeInteger(place)) throw invalidField("cursor", "is not a cursor of this list");
  return place;
}

function presentEntry({ at, action, actor, target, mode, details }: AuditEntry) {
  return { at: new Date(at).toISOString(), action, actor, target, mode, details: { ...details } };
}
