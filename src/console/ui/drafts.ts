// Text that was typed and not sent yet. It survives a revoked key, a reload and a change of view, and is never shown to another tenant. It
// holds no secrets: those are typed only into the sign-in form, which keeps no draft.

import { useCallback, useState } from "preact/hooks";
import { readStored, writeStored } from "../session/stored.ts";

const STORE = "solvegate.drafts";

interface Drafts {
  readonly tenantId: string;
  readonly texts: Readonly<Record<string, string>>;
}

let drafts: Drafts = storedDrafts();

function storedDrafts(): Drafts {
  const { tenantId, texts } = readStored(STORE);
  if (typeof tenantId !== "string" || typeof texts !== "object" || texts === null) return { tenantId: "", texts: {} };
  const entries = Object.entries(texts).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return { tenantId, texts: Object.fromEntries(entries) };
}

function keep(next: Drafts): void {
  drafts = next;
  writeStored(STORE, next);
}

/** Sets the owner of the drafts: a tenant id, or `operator`. Drafts of another owner are dropped. */
export function claimDrafts(tenantId: string): void {
  if (drafts.tenantId !== tenantId) keep({ tenantId, texts: {} });
}

/** Drops all drafts, when their owner signs out. */
export function dropDrafts(): void {
  keep({ tenantId: "", texts: {} });
}

/** A field's text as it was left, or `initial` where nothing was typed. `clear` drops what was typed. */
export function useDraft(
  name: string,
  initial: string,
): [text: string, set: (text: string) => void, clear: () => void] {
  const [, redraw] = useState(0);
  const change = useCallback((texts: Drafts["texts"]) => {
    keep({ ...drafts, texts });
    redraw((times) => times + 1);
  }, []);
  const set = useCallback((next: string) => change({ ...drafts.texts, [name]: next }), [name, change]);
  const clear = useCallback(() => {
    const { [name]: _dropped, ...texts } = drafts.texts;
    change(texts);
  }, [name, change]);
  return [drafts.texts[name] ?? initial, set, clear];
}
