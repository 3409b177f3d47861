import { expect, it } from "vitest";
import { retryPauseMs } from "../../src/object-retry.ts";

it.each([
  [1, 50],
  [2, 100],
  [3, 200],
  [5, 800],
  [6, 800],
])("pauses after %d attempts for at most %d ms, and for at least half of that", (attempts, longest) => {
  expect(retryPauseMs(attempts, 0)).toBe(longest);
  expect(retryPauseMs(attempts, 1)).toBe(longest / 2);
});
