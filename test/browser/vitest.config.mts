import { defineConfig } from "vitest/config";

/** Tests in a real browser against a real gateway, both started by the test file: one file after the other, patiently. */
export default defineConfig({
  test: {
    name: "browser",
    root: new URL("../..", import.meta.url).pathname,
    include: ["test/browser/**/*.test.ts"],
    testTimeout: 90_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    silent: "passed-only",
  },
});
