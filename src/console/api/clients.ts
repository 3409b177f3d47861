// The console's API clients. They call the page's own origin, without retries (views have their own), and bypass the browser's cache and
// cookies.

import { type Fetch, Solvegate, SolvegateAdmin } from "../../client/index.ts";
import type { OpenStream } from "../refresh/event-stream.ts";

const consoleFetch: Fetch = (url, init) => fetch(url, { ...init, cache: "no-store", credentials: "omit" });

const SETTINGS = { baseUrl: "", retrySeconds: 0, fetch: consoleFetch } as const;

export const tenantClient = (apiKey: string): Solvegate => new Solvegate({ ...SETTINGS, apiKey });

export const operatorClient = (adminToken: string): SolvegateAdmin => new SolvegateAdmin({ ...SETTINGS, adminToken });

/** Opens a key's event stream. The client reconnects and resumes. */
export const openStream =
  (client: Solvegate): OpenStream =>
  async (signal, onEvent, onConnection) => {
    const events = client.events({ signal, onConnection: (state) => onConnection(state === "connected") });
    for await (const { type, data } of events) onEvent({ type, taskId: data.id });
  };
