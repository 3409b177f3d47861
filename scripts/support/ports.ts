// Ports for the local gateway.

import { createServer } from "node:net";
import { StartError } from "./start-error.ts";

/** Reads a port number. @throws StartError */
export function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new StartError(`--port must be a whole number from 0 (any free port) to 65535, not "${text}".`);
}

/** A port on loopback that is free now. */
export async function freePort(): Promise<number> {
  return listenOnce(0, "127.0.0.1");
}

/** @throws StartError when a gateway could not listen there */
export async function requirePort(port: number, host: string | undefined): Promise<void> {
  try {
    await listenOnce(port, host);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EADDRINUSE") throw portInUse(port);
    if (code === "EACCES") throw new StartError(`Port ${port} needs more rights. Choose one from 1024 up with --port.`);
    throw new StartError(`The gateway cannot listen on ${host}:${port}: ${String(code ?? error)}.`);
  }
}

/** The error for a port that another program listens on. */
export function portInUse(port: number): StartError {
  return new StartError(`Port ${port} is in use. Stop the program that uses it, or choose another port with --port.`);
}

/** Listens for a moment; returns the port. */
async function listenOnce(port: number, host: string | undefined): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen({ port, host }, resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("listening on no TCP port");
  return address.port;
}
