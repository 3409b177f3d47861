// Ports for the local gateway.

import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { StartError } from "./start-error.ts";

/** Reads a port number. @throws StartError */
export function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new StartError(`--port must be a whole number from 0 (any free port) to 65535, not "${text}".`);
}

/** The range of `freePort`. Operating systems choose the ports of outgoing connections, and port 0, from 32,768 up. */
const FIRST_FREE_PORT = 20_000;
const LAST_FREE_PORT = 32_000;

/** Attempts of `freePort`. */
const MAX_ATTEMPTS = 50;

/**
 * A port on loopback that is free now. It is random and outside the range from which the operating system takes ports, so that it is
 * still free when the caller listens on it.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await listenOnce(randomInt(FIRST_FREE_PORT, LAST_FREE_PORT), "127.0.0.1");
    } catch (error) {
      if (attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

/** @throws StartError when a program cannot listen on the port of the host */
export async function requirePort(port: number, host: string | undefined): Promise<void> {
  try {
    await listenOnce(port, host);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EADDRINUSE") throw new PortInUseError(port);
    if (code === "EACCES") throw new StartError(`Port ${port} needs more rights. Choose one from 1024 up with --port.`);
    throw new StartError(`It is not possible to listen on ${host}:${port}: ${String(code ?? error)}.`);
  }
}

/** Another program listens on the port. */
export class PortInUseError extends StartError {
  constructor(port: number) {
    super(`Port ${port} is in use. Stop the program that uses it, or choose another port with --port.`);
  }
}

/** Listens for a moment; returns the port. */
async function listenOnce(port: number, host: string | undefined): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen({ port, host }, resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("the server does not listen on a TCP port");
  return address.port;
}
