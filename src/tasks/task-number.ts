// The numbers that stand for tasks in the compatibility API. Pure but for randomness.

import type { KeyMode } from "../tenants/keys.ts";

/** The largest number: clients in C#, Java and Go hold it in an int32. */
export const MAX_NUMBER = 2_147_483_647;

/** The name of a number's object. It cannot be the name of an idempotency key's object, whose third part is a mode and not a time. */
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
