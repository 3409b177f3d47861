// How the console uses the client: on its own origin, without retries (views have their own), and past the browser's cache and cookies.

import type { Fetch } from "../../client/index.ts";

const consoleFetch: Fetch = (url, init) => fetch(url, { ...init, cache: "no-store", credentials: "omit" });

export const CLIENT_SETTINGS = { baseUrl: "", retrySeconds: 0, fetch: consoleFetch } as const;
