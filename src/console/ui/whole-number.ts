// Reads whole numbers that were typed. Pure.

/** The number, or null for any other text. */
export function wholeNumberOf(text: string): number | null {
  const digits = text.trim().replaceAll(",", "");
  return /^\d{1,15}$/.test(digits) ? Number(digits) : null;
}
