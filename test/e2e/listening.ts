import type { Server } from "node:net";

/** Lets a server listen on a free port of loopback; resolves with its URL. */
export async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen on a TCP port");
  return `http://127.0.0.1:${address.port}`;
}
