// Runs in every test file of workerd. The files share one isolate, so nothing that a test replaces or leaves in memory may outlast it.

import { afterAll, beforeEach, expect, vi } from "vitest";
import { resetAccountView } from "../../src/upstream/permits.ts";

/** Rejects requests to hosts other than the loopback, so that no test makes a DNS lookup. */
function localFetch(real: typeof fetch): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    if (new URL(request.url).hostname !== "127.0.0.1") throw new TypeError(`no network in tests: ${request.url}`);
    return real(request);
  };
}

// Once for all files of the isolate.
const WRAPPED = Symbol.for("solvegate.tests.localFetch");
if (!Reflect.has(globalThis, WRAPPED)) {
  Reflect.set(globalThis, WRAPPED, true);
  globalThis.fetch = localFetch(globalThis.fetch);
}

const replaceable = () => [globalThis.setTimeout, globalThis.clearTimeout, globalThis.fetch, globalThis.Date];
const originals = replaceable();

beforeEach(() => resetAccountView());

afterAll(() => {
  vi.restoreAllMocks();
  // A spy on a fake timer that is restored after the clock leaves a timer that never fires to every later file.
  expect(replaceable()).toEqual(originals);
});
