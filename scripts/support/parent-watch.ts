// Preloaded into wrangler's process. Ends wrangler and everything that it started when the process that started it has ended,
// which even SIGKILL cannot prevent: the channel between the two closes.

import { isMainThread } from "node:worker_threads";

if (isMainThread && process.channel !== undefined) {
  process.once("disconnect", () => process.kill(-process.pid, "SIGKILL"));
  // The channel must not keep a process alive that has nothing else to do.
  process.channel?.unref();
}
