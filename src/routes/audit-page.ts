// Pages of an audit log, for the tenant and the operator.

import type { z } from "zod";
import { rfc3339 } from "../rfc3339.ts";
import type { auditListSchema } from "../schemas/account.ts";
import { DEFAULT_PAGE } from "../schemas/shared.ts";
import type { AuditEntry, AuditPage } from "../tenants/rpc.ts";
import { readNumericCursor, writeCursor } from "./cursor.ts";

interface PageQuery {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/**
 * Reads a page of an audit log, newest first.
 * @param scope the log and its filter, which the page's cursor is bound to
 * @param read reads at most `limit` entries older than an entry id, or the newest entries for null
 * @throws ApiError `invalid_request` for a cursor of another scope
 */
export async function auditPage(
  { limit = DEFAULT_PAGE, cursor }: PageQuery,
  scope: string,
  read: (limit: number, before: number | null) => Promise<AuditPage>,
): Promise<z.output<typeof auditListSchema>> {
  const { entries, next } = await read(limit, cursor === undefined ? null : readNumericCursor(cursor, scope));
  return {
    entries: entries.map(presentEntry),
    nextCursor: next === null ? null : writeCursor(String(next), scope),
  };
}

function presentEntry({ at, action, actor, target, mode, details }: AuditEntry) {
  return { at: rfc3339(at), action, actor, target, mode, details: { ...details } };
}
