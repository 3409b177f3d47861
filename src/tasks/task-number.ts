// The numeric task ids of the compatibility API.

import type { KeyMode } from "../tenants/keys.ts";

/** The largest number. Clients in C#, Java and Go store it in an int32. */
export const MAX_NUMBER = 2_147_483_647;

/** The name of a number's object. Cannot equal the name of an idempotency key's object, whose third part is a mode. */
export function numberName(tenantId: string, tenantSince: number, mode: KeyMode, number: number): string {
  return `number/${tenantId}/${tenantSince}/${mode}/${number}`;
}

/** A random number from 1 to `MAX_NUMBER`. */
export function randomNumber(): number {
  for (;;) {
    const [value = 0] = crypto.getRandomValues(new Uint32Array(1));
    const number = value & MAX_NUMBER;
    if (number > 0) return number;
  }
}
