// `npm run sandbox [-- --port 9900]`: runs the sandbox as an upstream on loopback, for live tasks without an account.

import { parseArgs } from "node:util";
import { parsePort, requirePort } from "./support/ports.ts";
import { startSandbox } from "./support/sandbox-server.ts";
import { shutdownSignal, untilAborted } from "./support/shutdown.ts";
import { messageOf } from "./support/start-error.ts";

const DEFAULT_PORT = "9900";

try {
  const signal = shutdownSignal();
  const { values } = parseArgs({ options: { port: { type: "string", default: DEFAULT_PORT } } });
  const port = parsePort(values.port);
  await requirePort(port, "127.0.0.1");
  const sandbox = await startSandbox(port);
  console.log(`Sandbox upstream on ${sandbox.url}. To start a gateway that sends its live tasks to it:

  npm start -- --var UPSTREAM_URL:${sandbox.url} --var UPSTREAM_CLIENT_KEY:any-key
`);
  await untilAborted(signal);
  await sandbox.close();
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
}
