// Preloaded into wrangler's process. Kills wrangler and all its processes when the process that started it has ended: then the channel
// between the two closes, also after SIGKILL.

import { isMainThread } from "node:worker_threads";

if (isMainThread && process.channel !== undefined) {
  process.once("disconnect", () => process.kill(-process.pid, "SIGKILL"));
  // The channel alone must not keep the process alive.
  process.channel?.unref();
}
