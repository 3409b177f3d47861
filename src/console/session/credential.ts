// Recognizes what was pasted into the sign-in form: a tenant's API key, or the operator's token. Pure.

import { parseKey } from "../../tenants/keys.ts";

/** A key or token, and the role that it belongs to. */
export interface Credential {
  readonly role: "tenant" | "operator";
  /** The key or the token. */
  readonly secret: string;
}

export type ParsedCredential =
  | { readonly ok: true; readonly credential: Credential }
  | { readonly ok: false; readonly message: string };

/** The shortest operator token that the gateway accepts as its setting. */
const MIN_TOKEN_LENGTH = 24;

/**
 * Parses pasted text. White space around it and a leading `Bearer` are dropped. Text that begins with `sg_` is a key, and must be
 * complete; any other text that a header can carry is an operator token. Whether the gateway accepts it is not known here.
 */
export function parseCredential(text: string): ParsedCredential {
  const trimmed = text.trim().replace(/^Bearer\s+/i, "");
  if (trimmed === "") return invalid("Paste an API key (sg_test_… or sg_live_…) or the operator's token.");
  if (trimmed.startsWith("sg_")) {
    // A terminal breaks a long key into two lines, and a one-line field turns the break into a blank.
    const key = trimmed.replace(/\s+/g, "");
    if (parseKey(key) !== null) return { ok: true, credential: { role: "tenant", secret: key } };
    return invalid("This key is incomplete or mistyped. Copy the whole key and paste it again.");
  }
  if (!/^[\x21-\x7e]+$/.test(trimmed) || trimmed.length < MIN_TOKEN_LENGTH) {
    return invalid(
      `This is neither an API key nor an operator token. A key begins with sg_test_ or sg_live_; a token has at least ${MIN_TOKEN_LENGTH} characters.`,
    );
  }
  return { ok: true, credential: { role: "operator", secret: trimmed } };
}

const invalid = (message: string): ParsedCredential => ({ ok: false, message });
