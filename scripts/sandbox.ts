/**
 * `node scripts/sandbox.ts [--port 9900]`: the sandbox as a stand-alone upstream, for a gateway started with
 * `--var UPSTREAM_URL:http://127.0.0.1:9900`. It refuses flags that it does not know and listens on loopback only.
 */
import { parseArgs } from "node:util";
import { z } from "zod";
import { startSandbox } from "./support/sandbox-server.ts";

const DEFAULT_PORT = "9900";

const portSchema = z
  .string()
  .regex(/^\d{1,5}$/)
  .transform(Number)
  .pipe(z.number().max(65_535));

try {
  const sandbox = await startSandbox(readPort());
  console.log(`sandbox upstream on ${sandbox.url}`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void sandbox.close());
} catch (error) {
  console.error(`sandbox: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

function readPort(): number {
  const { values } = parseArgs({ options: { port: { type: "string", default: DEFAULT_PORT } } });
  const port = portSchema.safeParse(values.port);
  if (!port.success) throw new Error(`--port takes a number from 0 (any free port) to 65535, not "${values.port}"`);
  return port.data;
}
