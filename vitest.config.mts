import { join } from "node:path";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { linkProject } from "./scripts/support/linked-project.ts";
import { PROJECT } from "./scripts/support/project.ts";
import { hideFromStderr } from "./scripts/support/quiet-stderr.ts";

// workerd reports these when `reset` deletes an object whose alarm or request is still in progress. Only tests do this.
hideFromStderr([
  "SQLite alarm handler canceled with requestScheduledAlarm",
  "failed to invoke drain() on IncomingRequest before destroying it",
]);

/** Starts the files of `e2e` first, because they mostly wait, so that the others can run meanwhile. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isEndToEnd = ({ project }: TestSpecification) => project.name === "e2e";
    return [...sorted.filter(isEndToEnd), ...sorted.filter((file) => !isEndToEnd(file))];
  }
}

/** `expect.poll` waits for up to 10 s, because the default of 1 s is too short on a busy machine. */
const POLLING = { poll: { timeout: 10_000 } } as const;

/** Two projects: `workers` runs inside workerd, and `e2e` runs in Node and calls a gateway over HTTP. */
export default defineConfig({
  test: {
    // The log of the gateway is shown only for failed tests.
    silent: "passed-only",
    // More workers than cores, because the files of `e2e` start processes and wait for them.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        // Hides warnings about packages without source maps.
        logLevel: "error",
        plugins: [
          cloudflareTest({
            main: "./src/index.ts",
            // Does not print the errors that tests cause on purpose.
            verbose: false,
            // A copy in another folder, because wrangler would read the developer's `.dev.vars` beside the configuration.
            wrangler: { configPath: linkProject(join(PROJECT, ".wrangler", "test")) },
            miniflare: {
              bindings: {
                ADMIN_TOKEN: "admin-token-of-the-tests-0123456789",
                UPSTREAM_URL: "http://upstream.test",
                UPSTREAM_CLIENT_KEY: "operator-upstream-key",
              },
            },
          }),
        ],
        test: {
          name: "workers",
          isolate: false,
          include: ["test/{unit,object,api}/**/*.test.ts"],
          setupFiles: ["./test/support/setup.ts"],
          // Long, because the machine may be busy.
          testTimeout: 60_000,
          expect: POLLING,
          globalSetup: ["./test/support/failing-upstream.ts", "./test/support/failing-receiver.ts"],
          restoreMocks: true,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          globalSetup: ["./test/e2e/start-shared-gateway.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: POLLING,
        },
      },
    ],
  },
});
