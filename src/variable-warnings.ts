// Warnings about variables that are valid but probably mistakes.

import { VARIABLE_NAMES } from "./configuration.ts";

/** The maximum edit distance between an unknown name and the known name that was probably meant. */
const MAX_EDITS = 2;

/** The minimum length of a prefix that counts as the known name, such as TASK_TIMEOUT for TASK_TIMEOUT_S. */
const MIN_PREFIX_LENGTH = 12;

/** Warnings for the operator, which contain names of variables and never values. `env` may contain bindings too. */
export function variableWarnings(env: object): string[] {
  const warnings = Object.entries(env).flatMap(([name, value]) => {
    const isBinding = typeof value === "function" || (typeof value === "object" && !Array.isArray(value));
    const meant = isBinding || VARIABLE_NAMES.includes(name) ? undefined : nearestName(name);
    return meant === undefined ? [] : [`${name} is not a known variable. Did you mean ${meant}?`];
  });
  if ("ALERT_WEBHOOK_URL" in env && !("ALERT_WEBHOOK_SECRET" in env)) {
    warnings.push("ALERT_WEBHOOK_URL has no effect without ALERT_WEBHOOK_SECRET, which signs the alerts.");
  }
  return warnings;
}

function nearestName(name: string): string | undefined {
  const upper = name.toUpperCase();
  const candidates = VARIABLE_NAMES.map((known) => ({ known, distance: edits(upper, known) }));
  const nearest = candidates.reduce((best, candidate) => (candidate.distance < best.distance ? candidate : best));
  if (nearest.distance <= MAX_EDITS) return nearest.known;
  if (upper.length < MIN_PREFIX_LENGTH) return undefined;
  return VARIABLE_NAMES.find((known) => known.startsWith(upper));
}

/** The optimal string alignment distance of two texts. */
function edits(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = (last[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      const swapped =
        from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
          ? (beforeLast[column - 2] ?? 0) + 1
          : Number.POSITIVE_INFINITY;
      current.push(Math.min(replaced, swapped, (last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length] ?? 0;
}
