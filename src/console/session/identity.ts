// Who is signed in.

import type { CurrentKey } from "../api/wire.ts";

/** A tenant's key with its own description, or the operator's token. */
export type Identity =
  | { readonly role: "tenant"; readonly secret: string; readonly me: CurrentKey }
  | { readonly role: "operator"; readonly secret: string };
