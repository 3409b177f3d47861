// The package's command, `solvegate`. Exit codes: 0 after Ctrl-C, 1 when the gateway rejects or cannot be reached, 2 for invalid
// options.

import { readFileSync } from "node:fs";
import { SolvegateError } from "../error.ts";
import { listen } from "./listen.ts";
import { HELP, parseCommandLine } from "./options.ts";

/** The package's manifest: as far from this file in `src` as in `dist`. */
const MANIFEST = new URL("../../../package.json", import.meta.url);

const { version } = JSON.parse(readFileSync(MANIFEST, "utf8")) as { version: string };

async function run(): Promise<number> {
  const commandLine = parseCommandLine(process.argv.slice(2), process.env);
  switch (commandLine.tag) {
    case "help":
      console.log(HELP);
      return 0;
    case "version":
      console.log(version);
      return 0;
    case "invalid":
      console.error(`solvegate: ${commandLine.message} (solvegate --help)`);
      return 2;
    case "listen":
      break;
  }
  const { options } = commandLine;
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort());
  const note = options.json ? console.error : console.log;
  try {
    await listen(options, version, { event: console.log, note }, stop.signal);
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return 0;
    if (!(error instanceof SolvegateError)) throw error;
    console.error(`solvegate: ${error.message}`);
    return 1;
  }
}

// A reader of the output that leaves, such as `head`, ends it.
process.stdout.on("error", () => process.exit(0));
const code = await run();
// Not left to the event loop: the closing handshake of a connection can take long, and is of no use here.
process.exit(code);
