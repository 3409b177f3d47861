import { defineConfig } from "vitest/config";

/** Tests in a real browser against a real gateway. Two files run at a time, because the tests mostly wait for the browser. */
export default defineConfig({
  test: {
    name: "browser",
    root: new URL("../..", import.meta.url).pathname,
    include: ["test/browser/**/*.test.ts"],
    globalSetup: ["test/browser/support/shared.ts"],
    testTimeout: 90_000,
    hookTimeout: 120_000,
    // The default of 1 s is too short on a busy machine.
    expect: { poll: { timeout: 20_000 } },
    maxWorkers: 2,
    silent: "passed-only",
  },
});
