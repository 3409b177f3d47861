// Opens a key's event stream by the client, which reconnects and resumes by itself.

import type { Solvegate } from "../../client/index.ts";
import type { OpenStream } from "../refresh/event-stream.ts";

export const openStream =
  (client: Solvegate): OpenStream =>
  async (signal, onEvent, onConnection) => {
    const events = client.events({ signal, onConnection: (state) => onConnection(state === "connected") });
    for await (const { type, data } of events) onEvent({ type, taskId: data.id });
  };
