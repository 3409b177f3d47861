// Runs in every test file of workerd. The files share one isolate, so nothing that a test replaces or leaves in memory may outlast it.

import { afterAll, beforeEach, expect, vi } from "vitest";
import { resetAccountView } from "../../src/upstream/permits.ts";

const replaceable = () => [globalThis.setTimeout, globalThis.clearTimeout, globalThis.fetch, globalThis.Date];
const originals = replaceable();

beforeEach(() => resetAccountView());

afterAll(() => {
  vi.restoreAllMocks();
  // A spy on a fake timer that is restored after the clock leaves a timer that never fires to every later file.
  expect(replaceable()).toEqual(originals);
});
